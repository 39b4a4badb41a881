import { isIP } from 'node:net';
import { type ChannelCredentials, Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { checkHubName } from '../hub/hub-certificate.js';
import type { ApiAccess } from './api-access.js';
import { faultOfRefusal, type RefusingDoor, unreachable } from './api-refusal.js';

/** What the client needs of a generated method. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** One call: a whole request in, its answer out. Throws a Fault. */
export type Call<Request, Response> = (request: Request) => Promise<Response>;
/** A call answered by a stream, which ends when the hub ends it or `signal` is aborted; `opened`: the hub has taken it. Throws a Fault. */
export type StreamCall<Request, Response> = (request: Request, signal?: AbortSignal, opened?: () => void) => AsyncIterable<Response>;

/** An answer holds at most a whole community as YAML with its certificates. */
const largestMessage = 128 * 1024 * 1024;
/** ms a call may take; a rollback of thousands of entries takes seconds. */
const patience = 60_000;
/** ms until a hub that does not even take the connection counts as away. */
const connectPatience = 10_000;

function channelCredentials({ tls }: ApiAccess): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.certificate), {
    checkServerIdentity: (_host, shown) => checkHubName(tls.name, shown),
  });
}

/** The name sent in the handshake (RFC 6066 forbids addresses there); whether the certificate carries the right one is checked apart. */
function shownName(name: string): ClientOptions {
  const shown = isIP(name) === 0 ? name : 'localhost';
  return { 'grpc.ssl_target_name_override': shown, 'grpc.default_authority': shown };
}

/** Methods of an API as functions. */
export interface GrpcClient {
  unary<Request, Response>(method: Method<Request, Response>): Call<Request, Response>;
  streaming<Request, Response>(method: Method<Request, Response>): StreamCall<Request, Response>;
  close(): void;
}

/** A client of one API. Nothing is connected before the first call; `close` ends it. `door` is how its refusals name it. */
export function openGrpcClient(access: ApiAccess, door: RefusingDoor): GrpcClient {
  const options: ClientOptions = {
    'grpc.max_receive_message_length': largestMessage,
    'grpc.max_send_message_length': largestMessage,
    // The proxy variables of the environment are meant for the web.
    'grpc.enable_http_proxy': 0,
    ...(access.tls === undefined ? {} : shownName(access.tls.name)),
  };
  const client = new Client(access.address, channelCredentials(access), options);
  const metadata = new Metadata();
  if (access.token !== '') metadata.set('authorization', `Bearer ${access.token}`);
  const { address } = access;

  function unary<Request, Response>(method: Method<Request, Response>): Call<Request, Response> {
    return (request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = method;
        const settle = (error: ServiceError | null, response?: Response) => {
          if (error === null && response !== undefined) resolve(response);
          else if (error !== null) reject(faultOfRefusal(error, address, door));
        };
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          { deadline: Date.now() + patience },
          settle,
        );
        // A refused connection fails the call by itself; one that nobody answers would use up its whole patience.
        client.waitForReady(Date.now() + connectPatience, (late) => {
          if (late !== undefined) reject(unreachable('nothing answers there', address, door));
        });
      });
  }

  function streaming<Request, Response>(method: Method<Request, Response>): StreamCall<Request, Response> {
    return async function* (request, signal, opened) {
      if (signal?.aborted) return;
      const { path, requestSerialize, responseDeserialize } = method;
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata);
      const end = () => call.cancel();
      if (opened !== undefined) call.once('metadata', opened);
      let late: Error | undefined;
      client.waitForReady(Date.now() + connectPatience, (failed) => {
        if (failed === undefined) return;
        late = unreachable('nothing answers there', address, door);
        end();
      });
      signal?.addEventListener('abort', end, { once: true });
      try {
        for await (const response of call) yield response;
      } catch (thrown) {
        if (signal?.aborted) return;
        if (late !== undefined) throw late;
        throw isServiceError(thrown) ? faultOfRefusal(thrown, address, door) : thrown;
      } finally {
        signal?.removeEventListener('abort', end);
        call.cancel();
      }
    };
  }

  return { unary, streaming, close: () => client.close() };
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    typeof thrown.details === 'string'
  );
}
