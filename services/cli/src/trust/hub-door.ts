import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Fault } from '@guildhall/chassis/fault';
import { checkHubName } from '../hub/hub-certificate.js';
import { terminalText } from '../world.js';

/** The hub's enrolment door: "https://host:port". */
export interface DoorAddress {
  readonly host: string;
  readonly port: number;
  /** The name its certificate has to carry. */
  readonly name: string;
}

/** One request to the door. */
export interface DoorRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** PEM of whom to trust besides the system's authorities; undefined: nobody is checked, so nothing secret may be sent. */
  readonly trust: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Shown as client certificate, PEM. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

const waitMs = 30_000;
const mostBytes = 1024 * 1024;

/** Reads an address. Throws a Fault `usage`. */
export function doorAddress(text: string, name: string | undefined): DoorAddress {
  const [, host, port] = /^(?:https:\/\/)?([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 443) > 65_535) {
    throw new Fault('usage', `${text} is no address of a hub`, { cure: 'write https://HOST:PORT as the invitation says it', exitCode: 2 });
  }
  const bare = host.replace(/^\[|\]$/g, '');
  return { host: bare, port: Number(port ?? 443), name: (name ?? bare).toLowerCase() };
}

/** Sends a request and resolves to the answer's body. Throws a Fault `no-answer` or, for what the hub refused, `refused`. */
export async function askDoor(door: DoorAddress, asked: DoorRequest): Promise<string> {
  const { status, text } = await exchange(door, asked).catch((thrown: unknown) => {
    throw new Fault('no-answer', `no answer from the hub at ${door.host}:${door.port}: ${whyOf(thrown, door.host)}`, {
      cure: cureOf(thrown),
      cause: thrown,
    });
  });
  if (status === 200) return text;
  const [what = '', cure = ''] = text.trim().split(' Cure: ');
  throw new Fault('refused', `the hub refused (${status}): ${terminalText(what, 400)}`, {
    cure: cure === '' ? 'ask the operator of the hub' : terminalText(cure, 400),
  });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

function whyOf(thrown: unknown, host: string): string {
  switch (codeOf(thrown)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `DNS knows no ${host}`;
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'EPROTO':
      return 'what answers there does not speak TLS';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function cureOf(thrown: unknown): string {
  const code = codeOf(thrown);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'give the name that the certificate of the hub carries with --hub-name';
  if (/SELF_SIGNED|UNABLE_TO_|CERT_/.test(code)) return "give the authority of the hub's certificate with --ca FILE";
  return 'check the address: it is the one in the invitation, usually port 5080, and not a SIP listener';
}

function exchange({ host, port, name }: DoorAddress, asked: DoorRequest): Promise<{ status: number; text: string }> {
  const { trust, identity, body } = asked;
  return new Promise((resolve, reject) => {
    const call = request({
      host,
      port,
      method: asked.method,
      path: asked.path,
      agent: false,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(trust === undefined ? {} : { ca: [...trust, ...rootCertificates] }),
      ...identity,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: trust !== undefined,
      checkServerIdentity: (_host, shown) => checkHubName(name, shown),
      signal: AbortSignal.timeout(waitMs),
      headers: { ...asked.headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > mostBytes) response.destroy(new Error(`the answer is larger than ${mostBytes} bytes`));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    call.end(body);
  });
}

/** Every certificate of a PEM text that came from elsewhere. Throws a Fault `bad-answer` where one cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new Fault('bad-answer', 'the hub sent a certificate that cannot be read', {
      cure: 'try again, and ask the operator of the hub',
      cause,
    });
  }
}
