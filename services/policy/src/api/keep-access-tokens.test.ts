import { longestTokenText, readTokenText } from '@guildhall/chassis/api/access-token-text';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { memoryKeyValue } from '@guildhall/chassis/memory-key-value';
import { StoredToken } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { TokenOrder } from './access-tokens.js';
import { type KeptTokens, keepAccessTokens } from './keep-access-tokens.js';

const day = 24 * 60 * 60 * 1000;
const begin = Date.parse('2026-05-01T00:00:00Z');
const unusable = vi.fn();
let bucket: KeyValue;
let now = begin;
let tokens: KeptTokens;

const keep = (most = 100) => keepAccessTokens(bucket, { wall: () => now, unusable, most });
const access = (order: Partial<TokenOrder> = {}): TokenOrder => ({
  kind: 'access',
  scope: 'operator',
  note: '',
  createdBy: 'operator (test)',
  expiresMs: 0,
  ...order,
});
const enrolment = (order: Partial<TokenOrder> = {}) => access({ kind: 'enrolment', scope: 'enrol:acme', ...order });
const denied = (text: string) => ({ code: 'denied', message: expect.stringContaining(text) });

beforeEach(async () => {
  now = begin;
  bucket = memoryKeyValue(1);
  unusable.mockClear();
  tokens = await keep();
});

describe('a token is refused', () => {
  it.each([
    '',
    'gh1',
    'gh1_a_0123456789',
    `gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}`,
    `gh1_x_${'0'.repeat(10)}_${'0'.repeat(48)}`,
    `gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}_${'0'.repeat(64)}`,
    `gh1_e_${'0'.repeat(10)}_${'0'.repeat(48)}_`,
    `gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}\n`,
    'x'.repeat(1_000_000),
    'gh1_a___proto__00_',
  ])('that is none: %#', async (text) => {
    await expect(tokens.find(text, 'access')).rejects.toMatchObject(denied('no token of this hub'));
  });

  it('with another secret, another kind, or after a letter was changed, and nothing is said of it', async () => {
    const { secret, token } = await tokens.create(access());
    const other = await tokens.create(access());
    const [, , , first = ''] = secret.split('_');
    const mixed = secret.replace(first, other.secret.split('_')[3] ?? '');
    for (const text of [mixed, secret.replace(token.id, other.token.id), secret.replace('gh1_a', 'gh1_e'), secret.toUpperCase()]) {
      await expect(tokens.find(text, 'access')).rejects.toMatchObject(denied('no token of this hub'));
    }
    await expect(tokens.find(secret, 'enrolment')).rejects.toMatchObject(denied('no token of this hub'));
  });

  it('once it ended, was revoked or was used, with when', async () => {
    const short = await tokens.create(access({ expiresMs: 1000 }));
    now += 999;
    await expect(tokens.find(short.secret, 'access')).resolves.toMatchObject({ token: { id: short.token.id } });
    now += 1;
    await expect(tokens.find(short.secret, 'access')).rejects.toMatchObject(denied('ended at 2026-05-01T00:00:01.000Z'));
    const revoked = await tokens.create(access());
    await tokens.revoke(revoked.token.id, 'lost', 'operator');
    await expect(tokens.find(revoked.secret, 'access')).rejects.toMatchObject(denied('was revoked at'));
    const used = await tokens.create(enrolment());
    await tokens.use(used.secret, '127.0.0.1:1');
    await expect(tokens.find(used.secret, 'enrolment')).rejects.toMatchObject(denied('was used already'));
    await expect(tokens.use(used.secret, '127.0.0.1:1')).rejects.toMatchObject(denied('was used already'));
  });

  it('by every instance as soon as one revoked it', async () => {
    const { secret, token } = await tokens.create(access());
    const other = await keep();
    await expect(other.find(secret, 'access')).resolves.toMatchObject({ token: { id: token.id } });
    await tokens.revoke(token.id, '', 'operator');
    await expect(other.find(secret, 'access')).rejects.toMatchObject(denied('revoked'));
  });

  it('to one of two instances that use it at once', async () => {
    const other = await keep();
    const { secret } = await tokens.create(enrolment());
    const both = await Promise.allSettled([tokens.use(secret, 'a'), other.use(secret, 'b'), tokens.use(secret, 'c')]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject(denied('was used already'));
  });
});

describe('an order is refused', () => {
  it.each<[Partial<TokenOrder>]>([
    [{ scope: 'admin' }],
    [{ scope: 'member:' }],
    [{ scope: 'member:Acme' }],
    [{ scope: 'member:a b' }],
    [{ scope: 'enrol:acme' }],
    [{ kind: 'enrolment', scope: 'operator' }],
    [{ kind: 'enrolment', scope: 'enrol:../x' }],
    [{ note: 'x'.repeat(201) }],
    [{ expiresMs: -1 }],
    [{ expiresMs: Number.NaN }],
    [{ expiresMs: 11 * 365 * day }],
    [{ names: Array.from({ length: 33 }, (_, at) => `n${at}.example`) }],
  ])('%j', async (order) => {
    await expect(tokens.create(access(order))).rejects.toMatchObject({ code: 'invalid' });
    expect(await tokens.list(true)).toEqual([]);
  });

  it('when there are too many, until old ones were forgotten', async () => {
    const few = await keep(2);
    await few.create(access({ expiresMs: 1000 }));
    await few.create(access({ expiresMs: 1000 }));
    await expect(few.create(access())).rejects.toMatchObject({ code: 'limit' });
    now += 91 * day;
    await expect(few.create(access())).resolves.toMatchObject({ token: { kind: 'access' } });
    expect(await few.list(true)).toHaveLength(1);
  });

  it('while NATS is away', async () => {
    vi.spyOn(bucket, 'put').mockRejectedValue(new KeyValueError('unavailable', 'away'));
    await expect(tokens.create(access())).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('tokens', () => {
  it('are kept as hashes', async () => {
    const { secret } = await tokens.create(enrolment({ authoritySha256: 'a'.repeat(64) }));
    const parts = readTokenText(secret);
    expect(parts).toMatchObject({ kind: 'enrolment', authoritySha256: 'a'.repeat(64) });
    expect(secret.length).toBe(longestTokenText);
    const kept = (await bucket.entries()).map(({ value }) => Buffer.from(value).toString('latin1')).join();
    expect(kept).not.toContain(parts?.secret);
    expect(StoredToken.decode((await bucket.entries())[0]?.value ?? Buffer.alloc(0)).hash).toHaveLength(32);
  });

  it('say whose they are, and what may be enrolled', async () => {
    const member = await tokens.create(access({ scope: 'member:acme' }));
    expect((await tokens.find(member.secret, 'access')).member).toBe('acme');
    const invited = await tokens.create(enrolment({ names: ['sip.acme.example'] }));
    expect(await tokens.find(invited.secret, 'enrolment')).toMatchObject({ member: 'acme', names: ['sip.acme.example'] });
    expect(invited.token.expires).toBe(new Date(begin + 7 * day).toISOString());
    expect(await tokens.use(invited.secret, '192.0.2.1:9')).toMatchObject({
      member: 'acme',
      token: { used: new Date(begin).toISOString() },
    });
  });

  it('are listed without their secrets, ended ones when asked for', async () => {
    const good = await tokens.create(access({ note: 'mine' }));
    const bad = await tokens.create(access());
    await tokens.revoke(bad.token.id, '', 'operator');
    expect((await tokens.list(false)).map(({ id, note }) => [id, note])).toEqual([[good.token.id, 'mine']]);
    expect((await tokens.list(true)).map(({ id }) => id).sort()).toEqual([good.token.id, bad.token.id].sort());
    await expect(tokens.revoke('nothing', '', '')).rejects.toMatchObject({ code: 'not-found' });
    expect(await tokens.revoke(bad.token.id, '', '')).toMatchObject({ id: bad.token.id });
  });

  it('that cannot be read are left out', async () => {
    await bucket.put('junk', Buffer.from([0x0a, 0xff]));
    await bucket.put('other', StoredToken.encode(StoredToken.fromPartial({ token: { id: 'not-other' } })).finish());
    expect(unusable.mock.calls.flat()).toEqual(['junk', 'other']);
    expect(await tokens.list(true)).toEqual([]);
  });
});
