import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { MetricsServiceService } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';

/** A call that the fake took. */
export interface Taken {
  /** "listMembers". */
  readonly method: string;
  readonly request: unknown;
  /** As sent; empty: none. */
  readonly authorization: string;
  /** Whether TLS showed a client certificate. */
  readonly certified: boolean;
}

/** What a fake method answers: a message, an array of messages for a stream, or a refusal. */
export type Answer = { readonly refuse: number; readonly details: string } | object;

/** The hub's API, played: it keeps no community, answers what it is told to and notes what it was asked. Unit tests of the command line run against it. */
export interface FakeHub {
  /** "127.0.0.1:port". */
  readonly address: string;
  readonly taken: readonly Taken[];
  /** Answers of methods by name, as generated code names them; what is not here is UNIMPLEMENTED. */
  answers: Record<string, Answer>;
  close(): void;
}

const services = [MembershipServiceService, AuthorityServiceService, AccessServiceService, AdminServiceService, MetricsServiceService];

/** Starts it on a free port of 127.0.0.1; with `tls` (PEM) it shows that certificate, and with `demands` lets nobody in without one. */
export async function startFakeHub(
  answers: FakeHub['answers'],
  tls?: { certificate: string; key: string; ca: string; demands?: boolean },
): Promise<FakeHub> {
  const taken: Taken[] = [];
  const server = new Server();
  const hub: FakeHub = { address: '', taken, answers, close: () => server.forceShutdown() };

  function answer(method: string, call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>): Answer | undefined {
    const [authorization = ''] = call.metadata.get('authorization');
    const shown = call.getAuthContext().sslPeerCertificate;
    taken.push({
      method,
      request: call.request,
      authorization: String(authorization),
      certified: shown !== undefined && Object.keys(shown).length > 0,
    });
    return hub.answers[method];
  }
  const refusal = (given: Answer | undefined) => {
    if (given === undefined) return { code: 12, details: 'unimplemented' };
    return 'refuse' in given && 'details' in given ? { code: Number(given.refuse), details: String(given.details) } : undefined;
  };

  for (const service of services) {
    const methods = Object.entries(service).map(([name, { responseStream }]) => [
      name,
      responseStream
        ? (call: ServerWritableStream<unknown, unknown>) => {
            const given = answer(name, call);
            const refused = refusal(given);
            if (refused !== undefined) call.emit('error', refused);
            else {
              for (const message of Array.isArray(given) ? given : []) call.write(message);
              call.end();
            }
          }
        : (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
            const given = answer(name, call);
            const refused = refusal(given);
            if (refused !== undefined) callback(refused);
            else callback(null, given);
          },
    ]);
    server.addService(service, Object.fromEntries(methods));
  }
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          Buffer.from(tls.ca),
          [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) }],
          tls.demands === true,
        );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return Object.assign(hub, { address: `127.0.0.1:${port}` });
}
