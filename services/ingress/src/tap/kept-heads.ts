import { oncePer } from '@guildhall/chassis/once-per';
import { KeptBatch, type KeptMessage } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { uriDomain } from '@guildhall/proto/sip/uri';
import { hasToTag } from '../dialog-route.js';
import type { Wire } from '../wire.js';
import { callIdOf, fieldOf, headEnd, headOnly } from './head-cut.js';
import { createKeptDialogs, longestCallId } from './kept-dialogs.js';
import { isMarkedLogme } from './logme.js';
import type { MarkedMembers } from './marked-members.js';
import type { KeptConfig } from './tap-config.js';

/** What became of heads that were to be kept: handed on to be stored, or more than the rate. */
export interface KeptCounts {
  kept: number;
  overRate: number;
}

/** Decides whose heads are kept, and gathers them. */
export interface KeptHeads {
  readonly counts: Readonly<KeptCounts>;
  /** Whether any message has to be looked at; costs little. */
  watching(): boolean;
  came(message: Message, wire: Wire): void;
  went(bytes: Buffer, start: number, end: number, wire: Wire): void;
  isMarked(callId: string): boolean;
  dialogs(): number;
  /** Hands over what was gathered. */
  flush(): void;
}

/** What keeping takes from outside. */
export interface KeptDesk {
  readonly id: string;
  readonly config: KeptConfig;
  readonly marked: MarkedMembers;
  /** Whose domain (lower case) it is; undefined: nobody's. */
  ownerOf(domain: string): string | undefined;
  /** Takes a KeptBatch, and how many messages are in it. */
  publish(payload: Uint8Array, count: number): void;
  /** Monotonic, and wall time in ms. */
  clock(): number;
  wall(): number;
}

/** Of one head, bytes. */
const longestHead = 8 * 1024;
/** One batch: what NATS takes is many times that. */
const batchOf = { messages: 256, bytes: 256 * 1024 };
/** RFC 3261 12, RFC 6665, RFC 3515: what opens something that outlives its answer. */
const lasting = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
const logmeWord = 'logme';

/** Nothing is kept at first. */
export function createKeptHeads(desk: KeptDesk): KeptHeads {
  const { config, marked } = desk;
  const counts: KeptCounts = { kept: 0, overRate: 0 };
  const dialogs = createKeptDialogs(config.dialogs, config.dialogIdle, desk.clock);
  const may = oncePer(1_000, desk.clock, config.headsPerSecond);
  const { logme } = config;
  const mayMark: (member: string) => boolean = logme === 'none' ? () => false : logme === 'all' ? () => true : isOneOf(logme);
  let batch: KeptMessage[] = [];
  let batchBytes = 0;

  const flush = (): void => {
    if (batch.length === 0) return;
    desk.publish(KeptBatch.encode({ messages: batch }).finish(), batch.length);
    counts.kept += batch.length;
    batch = [];
    batchBytes = 0;
  };

  /** The mark of a dialog as it is now: what an operator asked for ends with that. */
  const markOf = (callId: string): Mark => {
    const mark = dialogs.size() === 0 ? undefined : dialogs.get(callId);
    if (mark === undefined) return undefined;
    if (mark.member === '' || marked.has(mark.member)) return mark;
    dialogs.delete(callId);
    return undefined;
  };

  /** The marked member a message has to do with: whose connection it is, or whose domain its Request-URI names. */
  const markedParty = (message: Message, { member }: Wire): string => {
    if (!marked.any()) return '';
    if (marked.has(member.id)) return member.id;
    if (message.status !== 0) return '';
    const owner = desk.ownerOf(uriDomain(message, message.uriStart, message.uriEnd));
    return owner !== undefined && marked.has(owner) ? owner : '';
  };

  const keep = (bytes: Buffer, start: number, end: number, callId: string, wire: Wire, inbound: boolean, member: string): void => {
    if (may() === 0) {
      counts.overRate += 1;
      return;
    }
    const { head, bodyBytes } = headOnly(bytes, start, end, longestHead);
    batch.push({
      at: BigInt(Math.trunc(desk.wall())),
      ingress: desk.id,
      member: wire.member.id,
      inbound,
      source: wire.source,
      callId: callId.slice(0, longestCallId),
      head,
      bodyBytes,
      why: member === '' ? logmeWord : `trace ${member}`,
    });
    batchBytes += head.length;
    if (batch.length >= batchOf.messages || batchBytes >= batchOf.bytes) flush();
  };

  return {
    counts,
    flush,
    dialogs: dialogs.size,
    // Dialogs alone are no reason: what an operator asked for ends with that.
    watching: () => logme !== 'none' || marked.any(),
    isMarked: (callId) => markOf(callId) !== undefined,
    came(message, wire) {
      const callId = callIdOfMessage(message);
      let mark = markOf(callId);
      if (mark === undefined) {
        const party = markedParty(message, wire);
        // RFC 8497 4.1: a marker that first appears within a dialog begins nothing.
        if (party === '' && (message.status !== 0 || !mayMark(wire.member.id) || !isMarkedLogme(message) || hasToTag(message))) return;
        mark = { member: party, lasts: lasting.has(message.method) || hasToTag(message) };
        if (message.status === 0 && callId !== '') dialogs.set(callId, mark);
      }
      keep(message.buffer, message.start, message.end, callId, wire, true, mark.member);
    },
    went(bytes, start, end, wire) {
      const known = marked.has(wire.member.id);
      if (!known && dialogs.size() === 0) return;
      const until = headEnd(bytes, start, end);
      const callId = callIdOf(bytes, start, until);
      const mark = markOf(callId);
      if (mark === undefined && !known) return;
      keep(bytes, start, end, callId, wire, false, mark === undefined ? wire.member.id : mark.member);
      if (mark !== undefined && isLastWord(bytes, start, until, mark)) dialogs.delete(callId);
    },
  };
}

type Mark = ReturnType<ReturnType<typeof createKeptDialogs>['get']>;

function isOneOf(list: readonly string[]): (member: string) => boolean {
  const members = new Set(list);
  return (member) => members.has(member);
}

function callIdOfMessage(message: Message): string {
  const index = firstHeader(message, Header.callId);
  return index < 0 ? '' : message.head.slice(headerValueStart(message, index), headerValueEnd(message, index));
}

const finalAnswer = /^SIP\/2\.0 [2-6]\d\d /;

/** Whether nothing more comes after this message: the final answer to a BYE, or to what opened nothing that lasts. */
function isLastWord(bytes: Buffer, start: number, until: number, { lasts }: { readonly lasts: boolean }): boolean {
  if (!finalAnswer.test(bytes.toString('latin1', start, Math.min(until, start + 12)))) return false;
  return !lasts || /\sBYE$/.test(fieldOf(bytes, start, until, Header.cseq));
}
