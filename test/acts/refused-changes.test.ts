import { status } from '@grpc/grpc-js';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { issueIdentity, makeAuthority } from '@guildhall/cli/trust/authority-files';
import { CreateTokenRequest, type CreateTokenResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import {
  EnrolRequest,
  type EnrolResponse,
  InviteRequest,
  type InviteResponse,
  ListCertificatesRequest,
  type ListCertificatesResponse,
  RevokeCertificateRequest,
  type RevokeCertificateResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import {
  type ExportMembershipResponse,
  type GetMemberResponse,
  ProposeAgreementRequest,
  type ProposeAgreementResponse,
  PutCommunityRequest,
  type PutCommunityResponse,
  PutMemberRequest,
  type PutMemberResponse,
  PutRuleRequest,
  type PutRuleResponse,
  RemoveMemberRequest,
  type RemoveMemberResponse,
  SetMemberStatusRequest,
  type SetMemberStatusResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiConnection, type ApiUser, asked, openApi } from '../stage/admin.js';
import { exchange } from '../stage/exchange.js';
import { openFolder } from '../stage/folder.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const folder = openFolder('refused-changes');
const ca = folder.file('ca');
await makeAuthority(ca, { name: 'Steel Guild CA', days: 365, crlDays: 7, now: Date.now() });
await issueIdentity(ca, { domains: ['hub.example'], hosts: [] }, { days: 90, now: Date.now() });
afterAll(() => folder.close());

type Attempt = readonly [what: string, act: () => Promise<unknown>, code: status, words: RegExp];

describe.each(topologies)('what nobody may have is refused, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    model: 'limited-clearinghouse',
    cast: { acme: {}, bolt: {}, crow: { domains: ['crow.example', 'crow.test'] } },
    settings: { policy: { authority: { folder: ca, check: '50ms' } } },
  });
  const open: ApiConnection[] = [];
  const apiOf = (user?: ApiUser): ApiConnection => {
    const api = openApi(hub(), user, hub().policies.length - 1);
    open.push(api);
    return api;
  };
  let operator: ApiConnection;
  let nobody: ApiConnection;
  /** With a token of the scope member:acme. */
  let acme: ApiConnection;
  beforeAll(async () => {
    operator = apiOf();
    nobody = apiOf({});
    const { secret } = await asked<CreateTokenResponse>((done) =>
      operator.access.createToken(CreateTokenRequest.fromPartial({ scope: 'member:acme' }), done),
    );
    acme = apiOf({ token: secret });
  });
  afterAll(() => {
    for (const api of open) api.close();
  });

  const put = (member: PutMemberRequest['member'] | object, api = operator) =>
    asked<PutMemberResponse>((done) => api.membership.putMember(PutMemberRequest.fromPartial({ member }), done));
  const suspend = (id: string, api = operator) =>
    asked<SetMemberStatusResponse>((done) =>
      api.membership.setMemberStatus(SetMemberStatusRequest.fromPartial({ id, status: 'suspended' }), done),
    );
  const remove = (id: string, api = operator) =>
    asked<RemoveMemberResponse>((done) => api.membership.removeMember(RemoveMemberRequest.fromPartial({ id }), done));
  const invite = (member: string, expiresMs = 0n, api = operator) =>
    asked<InviteResponse>((done) => api.authority.invite(InviteRequest.fromPartial({ member, expiresMs }), done));
  const revoke = (member: string, api = operator) =>
    asked<RevokeCertificateResponse>((done) => api.authority.revokeCertificate(RevokeCertificateRequest.fromPartial({ member }), done));
  const enrol = async (token: string, ...sipDomains: string[]) => {
    const names = { commonName: 'a proxy', sipDomains, dnsNames: [] };
    const signingRequest = await makeSigningRequest(await newSigningKey(), names);
    return asked<EnrolResponse>((done) => nobody.authority.enrol(EnrolRequest.fromPartial({ token, signingRequest }), done));
  };

  /** Everything that a change could have changed. */
  const everything = async () => {
    const { yaml, version } = await asked<ExportMembershipResponse>((done) => operator.membership.exportMembership({ version: 0n }, done));
    const { certificates } = await asked<ListCertificatesResponse>((done) =>
      operator.authority.listCertificates(ListCertificatesRequest.fromPartial({ revokedToo: true }), done),
    );
    return { yaml, version, certificates };
  };
  const refused = async (act: () => Promise<unknown>, code: status, words: RegExp) => {
    const before = await everything();
    await expect(act()).rejects.toMatchObject({ code, details: expect.stringMatching(words) });
    expect(await everything()).toEqual(before);
  };

  it.each<Attempt>([
    ['is read', () => asked<GetMemberResponse>((done) => operator.membership.getMember({ id: 'nix' }, done)), status.NOT_FOUND, /nix/],
    ['is suspended', () => suspend('nix'), status.NOT_FOUND, /no member "nix"/],
    ['is removed', () => remove('nix'), status.NOT_FOUND, /no member "nix"/],
    ['is invited', () => invite('nix'), status.NOT_FOUND, /no member nix\. Cure: an operator adds it first/],
    ['loses its certificates', () => revoke('nix'), status.NOT_FOUND, /nix/],
    [
      'agrees',
      () =>
        asked<ProposeAgreementResponse>((done) =>
          operator.membership.proposeAgreement(ProposeAgreementRequest.fromPartial({ from: 'acme', to: 'nix' }), done),
        ),
      status.NOT_FOUND,
      /no member "nix"/,
    ],
    [
      'has a token',
      () =>
        asked<CreateTokenResponse>((done) => operator.access.createToken(CreateTokenRequest.fromPartial({ scope: 'member:nix' }), done)),
      status.NOT_FOUND,
      /nix/,
    ],
    [
      'is in a rule',
      () =>
        asked<PutRuleResponse>((done) =>
          operator.membership.putRule(
            PutRuleRequest.fromPartial({
              rule: {
                id: 'r',
                from: { who: { $case: 'member', value: 'nix' } },
                to: { who: { $case: 'any', value: true } },
                action: 'deny',
              },
              last: true,
            }),
            done,
          ),
        ),
      status.FAILED_PRECONDITION,
      /nix/,
    ],
  ])('an unknown member %s', async (_what, act, code, words) => {
    await refused(act, code, words);
  });

  it.each<Attempt>([
    [
      'the domain of another',
      () => put({ id: 'nova', domains: ['bolt.example'] }),
      status.FAILED_PRECONDITION,
      /bolt\.example belongs to the member bolt/,
    ],
    [
      'the second domain of another',
      () => put({ id: 'nova', domains: ['nova.test', 'crow.test'] }),
      status.FAILED_PRECONDITION,
      /crow\.test belongs to the member crow/,
    ],
    ['a domain twice', () => put({ id: 'nova', domains: ['nova.test', 'nova.test'] }), status.FAILED_PRECONDITION, /nova\.test/],
    [
      'a domain below another’s',
      () => put({ id: 'nova', domains: ['sales.bolt.example'] }),
      status.FAILED_PRECONDITION,
      /sales\.bolt\.example lies below bolt\.example of the member bolt/,
    ],
    ['a domain above another’s', () => put({ id: 'nova', domains: ['example'] }), status.FAILED_PRECONDITION, /example/],
    ['the hub’s domain', () => put({ id: 'nova', domains: ['hub.example'] }), status.FAILED_PRECONDITION, /hub/],
    ['an id that is there', () => put({ id: 'bolt', domains: ['nova.test'] }), status.ALREADY_EXISTS, /member\.bolt is there already/],
  ])('a member that would have %s', async (_what, act, code, words) => {
    await refused(act, code, words);
  });

  it('a token for enrolment that ended, was used, or was never given', async () => {
    const brief = await invite('acme', 1n);
    await expect.poll(() => enrol(brief.token, 'acme.example').catch(({ details }) => details)).toMatch(/ended at/);
    await refused(() => enrol(brief.token, 'acme.example'), status.PERMISSION_DENIED, /ended at/);
    const { token } = await invite('acme');
    await refused(() => enrol(token.replace(/_[0-9a-f]{48}_/, `_${'0'.repeat(48)}_`), 'acme.example'), status.PERMISSION_DENIED, /./);
    await refused(() => enrol('', 'acme.example'), status.PERMISSION_DENIED, /./);
    expect((await enrol(token, 'acme.example')).certificate).toMatchObject({ member: 'acme', names: ['acme.example'] });
    await refused(() => enrol(token, 'acme.example'), status.PERMISSION_DENIED, /was used already, at/);
  });

  it('a certificate in another’s name, whatever the token is worth, which stays good for one’s own', async () => {
    const { token } = await invite('acme');
    for (const [name, words] of [
      ['bolt.example', /"bolt\.example", which member acme may not have: it belongs to another member/],
      ['sip.bolt.example', /belongs to another member/],
      ['hub.example', /belongs to the hub/],
      ['*.acme.example', /wildcard/],
      ['other.test', /"other\.test"/],
    ] as const) {
      await refused(() => enrol(token, 'acme.example', name), status.INVALID_ARGUMENT, words);
    }
    await enrol(token, 'acme.example');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['suspend another', () => suspend('bolt', acme)],
    ['suspend itself', () => suspend('acme', acme)],
    ['remove another', () => remove('bolt', acme)],
    ['add a member', () => put({ id: 'nova', domains: ['nova.test'] }, acme)],
    ['change its own domains', () => put({ id: 'acme', domains: ['acme.example', 'more.test'] }, acme)],
    ['invite', () => invite('acme', 0n, acme)],
    ['revoke another’s certificates', () => revoke('bolt', acme)],
    [
      'make a token',
      () => asked<CreateTokenResponse>((done) => acme.access.createToken(CreateTokenRequest.fromPartial({ scope: 'operator' }), done)),
    ],
    [
      'make a rule',
      () =>
        asked<PutRuleResponse>((done) =>
          acme.membership.putRule(
            PutRuleRequest.fromPartial({
              rule: {
                id: 'r',
                from: { who: { $case: 'any', value: true } },
                to: { who: { $case: 'any', value: true } },
                action: 'allow',
              },
              last: true,
            }),
            done,
          ),
        ),
    ],
    [
      'change the community',
      () =>
        asked<PutCommunityResponse>((done) =>
          acme.membership.putCommunity(PutCommunityRequest.fromPartial({ community: { id: 'steel-guild', model: 'clearinghouse' } }), done),
        ),
    ],
    ['export the membership', () => asked<ExportMembershipResponse>((done) => acme.membership.exportMembership({ version: 0n }, done))],
    [
      'agree for another',
      () =>
        asked<ProposeAgreementResponse>((done) =>
          acme.membership.proposeAgreement(ProposeAgreementRequest.fromPartial({ from: 'bolt', to: 'crow' }), done),
        ),
    ],
  ])('a member’s token, used to %s', async (_what, act) => {
    await refused(act, status.PERMISSION_DENIED, /\. Cure: /);
  });

  it('and all of them still reach each other', async () => {
    await exchange(actor('acme'), actor('bolt'));
    await exchange(actor('bolt'), actor('crow'));
  });
});
