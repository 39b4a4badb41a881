import { checkResponse } from '@guildhall/proto/sip/check';
import { Header } from '@guildhall/proto/sip/header-name';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import { createViaSpans, scanVia } from '@guildhall/proto/sip/via-scan';
import { createBranchSpans, scanBranch } from './branch-scan.js';
import { eventOf, type Kind, type Step, step } from './client-transaction.js';
import type { Ends } from './ends.js';
import type { Events } from './events.js';
import { Failure, type Loss, losses } from './failover.js';
import { foreignClaims } from './foreign-claims.js';
import type { HopByHop } from './hop-by-hop.js';
import type { Link } from './member.js';
import { stripVia } from './rewrite.js';
import { createIsToSender } from './sender-via.js';
import { afterlife, type Sending } from './sending.js';
import { closeTry, isGivenUp, mayCallOff, type Transaction, uncount, wayToTry } from './transaction.js';
import type { Transactions } from './transactions.js';

/** What becomes of responses, whichever connection of their member they came in on. */
export interface Answers {
  /** `link` is the connection, if it is one of ours that can be written to. */
  response(m: Message, member: string, link: Link | undefined): void;
  /** A response that must not pass for this, as far as it could be read. */
  broken(m: Message, member: string, link: Link | undefined, error: SipError): void;
}

/** What answers go by. */
export interface AnswersSettings {
  /** ms by which the relay waits longer than ingress does, so that the answer to the sender is ingress's (RFC 3261 16.8). */
  readonly margin: number;
  /** Those that requests were read with. */
  readonly limits: SipLimits;
}

/** Matches responses to tries by branch and member, and moves their transactions on; what matches nothing is counted and dropped. */
export function createAnswers(
  transactions: Transactions,
  sending: Sending,
  hopByHop: HopByHop,
  ends: Ends,
  settings: AnswersSettings,
  clock: () => number,
  events: Events,
): Answers {
  /** Of the response at hand: our Via, which `asked` fills, and the branch in it. */
  const via = createViaSpans();
  const branch = createBranchSpans();
  const isToSender = createIsToSender(settings.limits);

  /** The transaction whose try a response answers, if its member is the one that was asked. */
  const asked = (m: Message, member: string): Transaction | undefined => {
    const index = firstHeader(m, Header.via);
    if (index < 0 || scanVia(m.buffer, m.start + headerValueStart(m, index), m.start + headerValueEnd(m, index), via) !== '')
      return undefined;
    if (!scanBranch(m.buffer, via.branch, via.branchEnd, branch)) return undefined;
    const transaction = transactions.match(m.buffer, branch);
    return transaction !== undefined && transaction.member.id === member ? transaction : undefined;
  };

  const pass = (transaction: Transaction, m: Message): boolean => {
    const edited = isToSender(m, via, transaction)
      ? stripVia(m, via.first - m.start, via.next < 0 ? -1 : via.next - m.start, foreignClaims(m, transaction.member.domains))
      : undefined;
    if (edited === undefined) {
      events.badAnswers += 1;
      // The final answer is still to come, or a CANCEL to be said.
      if (m.status < 200) return true;
      // Where one of them has passed, it was no end.
      if (transaction.state !== 'accepted') sending.lose(transaction, toNobody(transaction.member.id));
      return false;
    }
    ends.response(transaction, m.status, edited.text, m.buffer, m.start + edited.rest, m.end);
    return true;
  };

  const apply = (transaction: Transaction, next: Step, m: Message, link: Link | undefined): void => {
    if (m.status < 200) transaction.begun = true;
    if (next.ack) hopByHop.ack(transaction, m, wayBack(transaction, link), transaction.attempt);
    // RFC 6026 8: who has its end is told nothing more.
    const isPast = transaction.told && transaction.state !== 'accepted';
    if (next.pass && (isPast || isExcess(transaction, m))) events.strays += 1;
    else if (next.pass && !pass(transaction, m)) return;
    if (next.state === 'terminated' || (isPast && next.state === 'accepted')) {
      sending.end(transaction);
      return;
    }
    const now = clock();
    if (next.state !== transaction.state) {
      transaction.state = next.state;
      if (next.state === 'accepted' || next.state === 'cancelling') transaction.dueAt = now + afterlife;
      if (next.state === 'accepted') {
        uncount(transaction);
        transactions.lingers(transaction);
      }
    }
    // RFC 3261 16.8: a 101 to 199 sets Timer C anew.
    if (next.state === 'proceeding' && transaction.kind === 'invite' && m.status > 100)
      transaction.dueAt = now + transaction.wait + settings.margin;
    transaction.tryUntil = 0;
    transactions.schedule(transaction, now);
    if (next.cancel) sending.callOff(transaction, wayBack(transaction, link));
  };

  /**
   * An answer to a try that was given up, for another proxy or for good. The first final response counts, whichever try it answers; but a
   * refused INVITE is only acknowledged, since another proxy is ringing, and one that rings late is called off.
   */
  const late = (transaction: Transaction, attempt: number, m: Message, link: Link | undefined): void => {
    const settle = (next: Step): void => {
      if (link !== undefined && !transaction.told) transaction.address = link.address;
      apply(transaction, next, m, link);
    };
    if (transaction.kind !== 'invite') {
      const isAnswer = m.status >= 200 && m.status !== 503 && !isForbiddenTimeout(transaction.kind, m.status);
      const next = isAnswer ? step(transaction.kind, transaction.state, eventOf(m.status)) : undefined;
      if (next === undefined) events.strays += 1;
      else settle(next);
    } else if (m.status >= 300) {
      hopByHop.ack(transaction, m, link ?? wayToTry(transaction, attempt), attempt);
    } else if (m.status >= 200) {
      if (transaction.state === 'proceeding') callOff(transaction, transaction.attempt, transaction.link);
      const next = step('invite', transaction.state, 'success');
      if (next !== undefined) settle(next);
      else events.strays += 1;
    } else {
      callOff(transaction, attempt, link);
    }
    if (transaction.state === 'abandoned') sending.end(transaction);
  };

  const callOff = (transaction: Transaction, attempt: number, link: Link | undefined): void => {
    if (!mayCallOff(transaction, attempt)) return;
    if (hopByHop.cancel(transaction, link ?? wayToTry(transaction, attempt), attempt)) transaction.calledOff |= 1 << attempt;
  };

  /** An answer that must not pass. A provisional one is no end: all the same the far side has begun. */
  const unfit = (transaction: Transaction, m: Message, link: Link | undefined, error?: SipError): void => {
    events.badAnswers += 1;
    const isLate = isGivenUp(transaction, branch.attempt);
    if (m.status >= 200) closeTry(transaction, branch.attempt);
    if (transaction.state === 'accepted' && !isLate) return;
    if (m.status >= 200) {
      if (transaction.state !== 'accepted') sending.lose(transaction, losses.badAnswer(transaction.member.id, error));
    } else if (isLate) {
      late(transaction, branch.attempt, m, link);
    } else {
      const next = step(transaction.kind, transaction.state, 'trying');
      if (next !== undefined) apply(transaction, next, m, link);
    }
  };

  return {
    response(m, member, link) {
      const transaction = asked(m, member);
      if (transaction === undefined) {
        events.strays += 1;
        return;
      }
      // RFC 3261 17.1.3: the CSeq method must match too. A CANCEL of ours has the branch of its INVITE, and its answer ends here.
      if (!isOfMethod(m, transaction.method)) {
        if (transaction.kind !== 'invite') events.strays += 1;
        return;
      }
      if (checkResponse(m) !== undefined) {
        unfit(transaction, m, link);
        return;
      }
      const { attempt } = branch;
      const isLate = isGivenUp(transaction, attempt);
      if (m.status >= 200) closeTry(transaction, attempt);
      if (isLate) {
        late(transaction, attempt, m, link);
        return;
      }
      if (m.status === 503 && transaction.state !== 'accepted') {
        // Never passed on: a 503 would make the sender shun the whole hub (RFC 3261 16.7 step 6).
        events.overloads += 1;
        if (transaction.kind === 'invite') hopByHop.ack(transaction, m, wayBack(transaction, link), attempt);
        sending.retry(transaction, Failure.overloaded);
        return;
      }
      if (isForbiddenTimeout(transaction.kind, m.status)) {
        sending.lose(transaction, losses.silent(member));
        return;
      }
      const next = step(transaction.kind, transaction.state, eventOf(m.status));
      if (next === undefined) events.strays += 1;
      else apply(transaction, next, m, link);
    },
    broken(m, member, link, error) {
      const transaction = asked(m, member);
      if (transaction === undefined) events.badAnswers += 1;
      // Where the CSeq was not reached, it is taken for the answer to what was asked.
      else if (firstHeader(m, Header.cseq) < 0 || isOfMethod(m, transaction.method)) unfit(transaction, m, link, error);
    },
  };
}

/** Of an answer that nobody on its way back would take for his. */
function toNobody(member: string): Loss {
  return { code: 'bad-gateway', sentence: `the answer of ${member} has not the Via of who asked` };
}

/**
 * Bytes of responses to one INVITE that are passed on besides its first final one: hundreds. Without an end, whoever is called could
 * fill the caller's connection until it breaks, and with it what others have on it.
 */
const mostPassedBytes = 256 * 1024;

/** Whether a provisional, or one 2xx more, is too much. The first final response never is. */
function isExcess(transaction: Transaction, m: Message): boolean {
  if (m.status >= 200 && transaction.state !== 'accepted') return false;
  transaction.passedBytes += m.end - m.start;
  return transaction.passedBytes > mostPassedBytes;
}

/** A connection for what must be said of our own about a response: the one it came in on, else one to the same proxy. */
function wayBack(transaction: Transaction, link: Link | undefined): Link | undefined {
  if (link !== undefined) return link;
  return transaction.link?.isUp() === true ? transaction.link : transaction.proxy?.ready(transaction.number);
}

/** RFC 4320 4.2: nobody may say 408 to anything but INVITE, and passed on it would be the hub that says it. */
function isForbiddenTimeout(kind: Kind, status: number): boolean {
  return status === 408 && kind === 'other';
}

/** Whether CSeq ends in this method, without taking it apart. */
function isOfMethod(m: Message, method: string): boolean {
  const index = firstHeader(m, Header.cseq);
  if (index < 0) return false;
  const end = headerValueEnd(m, index);
  const start = end - method.length;
  const before = m.head.charCodeAt(start - 1);
  return start > headerValueStart(m, index) && (before === 0x20 || before === 0x09 || before === 0x0a) && m.head.startsWith(method, start);
}
