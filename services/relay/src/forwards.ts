import { type ForwardBatch, ForwardKind, type TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { isReasonCode } from '@guildhall/proto/reason';
import { Header } from '@guildhall/proto/sip/header-name';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValue, type Message, parseMessage } from '@guildhall/proto/sip/message';
import { readSender, type Sender, unknownSender } from '@guildhall/proto/sip/received';
import type { Kind } from './client-transaction.js';
import { noCourse } from './course.js';
import type { Events } from './events.js';
import { losses } from './failover.js';
import type { Final } from './finals.js';
import { readForwards } from './forward-batch.js';
import type { Members } from './members.js';
import type { Back, Outcomes } from './outcomes.js';
import { noteVias } from './sender-via.js';
import type { Sending } from './sending.js';
import { newTransaction, openTry } from './transaction.js';
import type { Transactions } from './transactions.js';

/** What forwards are read and timed by. */
export interface ForwardsSettings {
  readonly limits: SipLimits;
  /** ms by which the relay waits longer than the sender's ingress. */
  readonly margin: number;
  /** Transactions to one member at a time. */
  readonly perMember: number;
}

/** No sender waits for longer, whatever a batch says, ms. */
const longestWait = 3_600_000;

/** What the entries of one batch share. */
interface Context {
  readonly sources: readonly Sender[];
  readonly back: Back;
  /** Ends this ingress was told already, where the batch was handed over before. */
  readonly told: ReadonlyMap<number, Final>;
  /** By entry, where traces are made of some. */
  readonly traced: ReadonlyMap<number, TracedForward> | undefined;
  readonly now: number;
}

/** Takes batches of forwards from the bus, one call each. */
export function createForwards(
  transactions: Transactions,
  members: Members,
  sending: Sending,
  outcomes: Outcomes,
  settings: ForwardsSettings,
  clock: () => number,
  events: Events,
): (payload: Uint8Array) => void {
  /** Sent again after a change of owner or a reconnect: the first copy is on its way, or its answer is here. */
  const isKnown = (epoch: string, number: number, back: Back, told: ReadonlyMap<number, Final>): boolean => {
    const final = told.get(number);
    if (final?.kind === 'response') back.response(number, final.status, final.course, '', final.wire, final.start, final.end);
    if (final?.kind === 'gone') {
      const code = isReasonCode(final.code) ? final.code : 'member-unreachable';
      back.gone(number, { code, sentence: final.sentence }, final.course);
    }
    return final !== undefined || transactions.find(epoch, number) !== undefined;
  };

  const open = (batch: ForwardBatch, index: number, { sources, back, told, traced, now }: Context, bytes: Buffer): void => {
    const number = batch.transaction[index] ?? 0;
    const loop = batch.loop[index] ?? 0;
    const isAck = batch.kind[index] === ForwardKind.ACK;
    if (isAck) {
      events.acks += 1;
    } else if (isKnown(batch.epoch, number, back, told)) {
      events.duplicates += 1;
      return;
    } else {
      events.requests += 1;
    }
    let message: Message;
    try {
      message = parseMessage(bytes, settings.limits);
    } catch (error) {
      if (!isAck) back.gone(number, losses.badRequest(error), noCourse);
      return;
    }
    const member = members.get(batch.members[batch.member[index] ?? 0] ?? '', now);
    if (member === undefined) {
      if (!isAck) back.gone(number, losses.hubFull, noCourse);
      return;
    }
    if (!isAck && member.inFlight >= settings.perMember) {
      back.gone(number, losses.tooMany(member.id), noCourse);
      return;
    }
    const record = batch.recordRoute[index] ?? 0;
    const wait = Math.min(batch.wait[index] ?? 0, longestWait);
    const transaction = newTransaction({
      kind: kindOf(isAck, message.method),
      method: message.method,
      number,
      epoch: batch.epoch,
      loop,
      back,
      member,
      recordRoute: record === 0 ? '' : (batch.recordRoutes[record - 1] ?? ''),
      source: sources[batch.source[index] ?? 0] ?? unknownSender,
      bytes,
      wait,
      arrivedAt: now,
      dueAt: now + wait + settings.margin,
      trace: traced?.get(index),
    });
    noteVias(transaction, message);
    if (!isAck && !transactions.open(transaction)) {
      back.gone(number, losses.hubFull, noCourse);
      return;
    }
    // RFC 3261 9.1: what another relay may have written is not ended here as if nobody had heard of it.
    if (batch.again && !isAck) {
      transaction.state = 'again';
      openTry(transaction, 0);
    }
    member.inFlight += 1;
    transaction.counted = true;
    members.dispatch(transaction, message, now);
    if (!isAck && transaction.state !== 'terminated') transactions.schedule(transaction, now);
  };

  const cancel = (batch: ForwardBatch, index: number, bytes: Buffer): void => {
    events.cancels += 1;
    const transaction = transactions.find(batch.epoch, batch.transaction[index] ?? 0);
    if (transaction === undefined) return;
    transaction.cancelReason = reasonOf(bytes, settings.limits);
    sending.cancel(transaction);
  };

  return (payload) => {
    const batch = readForwards(payload);
    if (batch === undefined) {
      events.forwardBatchesBad += 1;
      return;
    }
    const now = clock();
    const back = outcomes.to(batch.ingress, batch.epoch);
    back.heard(batch.sent, now);
    const context: Context = {
      sources: batch.sources.map(readSender),
      back,
      told: batch.again ? back.told() : nothingTold,
      traced: batch.traced.length === 0 ? undefined : new Map(batch.traced.map((one) => [one.entry, one])),
      now,
    };
    let at = 0;
    for (let index = 0; index < batch.kind.length; index += 1) {
      const until = at + (batch.length[index] ?? 0);
      const bytes = batch.wire.subarray(at, until);
      at = until;
      const kind = batch.kind[index];
      if (kind === ForwardKind.CANCEL) cancel(batch, index, bytes);
      else if (kind === ForwardKind.REQUEST || kind === ForwardKind.ACK) open(batch, index, context, bytes);
      // A newer ingress says something that this relay does not know.
      else events.forwardsUnknown += 1;
    }
  };
}

const nothingTold: ReadonlyMap<number, Final> = new Map();

function kindOf(isAck: boolean, method: string): Kind {
  if (isAck) return 'ack';
  return method === 'INVITE' ? 'invite' : 'other';
}

/** The Reason of a CANCEL as it came, passed on with ours (RFC 3326), or ''. */
function reasonOf(bytes: Buffer, limits: SipLimits): string {
  try {
    const m = parseMessage(bytes, limits);
    const index = firstHeader(m, Header.reason);
    return index < 0 ? '' : headerValue(m, index);
  } catch {
    return '';
  }
}
