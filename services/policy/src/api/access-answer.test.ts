import { readTokenText, secretHash } from '@guildhall/chassis/api/access-token-text';
import { certificateFor, type Shown } from '@guildhall/chassis/api/api-port.stage';
import { leafOf } from '@guildhall/chassis/authority/authority';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { AccessAnswer, AccessQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cast, type GuardedPort, makeCast, membershipOf, openGuardedPort } from './guarded-port.stage.js';

let cast: Cast;
let stage: GuardedPort;
let bus: ReturnType<typeof memoryBus>;

const ask = async (question: Partial<AccessQuestion>): Promise<AccessAnswer> => {
  const payload = AccessQuestion.encode(AccessQuestion.fromPartial({ source: '192.0.2.1:5', ...question })).finish();
  return AccessAnswer.decode(await bus.request(subjects.access, payload, 1000));
};
const token = async (scope: string) => {
  const order = { kind: 'access' as const, scope, note: '', createdBy: 'test', expiresMs: 0 };
  return (await stage.api.tokens.create(order)).secret;
};
/** Of a token what is shown of it. */
const proof = (text: string): Partial<AccessQuestion> => {
  const { id = '', secret = '' } = readTokenText(text) ?? {};
  return { tokenId: id, tokenHash: secretHash(secret) };
};
const der = ({ certificate }: Shown) => leafOf(certificate).raw;
const nobody = (text: string) => ({ scope: '', member: '', who: '', refused: expect.stringContaining(text) });

beforeAll(async () => {
  cast = await makeCast();
});
beforeEach(async () => {
  bus = memoryBus();
  stage = await openGuardedPort(cast, { bus });
});
afterEach(() => stage.close());

describe('nobody is', () => {
  it('who shows nothing, or what cannot be read', async () => {
    expect(await ask({})).toMatchObject(nobody('Nothing was shown'));
    expect(await ask({ certificate: Buffer.from('x') })).toMatchObject(nobody('cannot be read'));
    expect(await ask({ certificate: der(cast.acme), chain: [Buffer.from('x')] })).toMatchObject(nobody('cannot be read'));
  });

  it('who does not know the secret, shows it instead of its hash, or another token’s', async () => {
    const { tokenId = '', tokenHash = Buffer.alloc(0) } = proof(await token('operator'));
    const text = readTokenText(await token('dashboard'));
    expect(await ask({ tokenId })).toMatchObject(nobody('no token'));
    expect(await ask({ tokenId, tokenHash: Buffer.alloc(32) })).toMatchObject(nobody('no token'));
    expect(await ask({ tokenId: text?.id ?? '', tokenHash })).toMatchObject(nobody('no token'));
    expect(await ask({ tokenId: text?.id ?? '', tokenHash: Buffer.from(text?.secret ?? '') })).toMatchObject(nobody('no token'));
    expect(await ask({ tokenId: '__proto__', tokenHash })).toMatchObject(nobody('no token'));
    expect(await ask({ tokenHash })).toMatchObject(nobody('no token'));
  });

  it('who has the file’s id with another secret', async () => {
    const { tokenId = '' } = proof(stage.operatorToken());
    expect(await ask({ tokenId, tokenHash: secretHash('0'.repeat(48)) })).toMatchObject(nobody('no token'));
  });

  it('who shows a token that does not count beside a certificate that would', async () => {
    expect(await ask({ tokenId: 'x', tokenHash: Buffer.alloc(32), certificate: der(cast.operator) })).toMatchObject(nobody('no token'));
  });

  it('who enrols', async () => {
    const order = { kind: 'enrolment', scope: 'enrol:acme', note: '', createdBy: 'test', expiresMs: 0 } as const;
    expect(await ask(proof((await stage.api.tokens.create(order)).secret))).toMatchObject(nobody('no token'));
  });

  it('whose token was revoked, or whose member is suspended', async () => {
    const [dashboard, acme] = [await token('dashboard'), await token('member:acme')];
    await stage.api.tokens.revoke(readTokenText(dashboard)?.id ?? '', 'lost', 'test');
    expect(await ask(proof(dashboard))).toMatchObject(nobody('was revoked'));
    stage.facts.membership = membershipOf(cast, ', status: suspended, statusReason: dues not paid');
    expect(await ask(proof(acme))).toMatchObject(nobody('dues not paid'));
    expect(await ask({ certificate: der(cast.acme) })).toMatchObject(nobody('dues not paid'));
  });

  it.each<[string, () => Promise<Shown>, string]>([
    ['of an authority nobody named', () => certificateFor(cast.stranger, 'acme.example'), 'may not vouch for acme'],
    ['of one member’s own authority for another member', () => certificateFor(cast.boltsOwn, 'acme.example'), 'may not vouch for acme'],
    ['for a name of nobody', () => certificateFor(cast.community, 'eve.example'), 'names no member'],
    ['not for clients', () => certificateFor(cast.community, 'acme.example', { usages: ['serverAuth'] }), 'INVALID_PURPOSE'],
    [
      'out of date',
      () => certificateFor(cast.community, 'acme.example', { from: Date.now() - 9000, until: Date.now() - 5000 }),
      'out of date',
    ],
  ])('who has a certificate %s', async (_what, make, text) => {
    expect(await ask({ certificate: der(await make()) })).toMatchObject(nobody(text));
  });

  it('who puts a good authority, or somebody’s good certificate, behind a bad one', async () => {
    const bad = await certificateFor(cast.stranger, 'acme.example');
    const chain = [leafOf(cast.community.pem).raw, der(cast.acme)];
    expect(await ask({ certificate: der(bad), chain })).toMatchObject(nobody('may not vouch for acme'));
  });
});

describe('somebody is', () => {
  it('who holds a token', async () => {
    expect(await ask(proof(await token('operator')))).toMatchObject({
      scope: 'operator',
      who: expect.stringMatching(/^token /),
      refused: '',
    });
    expect(await ask(proof(await token('dashboard')))).toMatchObject({ scope: 'dashboard', member: '' });
    expect(await ask(proof(await token('member:acme')))).toMatchObject({ scope: 'member', member: 'acme', holdsFor: 2000 });
    expect(await ask(proof(stage.operatorToken()))).toMatchObject({ scope: 'operator', who: "the operator's token file" });
  });

  it('who holds the key of a certificate', async () => {
    expect(await ask({ certificate: der(cast.acme) })).toMatchObject({ scope: 'member', member: 'acme', who: 'certificate of acme' });
    expect(await ask({ certificate: der(cast.bolt), chain: [leafOf(cast.boltsOwn.pem).raw] })).toMatchObject({ member: 'bolt' });
    expect(await ask({ certificate: der(cast.cara) })).toMatchObject({ member: 'cara' });
    expect(await ask({ certificate: der(cast.operator) })).toMatchObject({ scope: 'operator' });
  });
});
