import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type SecureContext } from 'node:tls';
import { type CertificateFacts, certificateFacts } from '@guildhall/chassis/certificate';
import { distrust, type Expectation } from '@guildhall/chassis/distrust';
import type { Revocations } from '@guildhall/chassis/revocations';
import { usageNames } from '@guildhall/chassis/usage-names';
import { closeReasons } from '@guildhall/proto/reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { LinkFault } from './link.js';
import type { Distrusted } from './turning-away.js';

/** One TLS connection to a proxy, from dialling to its end. */
export interface LinkSocket {
  /** Bytes not yet taken by the kernel. */
  backlog(): number;
  write(bytes: Buffer): void;
  /** Reads nothing more, or goes on. */
  read(on: boolean): void;
  /** Sends what is left, then close_notify; the rest is not waited for longer than a few seconds. */
  end(): void;
  /** Drops it. Nothing is told afterwards. */
  destroy(): void;
  /** Judges again who is at the other end, by what is known meanwhile; undefined: still good. */
  distrusted(): Distrusted | undefined;
  /** When the certificate at the other end ends, wall ms; Infinity before there is one. */
  endsAt(): number;
}

/** What a dialled socket tells: first `opened` or `refused`, once; after `opened` any `data` and then `lost`, once. */
export interface SocketEvents {
  opened(): void;
  /** `why` is printable and names certificate details an operator needs; with the fault 'untrusted' comes what was wrong. */
  refused(fault: LinkFault, why: string, distrusted?: Distrusted): void;
  data(chunk: Buffer): void;
  lost(why: string): void;
}

/** Where to dial, and with what. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  /** Who must be there, as of now. */
  readonly expected: () => Expectation;
  /** Made from the hub's certificate and key, and the door's anchors as the only authorities. */
  readonly context: () => SecureContext;
}

/** What a certificate is judged by. */
export interface Judges {
  /** Wall time, ms. */
  wall(): number;
  /** Undefined while nobody has said yet what is revoked: then nobody is trusted. */
  revocations(): Revocations | undefined;
}

/** How long an ordered close may take, ms. */
const closeTime = 3000;

/** Options of every context for links: no renegotiation, no session tickets, nothing below TLS 1.2 (RFC 8996). */
export const contextOptions = {
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
} as const;

/**
 * Dials. The handshake is let through whatever certificate is shown and the verdict is ours (`distrust`), because only so can
 * the reason be told; nothing is written or read before it.
 */
export function dial(to: Destination, judges: Judges, events: SocketEvents): LinkSocket {
  const first = to.expected().names[0];
  const socket = connect({
    host: to.host,
    port: to.port,
    secureContext: to.context(),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(first === undefined || isIP(first) !== 0 ? {} : { servername: first }),
  });
  let phase: 'dialling' | 'open' | 'over' = 'dialling';
  let failure = '';
  let facts: CertificateFacts | undefined;
  const distrusted = (): Distrusted | undefined => {
    const expected = to.expected();
    const reason = distrust(facts, expected, { revocations: judges.revocations(), at: judges.wall(), farEnd: 'server' });
    return reason === undefined ? undefined : { reason, detail: `expected one of ${printable(expected.names.join(' '))}`, facts };
  };

  socket.setNoDelay(true);
  socket.once('secureConnect', () => {
    if (phase !== 'dialling') return;
    facts = certificateFacts(socket);
    const found = distrusted();
    if (found !== undefined) {
      phase = 'over';
      socket.destroy();
      events.refused('untrusted', inWords(found), found);
      return;
    }
    phase = 'open';
    socket.on('data', (chunk: Buffer) => events.data(chunk));
    events.opened();
  });
  socket.on('error', (error) => {
    failure = printable('code' in error ? String(error.code) : error.message);
  });
  socket.on('end', () => socket.destroy());
  socket.once('close', () => {
    const was = phase;
    phase = 'over';
    if (was === 'dialling') events.refused('unreachable', failure || 'closed during the handshake');
    else if (was === 'open') events.lost(failure || 'closed by the far end');
  });

  return {
    distrusted,
    endsAt: () => facts?.validTo ?? Number.POSITIVE_INFINITY,
    backlog: () => socket.writableLength,
    write(bytes) {
      if (phase === 'open') socket.write(bytes);
    },
    read(on) {
      if (phase !== 'open') return;
      if (on) socket.resume();
      else socket.pause();
    },
    end() {
      if (phase === 'over') return;
      phase = 'over';
      socket.removeAllListeners('data');
      socket.resume();
      socket.end();
      setTimeout(() => socket.destroy(), closeTime).unref();
    },
    destroy() {
      phase = 'over';
      socket.destroy();
    },
  };
}

/** Why the far end is not whom we want to talk to, without a word of its certificate's. */
export function inBrief({ reason }: Distrusted): string {
  return `${reason}: ${closeReasons[reason].about}`;
}

/** Why the far end is not whom we want to talk to, for an operator. */
export function inWords({ reason, detail, facts }: Distrusted): string {
  const certificate =
    facts === undefined
      ? ''
      : ` (subject ${facts.subject.replaceAll('\n', ', ')}, names ${[...facts.uris, ...facts.dnsNames].join(' ')}, issuer ${facts.issuer.replaceAll('\n', ', ')}, usage ${usageNames(facts.extendedKeyUsage).join(' ')}, ${facts.authorizationError})`;
  return `${reason}: ${closeReasons[reason].about} ${detail}${printable(certificate, 600)}`;
}
