import { type ServiceError, status } from '@grpc/grpc-js';
import { type As, bearer, serialOf } from '@guildhall/chassis/api/api-port.stage';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cast, type GuardedPort, makeCast, membershipOf, openGuardedPort } from './guarded-port.stage.js';

let cast: Cast;
let stage: GuardedPort;
beforeAll(async () => {
  cast = await makeCast();
});
afterEach(() => stage.close());

const token = async (scope: string): Promise<string> => {
  const order = { kind: 'access' as const, scope, note: '', createdBy: 'test', expiresMs: 0 };
  return (await stage.api.tokens.create(order)).secret;
};

/** Watches as somebody: resolves once the watch has begun, to how it will end. */
async function watch(as: As): Promise<{ over: Promise<{ code: number; details: string }>; cancel(): void }> {
  const stream = stage.caller.listen(MembershipServiceService.watchMembership, {}, as);
  const over = new Promise<{ code: number; details: string }>((resolve) => {
    stream.on('error', ({ code, details }: ServiceError) => resolve({ code, details }));
    stream.on('end', () => resolve({ code: status.OK, details: '' }));
  });
  await Promise.race([new Promise((resolve) => stream.once('data', resolve)), over]);
  return { over, cancel: () => stream.cancel() };
}

const told = (text: string) => ({ code: status.UNAUTHENTICATED, details: expect.stringContaining(text) });

describe('a stream ends', () => {
  it('once its token is revoked, and others go on', async () => {
    stage = await openGuardedPort(cast);
    const dashboard = await token('dashboard');
    const { over } = await watch(bearer(dashboard));
    const other = await watch(bearer(stage.operatorToken()));
    const id = dashboard.split('_')[2] ?? '';
    await stage.caller.ask(AccessServiceService.revokeToken, { id, why: 'lost' }, bearer(stage.operatorToken()));
    expect(await over).toEqual(told('was revoked'));
    other.cancel();
    expect(await other.over).toMatchObject({ code: status.CANCELLED });
  });

  it('once its member is suspended, or its certificate revoked', async () => {
    stage = await openGuardedPort(cast);
    const byToken = await watch(bearer(await token('member:acme')));
    const byCertificate = await watch({ shown: cast.bolt });
    stage.facts.revoked = new Map([[spkiSha256(cast.boltsOwn.certificate), [serialOf(cast.bolt)]]]);
    stage.facts.membership = membershipOf(cast, ', status: suspended, statusReason: dues not paid');
    expect(await byToken.over).toEqual(told('dues not paid'));
    expect(await byCertificate.over).toEqual(told('revoked'));
  });
});

it('one member leaves room for the streams of others', async () => {
  stage = await openGuardedPort(cast, { grpc: { watches: 8 } });
  const acme = bearer(await token('member:acme'));
  const held = [await watch(acme), await watch(acme)];
  expect(await (await watch(acme)).over).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  const operator = await watch(bearer(stage.operatorToken()));
  for (const { cancel, over } of [...held, operator]) {
    cancel();
    expect(await over).toMatchObject({ code: status.CANCELLED });
  }
});
