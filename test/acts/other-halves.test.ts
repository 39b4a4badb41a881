import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { makeAuthority } from '@guildhall/cli/trust/authority-files';
import { AccessServiceService, CreateTokenRequest, type CreateTokenResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import {
  AuthorityServiceService,
  type EnrolResponse,
  InviteRequest,
  type InviteResponse,
  ListCertificatesRequest,
  type ListCertificatesResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MemberProxy } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import {
  type GetMemberResponse,
  MembershipServiceService,
  SetMemberTrustRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, describe, expect, it } from 'vitest';
import { type ApiUser, asked, openApi } from '../stage/admin.js';
import { exchange } from '../stage/exchange.js';
import { openFolder } from '../stage/folder.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const folder = openFolder('other-halves');
const ca = folder.file('ca');
await makeAuthority(ca, { name: 'Guild CA', days: 3650, crlDays: 7, now: Date.now() });
afterAll(() => folder.close());

const services = { ...AccessServiceService, ...AdminServiceService, ...AuthorityServiceService, ...MembershipServiceService };
/** A method, whatever it takes and gives. */
interface Method {
  readonly path: string;
  readonly responseStream: boolean;
  readonly responseDeserialize: (value: Buffer) => unknown;
}

/** What a member may call at all. */
const forMembers = [
  'whoAmI explain listTurnedAway enrol renew listCertificates revokeCertificate getAuthority listMembers getMember setMemberTrust',
  'listAgreements proposeAgreement acceptAgreement endAgreement listHistory watchMembership',
].flatMap((line) => line.split(' '));

const request = async () =>
  makeSigningRequest(await newSigningKey(), { commonName: 'acme.example', sipDomains: ['acme.example'], dnsNames: [] });

describe.each(topologies)('a member that reaches for more than its half, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: {}, bolt: {} },
    settings: { policy: { authority: { folder: ca, check: '50ms' } } },
  });
  const as = async <T>(user: ApiUser | undefined, act: (api: ReturnType<typeof openApi>) => Promise<T>, at = 0): Promise<T> => {
    const api = openApi(hub(), user, at);
    try {
      return await act(api);
    } finally {
      api.close();
    }
  };
  const token = async (scope: string): Promise<ApiUser> => {
    const request = CreateTokenRequest.fromPartial({ scope, note: 'a story' });
    return { token: (await as(undefined, (api) => asked<CreateTokenResponse>((done) => api.access.createToken(request, done)))).secret };
  };
  const revisionOf = async (id: string) => {
    const { member } = await as(undefined, (api) => asked<GetMemberResponse>((done) => api.membership.getMember({ id }, done)));
    return member?.revision ?? 0n;
  };
  const trust = async (user: ApiUser, wish: Partial<SetMemberTrustRequest>) => {
    const request = { ...SetMemberTrustRequest.fromPartial({ id: 'acme', expected: await revisionOf('acme') }), ...wish };
    return as(user, (api) => asked((done) => api.membership.setMemberTrust(request, done)));
  };
  /** The status that calling a method with an empty request ends with. */
  const called = ({ token: secret, identity }: ApiUser, method: Method): Promise<number> => {
    const pem = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
    const client = new Client(
      hub().policies[0]?.addresses['grpc'] ?? '',
      credentials.createSsl(pem(hub().authority.certFile), pem(identity?.keyFile), pem(identity?.certFile)),
      { 'grpc.ssl_target_name_override': hub().domain, 'grpc.use_local_subchannel_pool': 1 },
    );
    const metadata = new Metadata();
    if (secret !== undefined) metadata.set('authorization', `Bearer ${secret}`);
    return new Promise<number>((resolve) => {
      const { path, responseDeserialize } = method;
      const nothing = () => Buffer.alloc(0);
      if (method.responseStream) {
        const call = client.makeServerStreamRequest(path, nothing, responseDeserialize, {}, metadata);
        call.on('data', () => call.cancel());
        call.on('error', () => undefined);
        call.on('status', ({ code }) => resolve(code === status.CANCELLED ? status.OK : code));
      } else {
        client.makeUnaryRequest(path, nothing, responseDeserialize, {}, metadata, (error) => resolve(error?.code ?? status.OK));
      }
    }).finally(() => client.close());
  };

  it('calls nothing that is an operator’s, by token or by certificate; and without either nobody calls anything', async () => {
    const users = { token: await token('member:acme'), certificate: { identity: actor('acme').identity }, nobody: {} };
    for (const [name, method] of Object.entries(services)) {
      if (name !== 'enrol' && name !== 'getAuthority') {
        expect([name, await called(users.nobody, method)]).toEqual([name, status.UNAUTHENTICATED]);
      }
      if (forMembers.includes(name)) continue;
      expect([name, await called(users.token, method)]).toEqual([name, status.PERMISSION_DENIED]);
      expect([name, await called(users.certificate, method)]).toEqual([name, status.PERMISSION_DENIED]);
    }
  });

  it('takes nobody’s certificate away by pinning its key', async () => {
    await trust(await token('member:acme'), {
      pins: [actor('bolt').identity.pin],
      proxies: [MemberProxy.fromPartial({ host: '127.0.0.1', port: actor('acme').port })],
    });
    await actor('bolt').dial(hub().ingresses[0]?.port ?? 0);
    await exchange(actor('bolt'), actor('acme'));
    const whoIsBolt = await as({ identity: actor('bolt').identity }, (api) => asked((done) => api.access.whoAmI({}, done)));
    expect(whoIsBolt).toMatchObject({ scope: 'member:bolt' });
  });

  it('gets no certificate with a token that is for the API', async () => {
    const pem = await request();
    const user = await token('member:acme');
    const renewing = as(user, (api) => asked((done) => api.authority.renew({ signingRequest: pem }, done)));
    await expect(renewing).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    const enrolling = as(user, (api) => asked((done) => api.authority.enrol({ token: user.token ?? '', signingRequest: pem }, done)));
    await expect(enrolling).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('an invitation that is used at several instances at once gives one certificate', async () => {
    const { token: invitation } = await as(undefined, (api) =>
      asked<InviteResponse>((done) => api.authority.invite(InviteRequest.fromPartial({ member: 'acme' }), done)),
    );
    const last = hub().policies.length - 1;
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, async (__, at) => {
        const pem = await request();
        return as(
          {},
          (api) => asked<EnrolResponse>((done) => api.authority.enrol({ token: invitation, signingRequest: pem }, done)),
          at % (last + 1),
        );
      }),
    );
    expect(attempts.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    const listed = await as(undefined, (api) =>
      asked<ListCertificatesResponse>((done) => api.authority.listCertificates(ListCertificatesRequest.create(), done)),
    );
    expect(listed.certificates).toHaveLength(1);
  });
});
