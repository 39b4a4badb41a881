import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Message } from '@guildhall/proto/sip/message';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import { badMessage, type RefuseAdmission } from './admit.js';
import type { AnsweredRefusal } from './answers.js';
import { joinWire, sentAgain } from './copies.js';
import { countMessage } from './counts.js';
import type { Stations } from './stations.js';
import { type ServerTransaction, transactionKey } from './transactions.js';
import type { Wire } from './wire.js';

/** How requests are refused. Every `now` is monotonic ms. */
export interface Refusing {
  /** Counts a refusal. */
  note(member: Wire['member'], status: number, code: ReasonCode, sentence: string): void;
  /** With one answer and nothing remembered. */
  atOnce(request: Message, wire: Wire, refusal: AnsweredRefusal, now: number): void;
  /** With a code of the table and its own sentence; a copy of what is under way is absorbed instead. */
  turnAway(request: Message, wire: Wire, code: ReasonCode, now: number): void;
  /** A copy of what is under way: absorbed, and answered where it came with that. */
  again(transaction: ServerTransaction, request: Message, wire: Wire, now: number): void;
  /** By admission. */
  refuse(request: Message, wire: Wire, refusal: RefuseAdmission, now: number): void;
  /** The hub has too much to do, and this member had its share of it. */
  shed(request: Message, wire: Wire, now: number): void;
  /** Whether a connection or its member has so much in flight that nothing more is taken. */
  isFull(wire: Wire): boolean;
}

/** The way of a request that goes nowhere. */
export function createRefusing(
  stations: Pick<Stations, 'answers' | 'counts' | 'limits' | 'records' | 'responses' | 'shedding' | 'transactions'>,
): Refusing {
  const { transactions, responses, answers, counts, limits, records } = stations;

  const note: Refusing['note'] = ({ counts: own, id }, status, code, sentence) => {
    own.refused += 1;
    counts.refusals.add(id, status, code, sentence);
  };

  const atOnce: Refusing['atOnce'] = (request, wire, refusal, now) => {
    note(wire.member, refusal.status, refusal.code, refusal.sentence);
    countMessage(counts, request.method, refusal.status, false);
    // A CANCEL has no record to look for.
    const serial = request.method === 'CANCEL' ? 0 : records.serial();
    const text = answers.refusal(request, wire, refusal, serial);
    if (text !== '') wire.text(text);
    records.refused(request, { peer: wire.member.id, source: wire.source }, refusal.status, refusal, serial, text.length, now);
  };

  const isFull: Refusing['isFull'] = ({ inFlight, member }) =>
    inFlight >= limits.inFlightPerConnection ||
    member.inFlight >= limits.inFlightPerMember ||
    member.transactions >= limits.transactionsPerMember;

  const turnAway: Refusing['turnAway'] = (request, wire, code, now) => {
    if (sentAgain(transactions, request, wire)) counts.retransmissions += 1;
    else atOnce(request, wire, { status: reasons[code].status, code, sentence: reasons[code].about, header: '' }, now);
  };

  const again: Refusing['again'] = (transaction, request, wire, now) => {
    if (joinWire(transaction, wire)) responses.again(transaction, request, wire, now);
    else turnAway(request, wire, 'in-flight-limit', now);
  };

  return {
    note,
    atOnce,
    isFull,
    turnAway,
    again,
    refuse(request, wire, refusal, now) {
      // A refused INVITE waits for its ACK, everything else is done with one answer. What has no key cannot be told apart.
      if (request.method !== 'INVITE' || !refusal.sound || isFull(wire)) {
        atOnce(request, wire, refusal, now);
        return;
      }
      const key = transactionKey(request, wire.member.id);
      const known = transactions.find(key);
      if (known !== undefined) {
        again(known, request, wire, now);
        return;
      }
      note(wire.member, refusal.status, refusal.code, refusal.sentence);
      const transaction = transactions.open(key, request, wire, now);
      transaction.story = records.begin(request, undefined);
      const text = answers.refusal(request, wire, refusal, transaction.story.serial);
      responses.say(transaction, refusal.status, text, now, refusal);
    },
    shed(request, wire, now) {
      const { member } = wire;
      if (sentAgain(transactions, request, wire)) return;
      member.allowance += 1;
      const refusal = { code: 'hub-overloaded', sentence: reasons['hub-overloaded'].about } as const;
      note(member, 503, refusal.code, refusal.sentence);
      countMessage(counts, request.method, 503, false);
      const serial = records.serial();
      const text = answers.overloaded(request, wire, serial);
      if (text !== '') wire.text(text);
      records.refused(request, { peer: member.id, source: wire.source }, 503, refusal, serial, text.length, now);
      stations.shedding.refused(member);
    },
  };
}

/**
 * The answer to a message that the reader refused, '' for none: RFC 3261 8.1.3, 17: neither a response nor an ACK is ever answered.
 */
export function refuseBroken(
  { answers, counts, records, clock }: Pick<Stations, 'answers' | 'clock' | 'counts' | 'records'>,
  error: SipError,
  message: Message,
  wire: Wire,
): string {
  const refusal = badMessage(error);
  counts.refusals.add(wire.member.id, refusal.status, refusal.code, refusal.sentence);
  wire.member.counts.refused += 1;
  if (message.status !== 0 || message.method === 'ACK') return '';
  countMessage(counts, message.method, refusal.status, false);
  const serial = records.serial();
  const text = answers.refusal(message, wire, refusal, serial);
  records.refused(message, { peer: wire.member.id, source: wire.source }, refusal.status, refusal, serial, text.length, clock());
  return text;
}
