import { status } from '@grpc/grpc-js';
import { type As, bearer, certificateFor, type Shown, serialOf } from '@guildhall/chassis/api/api-port.stage';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import { HealthService, HealthCheckResponse_ServingStatus as Serving } from '@guildhall/proto/gen/grpc/health/v1/health';
import { AccessServiceService, CreateTokenRequest } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService, PutMemberRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cast, type GuardedPort, makeCast, membershipOf, openGuardedPort } from './guarded-port.stage.js';

let cast: Cast;
let stage: GuardedPort;

const whoAmI = (as: As) => stage.caller.ask(AccessServiceService.whoAmI, {}, as);
const unauthenticated = (text: string) => ({ code: status.UNAUTHENTICATED, details: expect.stringContaining(text) });
const token = async (scope: string) => {
  const { secret } = await stage.caller.ask(
    AccessServiceService.createToken,
    CreateTokenRequest.fromPartial({ scope }),
    bearer(stage.operatorToken()),
  );
  return secret;
};

beforeAll(async () => {
  cast = await makeCast();
});
beforeEach(async () => {
  stage = await openGuardedPort(cast);
});
afterEach(() => stage.close());

describe('a call is turned away', () => {
  it.each<[string, readonly string[], string]>([
    ['no credentials', [], 'This needs credentials'],
    ['an empty authorization', [''], 'cannot be read'],
    ['another scheme', ['Basic b3BlcmF0b3I6eA=='], 'cannot be read'],
    ['no token', ['Bearer'], 'cannot be read'],
    ['a token without its scheme', [`gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}`], 'cannot be read'],
    ['a token of nobody', [`Bearer gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}`], 'no token of this hub'],
    ['a very long token', [`Bearer ${'a'.repeat(7000)}`], 'no token of this hub'],
    ['odd characters', ['Bearer a b'], 'cannot be read'],
    ['a list', ['Bearer a, Bearer b'], 'cannot be read'],
  ])('with %s', async (_what, authorization, text) => {
    await expect(whoAmI({ authorization })).rejects.toMatchObject(unauthenticated(text));
  });

  it('with a bad token, whatever certificate is shown beside it', async () => {
    const authorization = [`Bearer gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}`];
    await expect(whoAmI({ authorization, shown: cast.operator })).rejects.toMatchObject(unauthenticated('no token'));
  });

  it('with an enrolment token', async () => {
    const order = { kind: 'enrolment', scope: 'enrol:acme', note: '', createdBy: 'test', expiresMs: 0 } as const;
    const { secret } = await stage.api.tokens.create(order);
    await expect(whoAmI(bearer(secret))).rejects.toMatchObject(unauthenticated('no token of this hub'));
  });

  it('even from a method that needs none, when what is shown is no good', async () => {
    const open = AuthorityServiceService.getAuthority;
    await expect(stage.caller.ask(open, {}, {})).resolves.toBeDefined();
    await expect(stage.caller.ask(open, {}, { authorization: ['Bearer x'] })).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('with a token of a member that is suspended, quarantined or gone, in the operator’s words', async () => {
    const acmes = await token('member:acme');
    await expect(whoAmI(bearer(acmes))).resolves.toEqual({ scope: 'member:acme', by: expect.stringMatching(/^token [0-9a-f]{10}$/) });
    stage.facts.membership = membershipOf(cast, ", status: suspended, statusReason: dues not paid, statusUntil: '2099-01-01T00:00:00Z'");
    await expect(whoAmI(bearer(acmes))).rejects.toMatchObject(unauthenticated('dues not paid'));
    await expect(whoAmI(bearer(acmes))).rejects.toMatchObject(unauthenticated('2099-01-01'));
    await expect(whoAmI({ shown: cast.acme })).rejects.toMatchObject(unauthenticated('Member acme is suspended'));
    stage.facts.membership = undefined;
    await expect(whoAmI(bearer(acmes))).rejects.toMatchObject(unauthenticated('no membership yet'));
    await expect(whoAmI(bearer(stage.operatorToken()))).resolves.toMatchObject({ scope: 'operator' });
  });

  it('as soon as its token is revoked', async () => {
    const dashboard = await token('dashboard');
    await expect(whoAmI(bearer(dashboard))).resolves.toMatchObject({ scope: 'dashboard' });
    const id = dashboard.split('_')[2] ?? '';
    await stage.caller.ask(AccessServiceService.revokeToken, { id, why: 'lost' }, bearer(stage.operatorToken()));
    await expect(whoAmI(bearer(dashboard))).rejects.toMatchObject(unauthenticated('revoked'));
  });
});

describe('a client certificate is nobody’s', () => {
  const cases: [string, () => Promise<Shown>, string][] = [
    ['of an authority nobody named', () => certificateFor(cast.stranger, 'acme.example'), 'no authority of this community'],
    ["of one member's own authority for another member", () => certificateFor(cast.boltsOwn, 'acme.example'), 'may not vouch for acme'],
    ['for a name of nobody', () => certificateFor(cast.community, 'eve.example'), 'names no member'],
    ["for the hub's own name", async () => cast.hub, 'names no member'],
    [
      'that is out of date',
      () => certificateFor(cast.community, 'acme.example', { from: Date.now() - 9000, until: Date.now() - 5000 }),
      'out of date',
    ],
    ['not for clients', () => certificateFor(cast.community, 'acme.example', { usages: ['serverAuth'] }), 'INVALID_PURPOSE'],
  ];
  it.each(cases)('%s', async (_what, make, text) => {
    const shown = await make();
    await expect(whoAmI({ shown })).rejects.toMatchObject(unauthenticated(text));
    await expect(stage.caller.ask(AuthorityServiceService.getAuthority, {}, { shown })).resolves.toBeDefined();
  });

  it('once it is revoked', async () => {
    await expect(whoAmI({ shown: cast.acme })).resolves.toEqual({ scope: 'member:acme', by: 'certificate of acme' });
    const issuer = spkiSha256(cast.community.certificate);
    stage.facts.revoked = new Map([[issuer, [serialOf(cast.acme)]]]);
    await expect(whoAmI({ shown: cast.acme })).rejects.toMatchObject(unauthenticated('revoked'));
  });
});

describe('a caller is known', () => {
  it('by a certificate of its own authority, by a pin, and operators by theirs', async () => {
    await expect(whoAmI({ shown: cast.bolt })).resolves.toMatchObject({ scope: 'member:bolt' });
    await expect(whoAmI({ shown: cast.cara })).resolves.toMatchObject({ scope: 'member:cara' });
    await expect(whoAmI({ shown: cast.operator })).resolves.toMatchObject({ scope: 'operator' });
  });

  it('by the token in the file, and by its scheme in any case', async () => {
    await expect(whoAmI({ authorization: [`bEARER  ${stage.operatorToken()}`] })).resolves.toEqual({
      scope: 'operator',
      by: "the operator's token file",
    });
  });

  it('by a token before a certificate', async () => {
    await expect(whoAmI({ ...bearer(stage.operatorToken()), shown: cast.acme })).resolves.toMatchObject({ scope: 'operator' });
  });

  it('and told so to the handler, with what it showed', async () => {
    const seen: unknown[] = [];
    stage.facts.putMember = async (caller) => {
      seen.push({ ...caller, source: '' });
      return {};
    };
    await stage.caller.ask(MembershipServiceService.putMember, PutMemberRequest.create(), { shown: cast.operator });
    expect(seen).toMatchObject([{ scope: 'operator', member: '', certificate: { spki: expect.stringMatching(/^[0-9a-f]{64}$/) } }]);
  });
});

describe('a member may not', () => {
  it('call what is for operators; nothing is done, and it stands in the log', async () => {
    const acmes = await token('member:acme');
    let done = 0;
    stage.facts.putMember = async () => {
      done += 1;
      return {};
    };
    const put = PutMemberRequest.fromPartial({ member: { id: 'acme' } });
    await expect(stage.caller.ask(MembershipServiceService.putMember, put, bearer(acmes))).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'MembershipService/PutMember is not for members. Cure: ask an operator of the hub (it takes the scope operator)',
    });
    const make = CreateTokenRequest.fromPartial({ scope: 'operator' });
    await expect(stage.caller.ask(AccessServiceService.createToken, make, bearer(acmes))).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    expect(done).toBe(0);
    const outcomes: string[] = [];
    for await (const { entry } of stage.api.audit.list(0, 100)) outcomes.push(`${entry?.who.split(' (')[0]} ${entry?.outcome}`);
    expect(outcomes).toEqual(['operator begun', 'operator done', 'member acme refused', 'member acme refused']);
  });
});

describe('health', () => {
  it('is for everybody', async () => {
    stage.health.set(true);
    await expect(stage.caller.ask(HealthService.check, { service: '' }, {})).resolves.toEqual({ status: Serving.SERVING });
  });
});
