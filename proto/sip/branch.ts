import { cseqNumber } from './cseq.js';
import { Header } from './header-name.js';
import { lowerHost } from './host.js';
import { firstHeader, headerValueEnd, headerValueStart, type Message, nextHeader } from './message.js';
import { createViaSpans, scanVia } from './via-scan.js';

/** The parts of a branch of ours. Numbers are uint32. */
export interface Branch {
  readonly epoch: string;
  readonly transaction: number;
  readonly loop: number;
  /** 0 for the first try; a failover to another proxy takes the next. */
  readonly attempt: number;
}

/** What every branch of RFC 3261 begins with (8.1.1.7). */
const cookie = 'z9hG4bK';

/**
 * The branch the hub puts into its Via: `z9hG4bK<epoch>.<transaction>.<loop>[.<attempt>]`, numbers in base 36, attempt only from 1 on.
 * A pure function of its arguments, so ingress and relay derive the same. `epoch` must be a token without dots.
 */
export function downstreamBranch(epoch: string, transaction: number, loop: number, attempt: number): string {
  const branch = `${cookie}${epoch}.${transaction.toString(36)}.${loop.toString(36)}`;
  return attempt === 0 ? branch : `${branch}.${attempt.toString(36)}`;
}

/** The parts of a branch that `downstreamBranch` wrote, or undefined for any other text. */
export function readBranch(branch: string): Branch | undefined {
  if (!branch.startsWith(cookie)) return undefined;
  const first = branch.indexOf('.');
  const second = first < 0 ? -1 : branch.indexOf('.', first + 1);
  if (second < 0 || first === cookie.length) return undefined;
  const third = branch.indexOf('.', second + 1);
  const transaction = readNumber(branch, first + 1, second);
  const loop = readNumber(branch, second + 1, third < 0 ? branch.length : third);
  const attempt = third < 0 ? 0 : readNumber(branch, third + 1, branch.length);
  if (transaction < 0 || loop < 0 || attempt < 0 || (third >= 0 && attempt === 0)) return undefined;
  return { epoch: branch.slice(cookie.length, first), transaction, loop, attempt };
}

/** The uint32 that text[start, end) writes in base 36 as toString does; -1 for any other text. */
function readNumber(text: string, start: number, end: number): number {
  if (end === start || end - start > 7 || (text.charCodeAt(start) === 0x30 && end - start > 1)) return -1;
  let number = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) number = number * 36 + code - 0x30;
    else if (code >= 0x61 && code <= 0x7a) number = number * 36 + code - 0x57;
    else return -1;
  }
  return number > 0xffffffff ? -1 : number;
}

/**
 * RFC 5393 4.2.2: a number below 2^31 over every part of the request that decides where it goes: Request-URI, To and From tag (with the
 * parameters beside it), Call-ID, CSeq number, Proxy-Require, Route. Equal hash in a Via of ours means loop, another one a spiral. Fast, not cryptographic. The request must have passed
 * checkRequest.
 */
export function loopHash(m: Message): number {
  const { buffer, start: base, table } = m;
  let hash = hashRange(0x811c9dc5, buffer, base + m.uriStart, base + m.uriEnd);
  for (let at = 0; at < table.length; at += 4) {
    const id = table[at] ?? 0;
    if (id < Header.from || id > Header.proxyRequire) continue;
    const start = base + (table[at + 2] ?? 0);
    const end = base + (table[at + 3] ?? 0);
    switch (id) {
      case Header.callId:
      case Header.proxyRequire:
      case Header.route:
        hash = hashRange(hash, buffer, start, end);
        break;
      case Header.to:
      case Header.from:
        hash = hashRange(hash, buffer, afterAddress(buffer, start, end), end);
        break;
      case Header.cseq:
        hash = Math.imul(hash ^ cseqNumber(buffer, start, end), prime);
        break;
      default:
    }
  }
  // 31 bits: more would leave the range in which V8 writes integers in base 36 quickly.
  return hash >>> 1;
}

const prime = 0x01000193;

/** Behind the last `>` of a From or To value, where its tag is; the start of one without brackets. */
function afterAddress(bytes: Uint8Array, start: number, end: number): number {
  let i = end;
  while (i > start && bytes[i - 1] !== 0x3e) i--;
  return i;
}

/** FNV-1a over bytes[start, end), then over what separates it from the next part. */
function hashRange(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), prime);
  return separate(hash);
}

function separate(hash: number): number {
  return Math.imul(hash ^ 0x1ff, prime);
}

/**
 * Whether the request went through here before with the same target: some Via whose sent-by host is in `ownHosts` (lower case, no port)
 * carries a branch of ours with this loop hash. Never throws; what is behind a broken Via value in its field is not looked at. Hot path.
 */
export function isLoop(m: Message, ownHosts: ReadonlySet<string>, loop: number): boolean {
  const { head, table } = m;
  let from = head.length;
  let until = 0;
  for (let at = 0; at < table.length; at += 4) {
    if (table[at] !== Header.via) continue;
    until = table[at + 3] ?? 0;
    if (from > until) from = table[at + 2] ?? 0;
  }
  // Nearly every request has no such text among its Vias; one that does is looked at closely.
  return from < until && head.slice(from, until).includes(`.${loop.toString(36)}`) && hasOwnVia(m, ownHosts, loop);
}

function hasOwnVia(m: Message, ownHosts: ReadonlySet<string>, loop: number): boolean {
  const { buffer, start: base, head } = m;
  const spans = createViaSpans();
  for (let index = firstHeader(m, Header.via); index >= 0; index = nextHeader(m, Header.via, index)) {
    const end = base + headerValueEnd(m, index);
    for (let at = base + headerValueStart(m, index); at >= 0 && scanVia(buffer, at, end, spans) === ''; at = spans.next) {
      if (!ownHosts.has(lowerHost(m, spans.host - base, spans.hostEnd - base))) continue;
      if (readBranch(head.slice(spans.branch - base, spans.branchEnd - base))?.loop === loop) return true;
    }
  }
  return false;
}
