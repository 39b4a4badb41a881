import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { reasons } from '@guildhall/proto/reason';
import { checkRequest } from '@guildhall/proto/sip/check';
import type { Message } from '@guildhall/proto/sip/message';
import { type AskAdmission, admit, admitAck, admitCancel } from './admit.js';
import { countMessage, methodIndex } from './counts.js';
import { hasToTag } from './dialog-route.js';
import type { KeptVerdict } from './kept-verdict.js';
import { takeToken } from './members.js';
import { passCancel } from './pass-cancel.js';
import { createRefusing } from './refusing.js';
import { endsDialog } from './rule-checks.js';
import { unanswered } from './server-transaction.js';
import type { Stations } from './stations.js';
import { noteDecision } from './story.js';
import { asLooseRouted, mayBeOwnRoute } from './strict-route.js';
import { enterPair, type ServerTransaction, topVia, transactionKey } from './transactions.js';
import { verdictKey } from './verdicts.js';
import { createWaiting } from './waiting.js';
import { overRate } from './watch-list.js';
import type { Wire } from './wire.js';

/** Takes requests from authenticated wires. */
export interface Requests {
  /** Hot path. Never throws for what a peer sent. */
  take(request: Message, wire: Wire): void;
  /** Requests that wait for a verdict. */
  waiting(): number;
}

/** Of all requests in flight, how many may be outside dialogs. */
const newShare = 0.9;

/** What is never shed though it may be in no dialog: BYE ends something, and a proxy that asks whether the hub is there would turn away from it. */
function mayBeShed({ method }: Message): boolean {
  return method !== 'BYE' && method !== 'OPTIONS';
}

/** Of a request that its sender cancelled before it went anywhere. */
const cancelled = { code: 'cancelled', sentence: reasons.cancelled.about } as const;

/** A request that waits for its verdict; an ACK has no transaction. */
interface Waiter {
  readonly request: Message;
  readonly wire: Wire;
  readonly admission: AskAdmission;
  readonly transaction: ServerTransaction | undefined;
}

/** The walk of a request through ingress (DESIGN 2), one verb a step. */
export function createRequests(stations: Stations): Requests {
  const { hub, transactions, responses, answers, verdicts, relays, forwards, counts, limits, records, clock } = stations;

  const { note, atOnce, turnAway, again, refuse, shed, isFull } = createRefusing(stations);

  const act = (transaction: ServerTransaction, request: Message, admission: AskAdmission, given: KeptVerdict, now: number): void => {
    const ends = endsDialog(request, admission);
    const { member } = transaction.wire;
    const verdict = given.checks === undefined || ends ? given : stations.rules.judge(given, request, admission, member.id, now);
    const { story } = transaction;
    noteDecision(story, verdict, now);
    if (verdict.action !== 'forward' && !(ends && verdict.byRules)) {
      note(member, verdict.status, verdict.code, verdict.sentence);
      const text = answers.withLines(request, transaction.wire, verdict.status, stations.verdictLines(verdict, member.id), story.serial);
      responses.say(transaction, verdict.status, text, now, verdict);
      return;
    }
    const target = admission.target === '' ? verdict.member : admission.target;
    const recordRoute = admission.usage === '' ? '' : stations.recordRoute(admission, verdict);
    const queue = relays.ownerOf(target);
    if (queue === undefined || recordRoute === undefined) {
      responses.refuse(transaction, 503, 'hub-unavailable', reasons['hub-unavailable'].about, now);
      return;
    }
    // Whoever does not answer keeps nobody from talking to the others.
    if (!enterPair(transaction, target, limits.inFlightPerPair)) {
      responses.refuse(transaction, 500, 'member-queue-full', `too many requests wait for ${target} already`, now);
      return;
    }
    transaction.recordRoute = recordRoute;
    transaction.loop = admission.loop;
    forwards.request(queue, transaction, now, request.buffer, request.start, request.end);
  };

  const passAck = ({ request, wire, admission }: Waiter, verdict: KeptVerdict | undefined): void => {
    // The call was let in: no rule keeps its ACK back.
    const passes = verdict !== undefined && (verdict.action === 'forward' || verdict.byRules);
    const queue = passes ? relays.ownerOf(admission.target) : undefined;
    if (queue === undefined) {
      counts.acksDropped += 1;
      return;
    }
    counts.acksForwarded += 1;
    forwards.add(
      queue,
      {
        kind: ForwardKind.ACK,
        transaction: transactions.freshId(),
        member: admission.target,
        source: wire.source,
        recordRoute: '',
        loop: admission.loop,
        wait: stations.ackWait,
      },
      request.buffer,
      request.start,
      request.end,
    );
  };

  const goOn = (waiter: Waiter, verdict: KeptVerdict | undefined): void => {
    const { request, admission, transaction } = waiter;
    if (transaction === undefined) {
      passAck(waiter, verdict);
      return;
    }
    // Its time may have run out while it waited.
    if (!unanswered(transaction.state)) return;
    const now = clock();
    if (transaction.cancelled) {
      // RFC 3261 9.2: cancelled before it went anywhere.
      responses.say(transaction, 487, answers.withLines(request, transaction.wire, 487, []), now, cancelled);
    } else if (verdict === undefined) {
      responses.refuse(transaction, 503, 'hub-unavailable', 'the hub could not find out whether this is allowed', now);
    } else {
      act(transaction, request, admission, verdict, now);
    }
  };

  const waiting = createWaiting<Waiter>(verdicts, limits.verdictWaiting, goOn, (waiter) => stations.traceOf(waiter.transaction));

  const ack = (request: Message, wire: Wire, now: number): void => {
    const member = wire.member;
    if (checkRequest(request) !== undefined || !takeToken(member, limits.requestsPerSecond, now)) {
      counts.acksDropped += 1;
      return;
    }
    const known = transactions.find(transactionKey(request, member.id));
    if (known !== undefined && transactions.advance(known, 'ack', now) !== 'pass') return;
    const admission = admitAck(request, member.id, hub);
    if (admission === undefined || stations.unavailable() === 'hub-unavailable') {
      counts.acksDropped += 1;
      return;
    }
    const key = verdictKey(admission);
    const verdict = verdicts.get(key, admission, now);
    const waiter: Waiter = { request, wire, admission, transaction: undefined };
    if (verdict !== undefined) passAck(waiter, verdict);
    else if (!waiting.add(key, admission, waiter)) counts.acksDropped += 1;
  };

  const cancel = (request: Message, wire: Wire, now: number): void => {
    const refusal = admitCancel(request, wire.member.id, hub);
    if (refusal !== undefined) {
      atOnce(request, wire, refusal, now);
      return;
    }
    const known = transactions.find(transactionKey(request, wire.member.id));
    // The first CANCEL of a call always counts: there are no more of them than calls.
    const over = !takeToken(wire.member, limits.requestsPerSecond, now) && known?.cancelled !== false;
    if (known === undefined || over) {
      turnAway(request, wire, over ? 'rate-limit' : 'no-such-transaction', now);
      return;
    }
    counts.cancels += 1;
    const ok = answers.ok(request, wire);
    if (ok !== '') wire.text(ok);
    if (known.state !== 'proceeding' || known.cancelled) return;
    known.cancelled = true;
    known.cancel = Buffer.from(request.buffer.subarray(request.start, request.end));
    transactions.shorten(known, now);
    if (known.relay !== undefined) passCancel(forwards, known, known.cancel, now);
  };

  const request = (message: Message, wire: Wire, spent: boolean, now: number): void => {
    const member = wire.member;
    const closed = stations.unavailable();
    if (closed !== '') {
      turnAway(message, wire, closed, now);
      return;
    }
    if (spent && mayBeShed(message) && !hasToTag(message)) {
      shed(message, wire, now);
      return;
    }
    const over = overRate(member, message, limits.requestsPerSecond, now);
    if (over !== '') {
      turnAway(message, wire, over, now);
      return;
    }
    const admission = admit(message, member.id, hub);
    if (admission.kind === 'refuse') {
      refuse(message, wire, admission, now);
      return;
    }
    if (admission.kind === 'answer') {
      const text = answers.ok(message, wire);
      wire.text(text);
      countMessage(counts, message.method, 200, false);
      records.answered(message, { peer: member.id, source: wire.source }, text.length, now);
      return;
    }
    // A To tag alone makes no dialog of ours.
    if (spent && admission.token === undefined && mayBeShed(message)) {
      shed(message, wire, now);
      return;
    }
    const via = topVia(message);
    const key = transactionKey(message, member.id, via);
    const known = transactions.find(key);
    if (known !== undefined) {
      again(known, message, wire, now);
      return;
    }
    if (isFull(wire)) {
      turnAway(message, wire, 'in-flight-limit', now);
      return;
    }
    // What belongs to a dialog is worth more than what would open one (DESIGN 9).
    if (transactions.inFlight() >= (admission.token === undefined ? limits.inFlight * newShare : limits.inFlight)) {
      turnAway(message, wire, 'hub-overloaded', now);
      return;
    }
    const transaction = transactions.open(key, message, wire, now);
    transaction.story = records.begin(message, admission);
    transaction.oc = via.overload;
    // RFC 3261 16.2: a proxy answers an INVITE with 100 at once.
    if (message.method === 'INVITE') wire.text(answers.trying(message, wire));
    const question = verdictKey(admission);
    const verdict = verdicts.get(question, admission, now);
    if (verdict !== undefined) {
      act(transaction, message, admission, verdict, now);
    } else if (!waiting.add(question, admission, { request: message, wire, admission, transaction })) {
      responses.refuse(transaction, 503, 'hub-overloaded', reasons['hub-overloaded'].about, now);
    }
  };

  return {
    waiting: () => waiting.size(),
    take(came, wire) {
      const now = clock();
      const message = mayBeOwnRoute(came) ? asLooseRouted(came, hub.readToken, limits) : came;
      const { method } = message;
      const { member } = wire;
      const index = methodIndex(method);
      counts.requests[index] = (counts.requests[index] ?? 0) + 1;
      member.counts.requests += 1;
      member.asked += 1;
      member.allowance -= 1;
      const spent = member.allowance < 0;
      if (spent) stations.shedding.overdrawn(member);
      if (method === 'ACK') ack(message, wire, now);
      else if (method === 'CANCEL') cancel(message, wire, now);
      else request(message, wire, spent, now);
    },
  };
}
