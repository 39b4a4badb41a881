import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import type { Answers } from './answers.js';
import { eachWayBack } from './copies.js';
import { type Counts, countMessage } from './counts.js';
import type { Member } from './members.js';
import { noteFinal } from './partner-bounds.js';
import { noRecords, type Records, type ToldRefusal } from './records.js';
import { responseWithOverload } from './response-oc.js';
import { responseEvent, unanswered } from './server-transaction.js';
import { noteRepeat } from './story.js';
import { forgetRequest, type ServerTransaction, type Transactions } from './transactions.js';
import type { Wire } from './wire.js';

/** What a peer is told about its request, and when it is too late for that. Every `now` is monotonic ms. */
export interface Responses {
  /** A response from the far member; its bytes are copied. Hot path. */
  pass(transaction: ServerTransaction, status: number, from: Buffer, start: number, end: number, now: number): void;
  /** A response of our own, whole, and what it says of why. */
  say(transaction: ServerTransaction, status: number, text: string, now: number, refusal?: ToldRefusal): void;
  /** Refuses what was not forwarded, or for which no response will come. */
  refuse(transaction: ServerTransaction, status: number, code: ReasonCode, sentence: string, now: number): void;
  /** The peer sent the same request again, on this connection. */
  again(transaction: ServerTransaction, request: Message, wire: Wire, now: number): void;
  /** Its time is over, or it is time for a 100; true when an INVITE must be cancelled. */
  timeout(transaction: ServerTransaction, now: number): boolean;
}

/** What responses need from outside. */
export interface ResponsesDesk {
  readonly limits: SipLimits;
  /** Told of each final response: for how long its sender waited. */
  answered(ms: number): void;
  /** What a member that asked for it is told of overload: parameters of a Via (RFC 7339). Default: nothing. */
  overload?(member: Member): string;
  /** Where each final answer is told. Default: nowhere. */
  readonly records?: Pick<Records, 'finished'>;
}

const untold = (): string => '';

/** The one place from which peers are answered. */
export function createResponses(
  transactions: Transactions,
  answers: Answers,
  counts: Counts,
  { limits, answered, overload = untold, records = noRecords }: ResponsesDesk,
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
    if (text === '' || !eachWayBack(transaction, (wire) => wire.text(text))) counts.lostResponses += 1;
  };

  const say: Responses['say'] = (transaction, status, text, now, refusal) => {
    if (!mayGo(transaction, status, now)) return;
    send(transaction, text);
    if (status < 200) return;
    records.finished(transaction, status, true, refusal, text.length, now);
    forgetRequest(transaction);
  };

  /** 504, or 487 to who cancelled. The caller knows that its sender still waits. */
  const giveUp = (transaction: ServerTransaction, now: number): void => {
    const request = original(transaction);
    transactions.advance(transaction, 'timeout', now);
    const waited = Math.round((now - transaction.openedAt) / 1000);
    const whom = transaction.target === '' ? 'the far member' : transaction.target;
    // RFC 3261 9.1: a far side of RFC 2543 may never end what it was told to cancel.
    const code = transaction.cancelled ? 'cancelled' : 'no-answer';
    const sentence = `${whom} did not answer ${transaction.cancelled ? 'the CANCEL' : `within ${waited} s`}`;
    const { status } = reasons[code];
    const { member } = transaction.wire;
    counts.refusals.add(member.id, status, code, sentence);
    answered(now - transaction.openedAt);
    count(counts, transaction, status);
    const text = answers.refusal(request, transaction.wire, { status, code, sentence, header: '' }, transaction.story.serial);
    send(transaction, text);
    records.finished(transaction, status, true, { code, sentence }, text.length, now);
  };

  const refuse: Responses['refuse'] = (transaction, status, code, sentence, now) => {
    if (!unanswered(transaction.state)) {
      counts.strayOutcomes += 1;
      return;
    }
    if (isEnding(transaction)) {
      giveUp(transaction, now);
      forgetRequest(transaction);
      return;
    }
    const { member } = transaction.wire;
    counts.refusals.add(member.id, status, code, sentence);
    const refusal = { status, code, sentence, header: '' };
    const text = answers.refusal(original(transaction), transaction.wire, refusal, transaction.story.serial);
    say(transaction, status, text, now, refusal);
  };

  return {
    say,
    refuse,
    pass(transaction, status, from, start, end, now) {
      if (status >= 300 && isEnding(transaction)) {
        giveUp(transaction, now);
        forgetRequest(transaction);
        return;
      }
      if (!mayGo(transaction, status, now)) return;
      const told =
        transaction.oc === ''
          ? undefined
          : responseWithOverload(from, start, end, transaction.oc === 'loss' ? overload(transaction.wire.member) : '');
      if (status >= 200) records.finished(transaction, status, false, undefined, told === undefined ? end - start : told.length, now);
      if (told !== undefined) {
        send(transaction, told);
        if (status >= 200) {
          if (status < 300) transaction.last = '';
          forgetRequest(transaction);
        }
        return;
      }
      if (transaction.method === 'INVITE') {
        transaction.last = status >= 200 && status < 300 ? '' : from.toString('latin1', start, end);
        if (status >= 200) forgetRequest(transaction);
      }
      // Nearly always there is but one, and it is open.
      if (transaction.others.length === 0 && transaction.wire.open) transaction.wire.bytes(from, start, end);
      else if (!eachWayBack(transaction, (wire) => wire.bytes(from, start, end))) counts.lostResponses += 1;
    },
    again(transaction, request, wire, now) {
      counts.retransmissions += 1;
      noteRepeat(transaction.story);
      if (transactions.advance(transaction, 'request', now) !== 'resend') return;
      // Only there: on others nobody asked for it.
      wire.text(transaction.last === '' ? answers.trying(request, wire) : transaction.last);
    },
    timeout(transaction, now) {
      if (!unanswered(transaction.state)) {
        transactions.advance(transaction, 'timeout', now);
        return false;
      }
      const invite = transaction.method === 'INVITE';
      if (!invite && now < transaction.deadline) {
        count(counts, transaction, 100);
        send(transaction, answers.trying(original(transaction), transaction.wire));
        transactions.waitOn(transaction);
        return false;
      }
      // RFC 3261 16.7 step 5: who rang may answer before the CANCEL is there, and a 2xx must pass. So its end is waited for.
      if (invite && transaction.last !== '' && !transaction.cancelled && !transaction.expired) {
        transactions.expire(transaction, now);
        return true;
      }
      giveUp(transaction, now);
      if (!invite) forgetRequest(transaction);
      return invite;
    },
  };
}

/** Whether an INVITE that rang until Timer C, and nobody cancelled, still waits for its end. */
function isEnding(transaction: ServerTransaction): boolean {
  return transaction.expired && !transaction.cancelled && unanswered(transaction.state);
}

function count(counts: Counts, transaction: ServerTransaction, status: number): void {
  const hundred = Math.floor(status / 100);
  counts.responses[hundred] = (counts.responses[hundred] ?? 0) + 1;
  if (status < 200) return;
  countMessage(counts, transaction.method, status, transaction.relay !== undefined);
  const { member } = transaction.wire;
  member.counts.responses += 1;
  if (member.conduct !== undefined) noteFinal(member.conduct, status);
}
