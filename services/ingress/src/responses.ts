import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import type { Answers } from './answers.js';
import type { Counts } from './counts.js';
import { wayBack } from './members.js';
import { noteFinal } from './partner-bounds.js';
import { responseEvent, unanswered } from './server-transaction.js';
import { forgetRequest, type ServerTransaction, type Transactions } from './transactions.js';

/** What a peer is told about its request, and when it is too late for that. Every `now` is monotonic ms. */
export interface Responses {
  /** A response from the far member; its bytes are copied. Hot path. */
  pass(transaction: ServerTransaction, status: number, from: Buffer, start: number, end: number, now: number): void;
  /** A response of our own, whole. */
  say(transaction: ServerTransaction, status: number, text: string, now: number): void;
  /** Refuses what was not forwarded, or for which no response will come. */
  refuse(transaction: ServerTransaction, status: number, code: ReasonCode, sentence: string, now: number): void;
  /** The peer sent the same request again. */
  again(transaction: ServerTransaction, request: Message, now: number): void;
  /** Its time is over; true when an INVITE was given up, which must then be cancelled. */
  timeout(transaction: ServerTransaction, now: number): boolean;
}

/** `answered` is told of each final response: for how long its sender waited. */
export function createResponses(
  transactions: Transactions,
  answers: Answers,
  counts: Counts,
  { limits, answered }: { readonly limits: SipLimits; answered(ms: number): void },
): Responses {
  const original = (transaction: ServerTransaction): Message =>
    transaction.request ?? parseMessage(transaction.batch.subarray(transaction.offset, transaction.offset + transaction.length), limits);

  /** Whether the response may go; keeps books. */
  const mayGo = (transaction: ServerTransaction, status: number, now: number): boolean => {
    if (transactions.advance(transaction, responseEvent(status), now) !== 'send') {
      counts.strayOutcomes += 1;
      return false;
    }
    if (status >= 200) answered(now - transaction.openedAt);
    count(counts, transaction, status);
    return true;
  };

  const send = (transaction: ServerTransaction, text: string): void => {
    if (transaction.method === 'INVITE') transaction.last = text;
    const wire = wayBack(transaction.wire);
    if (wire === undefined || text === '') counts.lostResponses += 1;
    else wire.text(text);
  };

  const say: Responses['say'] = (transaction, status, text, now) => {
    if (!mayGo(transaction, status, now)) return;
    send(transaction, text);
    if (status >= 200) forgetRequest(transaction);
  };

  const refuse: Responses['refuse'] = (transaction, status, code, sentence, now) => {
    if (!unanswered(transaction.state)) {
      counts.strayOutcomes += 1;
      return;
    }
    const { source, member } = transaction.wire;
    counts.refusals.add(member.id, status, code, sentence);
    const refusal = { status, code, sentence, header: '' };
    say(transaction, status, answers.refusal(original(transaction), source, refusal, member.id), now);
  };

  return {
    say,
    refuse,
    pass(transaction, status, from, start, end, now) {
      if (!mayGo(transaction, status, now)) return;
      if (transaction.method === 'INVITE') {
        transaction.last = status >= 200 && status < 300 ? '' : from.toString('latin1', start, end);
        if (status >= 200) forgetRequest(transaction);
      }
      const wire = wayBack(transaction.wire);
      if (wire === undefined) counts.lostResponses += 1;
      else wire.bytes(from, start, end);
    },
    again(transaction, request, now) {
      counts.retransmissions += 1;
      if (transactions.advance(transaction, 'request', now) !== 'resend') return;
      send(transaction, transaction.last === '' ? answers.trying(request, transaction.wire.source) : transaction.last);
    },
    timeout(transaction, now) {
      const waited = Math.round((now - transaction.openedAt) / 1000);
      const whom = transaction.target === '' ? 'the far member' : transaction.target;
      const invite = transaction.method === 'INVITE';
      const request = unanswered(transaction.state) ? original(transaction) : undefined;
      if (transactions.advance(transaction, 'timeout', now) !== 'give-up' || request === undefined) return false;
      // RFC 3261 9.1: a far side of RFC 2543 may never end what it was told to cancel.
      const code = transaction.cancelled ? 'cancelled' : 'no-answer';
      const sentence = `${whom} did not answer ${transaction.cancelled ? 'the CANCEL' : `within ${waited} s`}`;
      const { status } = reasons[code];
      const { source, member } = transaction.wire;
      counts.refusals.add(member.id, status, code, sentence);
      answered(now - transaction.openedAt);
      count(counts, transaction, status);
      send(transaction, answers.refusal(request, source, { status, code, sentence, header: '' }, member.id));
      if (!invite) forgetRequest(transaction);
      return invite;
    },
  };
}

function count(counts: Counts, transaction: ServerTransaction, status: number): void {
  const hundred = Math.floor(status / 100);
  counts.responses[hundred] = (counts.responses[hundred] ?? 0) + 1;
  if (status < 200) return;
  const { member } = transaction.wire;
  member.counts.responses += 1;
  if (member.conduct !== undefined) noteFinal(member.conduct, status);
}
