import { randomBytes, X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { factsOf, sipNames } from '@guildhall/chassis/certificate';
import { hostPort } from '@guildhall/chassis/host-port';
import { labelOf, reasonOf } from '../sample/ladder.js';
import { requestText } from '../sample/sample-request.js';
import { createSampleWire } from '../sample/sample-wire.js';

/** How the hub is dialled, as a member's proxy does. Texts are PEM. */
export interface DialPart {
  readonly host: string;
  readonly port: number;
  /** The SIP domain in the hub's certificate, sent as SNI where it is a name. */
  readonly name: string;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Undefined: the hub's certificate is looked at, but nobody knows whether it is the right one. */
  readonly authorities: string | undefined;
  /** The member's domain, for From. */
  readonly domain: string;
}

/** What became of it, step by step: each is there if it was reached. */
export interface DialReport {
  /** "address:port" of our own end, as the hub knows it without a NAT between; '' when there was no connection. */
  readonly source: string;
  /** Why there is no connection, or no TLS: a code or text of Node. */
  readonly network?: string;
  readonly handshake?: string;
  readonly hub?: { readonly raw: Buffer; readonly authorizationError: string };
  /** The answer to OPTIONS: its status line ("200 OK"), and the hub's sentence where it is a refusal. Printable. */
  readonly answer?: { readonly status: number; readonly label: string; readonly reason: string };
  /** The hub ended it before it answered. */
  readonly closed?: boolean;
}

const patience = { connect: 5_000, handshake: 8_000, answer: 8_000 } as const;

/** Dials, shakes hands, says OPTIONS and reads until there is an answer or an end: with TLS 1.3 a refusal only shows when one reads. */
export async function dialHub(part: DialPart): Promise<DialReport> {
  const plain = connectTcp({ host: part.host, port: part.port });
  const failed = await settled(plain, 'connect', patience.connect);
  if (failed !== undefined) {
    plain.destroy();
    return { source: '', network: failed };
  }
  const source = hostPort(plain.localAddress ?? '', plain.localPort ?? 0);
  const socket = connect({
    socket: plain,
    rejectUnauthorized: false,
    // Node's own check knows nothing of SIP URIs: names are judged with the rest of the certificate.
    checkServerIdentity: () => undefined,
    ...(isIP(part.name) === 0 ? { servername: part.name } : {}),
    ...(part.certificate === undefined || part.key === undefined ? {} : { cert: part.certificate, key: part.key }),
    ca: part.authorities === undefined ? [] : [part.authorities],
  });
  try {
    const broken = await settled(socket, 'secureConnect', patience.handshake);
    if (broken !== undefined) return { source, handshake: broken };
    const { raw } = socket.getPeerCertificate();
    const error = socket.authorizationError;
    const hub = { raw: raw ?? Buffer.alloc(0), authorizationError: error === undefined || error === null ? '' : String(codeOf(error)) };
    const answer = await ask(socket, part, source, hubName(hub.raw, part.name));
    return answer === undefined ? { source, hub, closed: true } : { source, hub, answer };
  } finally {
    socket.destroy();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

/** Undefined once the event is there; else why it never came. */
function settled(socket: ReturnType<typeof connectTcp>, event: string, within: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('ETIMEDOUT'), within);
    const done = (why: string | undefined): void => {
      clearTimeout(timer);
      resolve(why);
    };
    socket.once(event, () => done(undefined));
    socket.once('error', (error: Error) => done(String('code' in error ? error.code : error.message)));
    socket.once('close', () => done('closed'));
  });
}

function ask(socket: TLSSocket, { domain }: DialPart, source: string, hub: string): Promise<DialReport['answer']> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience.answer);
    const done = (answer: DialReport['answer']): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const wire = createSampleWire(socket, 'hub', {
      message(_wire, message) {
        if (message.status >= 200)
          done({ status: message.status, label: labelOf(message), reason: message.status < 300 ? '' : reasonOf(message) });
      },
      closed: () => done(undefined),
    });
    const writer = { id: 'doctor', domain, sentBy: source };
    wire.write(requestText({ method: 'OPTIONS', uri: `sip:${hub}` }, writer, () => randomBytes(8).toString('hex')));
  });
}

/** The hub's own SIP domain, as its certificate says; where it says none, what we dialled. */
function hubName(raw: Buffer, fallback: string): string {
  try {
    const facts = factsOf([new X509Certificate(raw)], true, '');
    return (facts === undefined ? undefined : sipNames(facts)[0]) ?? fallback;
  } catch {
    return fallback;
  }
}
