import { memoryBus } from '@guildhall/chassis/memory-bus';
import { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { describe, expect, it } from 'vitest';
import { followCertificates, isGood } from './issued-certificates.js';

const dates = { validFrom: '2030-01-01T00:00:00.000Z', validUntil: '2031-01-01T00:00:00.000Z' };
const certificate = (serial: string, rest: Partial<IssuedCertificate> = {}) =>
  IssuedCertificate.fromPartial({ serial, member: 'acme', spki: `key of ${serial}`, ...dates, ...rest });
const bytes = (one: IssuedCertificate) => IssuedCertificate.encode(one).finish();

async function stage(most = 100) {
  const bucket = await memoryBus().keyValue('certificates', { history: 3 });
  const notes: string[] = [];
  const listener = { changed: () => undefined, certificateUnusable: (key: string, why: string) => notes.push(`${key} ${why}`) };
  return { bucket, notes, follow: () => followCertificates(bucket, most, listener) };
}

describe('entries of the certificates are left out', () => {
  it.each<[what: string, key: string, value: Uint8Array, why: string]>([
    ['bytes that are none', 'aa', Buffer.of(0x0a, 0xff, 0xff), 'aa is no certificate entry'],
    ['under another key', 'aa', bytes(certificate('bb')), 'aa stands under a key that is not its own'],
    ['too large', 'aa', bytes(certificate('aa', { certificate: 'x'.repeat(70_000) })), 'aa is larger than 65536 bytes'],
    ['with an end that is no date', 'aa', bytes(certificate('aa', { validUntil: 'never' })), 'aa has a date that cannot be read'],
    ['revoked at no date', 'aa', bytes(certificate('aa', { revoked: 'x' })), 'aa has a date that cannot be read'],
  ])('%s', async (_what, key, value, why) => {
    const { bucket, notes, follow } = await stage();
    await bucket.put(key, value);
    const known = await follow();
    expect([known.size(), notes]).toEqual([0, [why]]);
    known.stop();
  });
});

describe('certificates on file', () => {
  it('are found by member and key, whoever filed them, until they are taken out', async () => {
    const { bucket, follow } = await stage();
    const [one, other] = [await follow(), await follow()];
    await one.add(certificate('aa'));
    await bucket.put('bb', bytes(certificate('bb', { member: 'bolt', spki: 'key of aa' })));
    for (const known of [one, other]) {
      expect(known.ofMember('acme').map(({ serial }) => serial)).toEqual(['aa']);
      expect(known.withKey('key of aa').map(({ serial }) => serial)).toEqual(['aa', 'bb']);
    }
    await bucket.delete('aa');
    expect([one.ofMember('acme'), other.get('aa'), other.size()]).toEqual([[], undefined, 1]);
    one.stop();
    other.stop();
  });

  it('are filed once, and no more than there is room for', async () => {
    const { follow } = await stage(2);
    const known = await follow();
    await known.add(certificate('aa'));
    await expect(known.add(certificate('aa', { member: 'bolt' }))).rejects.toMatchObject({ code: 'exists' });
    expect(known.get('aa')?.member).toBe('acme');
    await known.add(certificate('bb'));
    await expect(known.add(certificate('cc'))).rejects.toMatchObject({ code: 'limit' });
    known.stop();
  });

  it('are revoked once: the first reason stays, also when two come at once', async () => {
    const { follow } = await stage();
    const [one, other] = [await follow(), await follow()];
    await one.add(certificate('aa'));
    const when = '2030-02-01T00:00:00.000Z';
    const both = await Promise.all([one.revoke('aa', 'superseded', when), other.revoke('aa', 'keyCompromise', when)]);
    expect(new Set(both.map(({ revocationReason }) => revocationReason)).size).toBe(1);
    await expect(one.revoke('zz', 'superseded', when)).rejects.toMatchObject({ code: 'not-found' });
    one.stop();
    other.stop();
  });

  it.each<[what: string, rest: Partial<IssuedCertificate>, at: string, good: boolean]>([
    ['in date', {}, '2030-06-01T00:00:00Z', true],
    ['before', {}, '2029-12-31T23:59:59Z', false],
    ['after', {}, '2031-01-01T00:00:01Z', false],
    ['revoked', { revoked: '2030-02-01T00:00:00Z' }, '2030-06-01T00:00:00Z', false],
    ['with no dates', { validFrom: '', validUntil: '' }, '2030-06-01T00:00:00Z', false],
  ])('are good or not: %s', (_what, rest, at, good) => expect(isGood(certificate('aa', rest), Date.parse(at))).toBe(good));
});
