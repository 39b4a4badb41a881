import { readFileSync } from 'node:fs';
import { type Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { AccessServiceClient } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceClient, ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { AuthorityServiceClient } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceClient } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { Identity } from './certificates.js';
import type { HubServices } from './hub.js';

/** As whom the API is asked: with a token, with a client certificate, or without either. */
export interface ApiUser {
  readonly token?: string;
  readonly identity?: Pick<Identity, 'certFile' | 'keyFile'>;
}

/** A user's connection to the API of a hub. */
export interface ApiConnection {
  readonly admin: AdminServiceClient;
  readonly membership: MembershipServiceClient;
  readonly authority: AuthorityServiceClient;
  readonly access: AccessServiceClient;
  close(): void;
}

/** Connects to the API of the hub's policy number `at` over TLS. Default: as an operator. */
export function openApi(hub: HubServices, { token, identity }: ApiUser = { token: hub.operatorToken() }, at = 0): ApiConnection {
  const pem = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
  const tls = credentials.createSsl(pem(hub.authority.certFile), pem(identity?.keyFile), pem(identity?.certFile));
  const bearer = credentials.createFromMetadataGenerator((_options, told) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    told(null, metadata);
  });
  const channel = credentials.combineChannelCredentials(tls, bearer);
  const options: ClientOptions = {
    'grpc.ssl_target_name_override': hub.domain,
    'grpc.default_authority': hub.domain,
    // Each with a handshake of its own.
    'grpc.use_local_subchannel_pool': 1,
  };
  const address = hub.policies[at]?.addresses['grpc'] ?? '';
  const made: Client[] = [];
  const keep = <C extends Client>(client: C): C => {
    made.push(client);
    return client;
  };
  return {
    admin: keep(new AdminServiceClient(address, channel, options)),
    membership: keep(new MembershipServiceClient(address, channel, options)),
    authority: keep(new AuthorityServiceClient(address, channel, options)),
    access: keep(new AccessServiceClient(address, channel, options)),
    close() {
      for (const client of made) client.close();
    },
  };
}

/** One unary call as a promise: `asked((done) => api.access.whoAmI({}, done))`. Rejects with the ServiceError. */
export function asked<Response>(call: (done: (error: ServiceError | null, response: Response) => void) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** Asks the first policy of a hub what would become of a request, and why. */
export async function explain(hub: HubServices, question: Partial<ExplainRequest>): Promise<ExplainResponse> {
  const api = openApi(hub);
  try {
    return await asked<ExplainResponse>((done) => api.admin.explain({ ...ExplainRequest.create(), ...question }, done));
  } finally {
    api.close();
  }
}
