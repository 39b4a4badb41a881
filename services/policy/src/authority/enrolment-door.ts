import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiFault, type ApiFaultCode, faultText } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import { leafOf } from '@guildhall/chassis/authority/authority';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import { type CertificateFiles, openCertificateFiles } from '@guildhall/chassis/certificate-files';
import { monotonic } from '@guildhall/chassis/clock';
import { faultFrom } from '@guildhall/chassis/fault';
import { hostPort } from '@guildhall/chassis/host-port';
import { listenFault } from '@guildhall/chassis/listen-fault';
import type { AuthorityHandlers } from '../api/api-handlers.js';
import type { PolicyConfig } from '../config.js';
import { createAttempts, subscriber } from './attempts.js';
import type { AuthorityEvents } from './authority-events.js';
import type { OwnCertificate } from './certificate-expiry.js';
import { type IssuedCertificates, isGood } from './issued-certificates.js';

/** The HTTPS door for members that have openssl and curl. */
export interface EnrolmentDoor {
  /** "host:port" as bound. */
  readonly address: string;
  /** What it shows. */
  certificates(): readonly OwnCertificate[];
  /** Takes another certificate from its files, if there is one; a bad one is told and the old one stays. */
  reload(): void;
  close(): Promise<void>;
}

/** What it hands requests to. */
export interface DoorNeeds {
  /** The handlers of the API, with the shell's audit around them. */
  readonly handlers: Pick<AuthorityHandlers, 'enrol' | 'renew' | 'getAuthority'>;
  readonly certificates: Pick<IssuedCertificates, 'find'>;
  /** PEM of what a member has to trust. */
  anchors(): readonly string[];
  readonly events: Pick<AuthorityEvents, 'doorOpened' | 'doorCertificateFailed' | 'doorAnswered' | 'authorityFailed'>;
  /** ms since 1970. */
  wall(): number;
}

type DoorConfig = NonNullable<PolicyConfig['enrolment']>;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const statuses: Readonly<Record<ApiFaultCode, number>> = {
  invalid: 400,
  denied: 403,
  'not-found': 404,
  exists: 409,
  conflict: 409,
  precondition: 409,
  limit: 429,
  unavailable: 503,
};
const paths: ReadonlyMap<string, readonly string[]> = new Map([
  ['/v1/enrol', ['POST']],
  ['/v1/renew', ['POST']],
  ['/v1/authority.crt', ['GET', 'HEAD']],
  ['/v1/authority.crl', ['GET', 'HEAD']],
  ['/v1/anchors.crt', ['GET', 'HEAD']],
]);
const pemFile = 'application/x-pem-file';

function told(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n`, headers };
}

/** Opens the door. Throws a Fault when the certificate cannot be used or the port not be had. */
export async function startEnrolmentDoor(config: DoorConfig, needs: DoorNeeds): Promise<EnrolmentDoor> {
  const files: CertificateFiles = openCertificateFiles(config.certificate);
  const attempts = createAttempts(config.attempts);
  const { cert, key } = files.current();
  const server = createServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      // A member that renews shows what it has; whether it is good is found out by the registry.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: config.timeout,
      headersTimeout: config.timeout,
      requestTimeout: config.timeout,
      keepAliveTimeout: 1000,
      connectionsCheckingInterval: Math.min(1000, config.timeout),
      maxHeaderSize: 8192,
    },
    (request, response) => {
      answer(request, config, needs, attempts)
        .catch((thrown: unknown) => {
          if (thrown instanceof ApiFault) return told(statuses[thrown.code], faultText(thrown));
          needs.events.authorityFailed('answering at the enrolment door', thrown);
          return told(500, 'The hub could not make an answer; its log says why.');
        })
        .then((made) => {
          needs.events.doorAnswered(made.status);
          send(request, response, made);
        })
        .catch(() => response.destroy());
    },
  );
  server.maxConnections = config.connections;
  boundAddresses(server, config.connectionsPerAddress);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => reject(listenFault(thrown, 'the enrolment door', config, 'enrolment.host and enrolment.port')));
    server.listen(config.port, config.host, resolve);
  });
  const bound = server.address();
  const address = hostPort(config.host, typeof bound === 'object' && bound !== null ? bound.port : config.port);
  const shown = () => needs.events.doorOpened(address, files.current().fingerprint, files.current().validTo);
  shown();
  return {
    address,
    certificates: () => [{ holder: 'hub', serial: serialNumberOf(leafOf(files.current().cert)), validTo: files.current().validTo }],
    reload() {
      try {
        if (!files.reload()) return;
        const next = files.current();
        server.setSecureContext({ cert: next.cert, key: next.key, minVersion: 'TLSv1.2' });
        shown();
      } catch (thrown) {
        needs.events.doorCertificateFailed(faultFrom(thrown).message);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Closes what one address opens beyond its part, before a handshake: nobody keeps all the room by saying nothing. */
function boundAddresses(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const from = subscriber(socket.remoteAddress ?? '');
    const here = (open.get(from) ?? 0) + 1;
    open.set(from, here);
    socket.once('close', () => {
      const left = (open.get(from) ?? 1) - 1;
      if (left > 0) open.set(from, left);
      else open.delete(from);
    });
    if (here > most) socket.destroy();
  });
}

async function answer(
  request: IncomingMessage,
  config: DoorConfig,
  needs: DoorNeeds,
  attempts: ReturnType<typeof createAttempts>,
): Promise<Answer> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const methods = paths.get(path);
  if (methods === undefined) return told(404, `There are ${[...paths.keys()].join(', ')}.`);
  if (!methods.includes(request.method ?? '')) return told(405, `Only ${methods.join(', ')}.`, { allow: methods.join(', ') });
  if (request.method !== 'POST') return published(path, needs);

  const from = request.socket.remoteAddress ?? '';
  if (!attempts.allow(from, monotonic())) {
    const seconds = Math.max(1, Math.ceil(attempts.wait(from, monotonic()) / 1000));
    return told(429, `Too many attempts from this address: try again in ${seconds} s.`, { 'retry-after': String(seconds) });
  }
  const caller = callerOf(request, needs);
  if (path === '/v1/renew') {
    if (caller.scope !== 'member') {
      return told(
        403,
        `Renewing needs the certificate in use, with its key (curl --cert --key), and that it is good: ${notGood(caller, needs)}. Cure: ask an operator for an enrolment token, and enrol with it`,
      );
    }
    const signingRequest = await bodyOf(request, config.requestBytes);
    const { chain } = await needs.handlers.renew({ signingRequest }, caller);
    return { status: 200, type: pemFile, body: chain };
  }
  const token = /^Bearer ([A-Za-z0-9_-]{1,300})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) {
    return told(401, 'The enrolment token is missing: send "Authorization: Bearer TOKEN".', { 'www-authenticate': 'Bearer' });
  }
  const signingRequest = await bodyOf(request, config.requestBytes);
  const { chain } = await needs.handlers.enrol({ token, signingRequest }, caller);
  return { status: 200, type: pemFile, body: chain };
}

async function published(path: string, { handlers, anchors }: DoorNeeds): Promise<Answer> {
  const nobody: Caller = { scope: 'nobody', member: '', by: 'nobody', source: '' };
  const pem =
    path === '/v1/anchors.crt'
      ? anchors().join('')
      : await handlers.getAuthority({}, nobody).then((known) => (path === '/v1/authority.crt' ? known.certificate : known.revocationList));
  return pem === '' ? told(404, 'This hub has none.') : { status: 200, type: pemFile, body: pem };
}

/** Who calls: a member, if it showed a certificate that is on file for it, good and in date. The handshake has proved that it holds the key. */
function callerOf({ socket }: IncomingMessage, { certificates, wall }: DoorNeeds): Caller {
  const source = hostPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
  const nobody: Caller = { scope: 'nobody', member: '', by: 'nobody', source };
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (shown === undefined) return nobody;
  const certificate = { raw: shown.raw, spki: spkiSha256(shown) };
  const known = certificates.find(certificate);
  if (known === undefined || !isGood(known, wall())) return { ...nobody, certificate };
  return { scope: 'member', member: known.member, by: `certificate of ${known.member}`, source, certificate };
}

/** Why the certificate of a caller who is nobody renews nothing. */
function notGood({ certificate }: Caller, { certificates }: DoorNeeds): string {
  if (certificate === undefined) return 'none was shown';
  const known = certificates.find(certificate);
  if (known === undefined) return 'the one shown was not issued by this hub';
  return known.revoked === '' ? 'the one shown is not valid at this time' : 'the one shown is revoked';
}

/** The body as text. Throws an ApiFault once it is too large, before more of it is read, and where it does not come whole. */
async function bodyOf(request: IncomingMessage, most: number): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The socket stays, so that a refusal can still be told.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > most) throw tooLarge(most);
      chunks.push(part);
    }
  } catch (thrown) {
    if (thrown instanceof ApiFault) throw thrown;
    throw new ApiFault('invalid', 'The body did not come whole.', 'send it again', thrown);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function tooLarge(most: number): ApiFault {
  return new ApiFault('invalid', `The body is larger than ${most} bytes.`, 'send the signing request only');
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers = {} }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What was not read of the request would be taken for the next one.
    ...(request.complete ? {} : { connection: 'close' }),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
