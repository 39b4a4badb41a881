import type { Turn } from '@guildhall/chassis/turn';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { step } from './client-transaction.js';
import { noteWriting } from './course.js';
import type { Ends } from './ends.js';
import type { Events } from './events.js';
import { Failure, type Loss, losses, lossOf } from './failover.js';
import type { HopByHop } from './hop-by-hop.js';
import { createLostLinks, type LostLinks } from './lost-links.js';
import type { Link, MemberProxy } from './member.js';
import { createOutlasting } from './outlasting.js';
import type { Line } from './queue.js';
import { restingFaults, soonDialled } from './resting.js';
import { type Here, rewrite } from './rewrite.js';
import { nextTarget } from './targets.js';
import { isCalledOff, mayReturn, openTry, saysCancelOnly, type Transaction, triedBy, uncount, wayTo } from './transaction.js';
import { branchOf, type Transactions } from './transactions.js';

/** How a transaction gets to a proxy of its member, to the next one, or to its end. */
export interface Sending extends LostLinks {
  /** Its door is known: finds a proxy and writes, or waits for one. `message` is its request if it is parsed already. */
  route(transaction: Transaction, message: Message | undefined): void;
  /** Waits in a line, within its member's budget. */
  wait(transaction: Transaction, line: Line<Transaction>): void;
  /** A try ended without an answer for the sender: the next proxy, or the end. `failure` is a bit of Failure. */
  retry(transaction: Transaction, failure: number): void;
  /** Ends it and tells the ingress why. */
  lose(transaction: Transaction, loss: Loss): void;
  /** Ends it. */
  end(transaction: Transaction): void;
  /** Its sender cancelled it. */
  cancel(transaction: Transaction): void;
  /** Says CANCEL of the present try, over this link; where it cannot take it, over the next one to the same proxy. */
  callOff(transaction: Transaction, link: Link | undefined): void;
  /** Its due time has come. */
  due(transaction: Transaction, now: number): void;
  /** A link of this proxy is up: what waits is written. */
  flush(proxy: MemberProxy): void;
}

/** How requests are written, and how long a try may take. */
export interface SendingSettings {
  readonly here: Here;
  readonly limits: SipLimits;
  /** ms one proxy of several may be silent. */
  readonly attempt: number;
  readonly turn: Turn;
}

/** 64*T1 (RFC 3261 9.1, RFC 6026): how long an INVITE that is cancelled or accepted is still known, ms. */
export const afterlife = 32_000;

/** Moves transactions over links. `rim` is monotonic ms and 0 <= random < 1. */
export function createSending(
  transactions: Transactions,
  hopByHop: HopByHop,
  ends: Ends,
  settings: SendingSettings,
  rim: { clock: () => number; random: () => number },
  events: Events,
): Sending {
  const release = (transaction: Transaction): void => {
    if (!transaction.admitted) return;
    transaction.admitted = false;
    transaction.member.budget.release(transaction.bytes.length);
  };

  const close = (transaction: Transaction): void => {
    release(transaction);
    transaction.state = 'terminated';
    transaction.link = undefined;
    uncount(transaction);
    if (transaction.kind !== 'ack') transactions.close(transaction);
  };

  const end = (transaction: Transaction): void => {
    if (transaction.open === 0) {
      close(transaction);
      return;
    }
    if (transaction.state === 'abandoned') return;
    // RFC 3261 16.7 step 10 and 9.1: what said nothing so far is cancelled if it rings.
    release(transaction);
    transaction.state = 'abandoned';
    transaction.link = undefined;
    uncount(transaction);
    transaction.tryUntil = 0;
    transaction.dueAt = rim.clock() + afterlife;
    transactions.lingers(transaction);
    transactions.schedule(transaction, rim.clock());
  };

  const lose = (transaction: Transaction, loss: Loss): void => {
    if (transaction.state === 'terminated') return;
    if (transaction.kind !== 'ack' && !transaction.told) ends.lost(transaction, loss);
    end(transaction);
  };

  const schedule = (transaction: Transaction): void => {
    if (transaction.state !== 'terminated' && transaction.kind !== 'ack') transactions.schedule(transaction, rim.clock());
  };

  const wait = (transaction: Transaction, line: Line<Transaction>): void => {
    if (!transaction.admitted) {
      if (!transaction.member.budget.admit(transaction.bytes.length)) {
        lose(transaction, losses.queueFull(transaction.member.id));
        return;
      }
      transaction.admitted = true;
    }
    line.push(transaction);
  };

  const write = (transaction: Transaction, link: Link, given: Message | undefined): void => {
    if (!link.hasRoom()) {
      lose(transaction, losses.queueFull(transaction.member.id));
      return;
    }
    try {
      const message = given ?? parseMessage(transaction.bytes, settings.limits);
      const { recordRoute, source, attempt } = transaction;
      const { text, rest } = rewrite(message, { here: settings.here, branch: branchOf(transaction, attempt), recordRoute, source });
      link.write(text, message.buffer, message.start + rest, message.end);
    } catch (error) {
      lose(transaction, losses.badRequest(error));
      return;
    }
    const now = rim.clock();
    noteWriting(transaction, now);
    release(transaction);
    transaction.written = true;
    openTry(transaction, transaction.attempt);
    transaction.link = link;
    const next = step(transaction.kind, transaction.state, 'written');
    transaction.state = next?.state ?? transaction.state;
    if (transaction.state === 'terminated') end(transaction);
    else if (transaction.member.proxies.length > 1) transaction.tryUntil = now + settings.attempt;
  };

  const route = (transaction: Transaction, message: Message | undefined): void => {
    const { member } = transaction;
    if (saysCancelOnly(transaction)) {
      outlasting.goOn(transaction);
      return;
    }
    const tried = triedBy(transaction);
    const proxy = nextTarget(member.proxies, tried, rim.random()) ?? soonDialled(member, tried);
    if (proxy === undefined) {
      const failures = transaction.failures | restingFaults(member, tried);
      if (isCalledOff(transaction)) lose(transaction, losses.cancelled(member.id));
      else lose(transaction, failures === 0 && member.unlocated !== '' ? losses.notLocated(member.unlocated) : lossOf(member.id, failures));
      return;
    }
    transaction.earlier = tried;
    transaction.proxy = proxy;
    transaction.address = proxy.address;
    if (transaction.written) {
      // RFC 3263 4.3: the next target is a new transaction there, so it takes a new branch.
      transaction.attempt += 1;
      transaction.written = false;
      transaction.resends = 0;
      events.failovers += 1;
    }
    const link = proxy.ready(transaction.number);
    if (link !== undefined) {
      write(transaction, link, message);
      return;
    }
    wait(transaction, proxy.line);
    proxy.want();
  };

  const retry = (transaction: Transaction, failure: number): void => {
    const next = step(transaction.kind, transaction.state, 'retry');
    if (next === undefined) return;
    transaction.failures |= failure;
    const rings = transaction.begun && failure !== Failure.overloaded;
    if (next.cancelled) {
      const { member, proxy } = transaction;
      if (!rings) lose(transaction, losses.cancelled(member.id));
      else outlasting.begin(transaction, mayReturn(proxy) ? undefined : losses.cancelled(member.id));
      return;
    }
    transaction.state = next.state;
    transaction.link = undefined;
    transaction.tryUntil = 0;
    if (rings) {
      // The far side had begun: another proxy could ring, or deliver, a second time.
      const loss = lossOf(transaction.member.id, transaction.failures);
      if (transaction.kind === 'invite') outlasting.begin(transaction, loss);
      else lose(transaction, loss);
    } else {
      transaction.begun = false;
      route(transaction, undefined);
      schedule(transaction);
    }
  };

  const hold = (transaction: Transaction, proxy: MemberProxy): void => {
    const next = step(transaction.kind, transaction.state, 'again');
    if (next === undefined) return;
    transaction.state = next.state;
    transaction.link = undefined;
    transaction.tryUntil = 0;
    wait(transaction, proxy.line);
  };

  const flush = (proxy: MemberProxy): void => {
    proxy.line.drain((transaction) => {
      const link = proxy.ready(transaction.number);
      if (link === undefined) {
        wait(transaction, proxy.line);
        return;
      }
      if (saysCancelOnly(transaction)) {
        // RFC 3261 9.1: what was to follow from a provisional that was heard before follows now.
        transaction.state = step(transaction.kind, transaction.state, 'trying')?.state ?? transaction.state;
        transaction.link = link;
        release(transaction);
        callOff(transaction, link);
      } else {
        write(transaction, link, undefined);
      }
      schedule(transaction);
    });
  };

  const callOff = (transaction: Transaction, link: Link | undefined): void => {
    if (hopByHop.cancel(transaction, link, transaction.attempt)) return;
    const { proxy } = transaction;
    if (mayReturn(proxy) && proxy.condition() !== 'up') hold(transaction, proxy);
  };

  const outlasting = createOutlasting(ends, { wait, flush, end, schedule });

  return {
    route,
    wait,
    retry,
    lose,
    end,
    cancel(transaction) {
      const next = step(transaction.kind, transaction.state, 'cancel');
      if (next === undefined) return;
      if (next.cancelled) {
        lose(transaction, losses.cancelled(transaction.member.id));
        return;
      }
      transaction.state = next.state;
      transaction.tryUntil = 0;
      transaction.dueAt = rim.clock() + afterlife;
      schedule(transaction);
      if (next.cancel) callOff(transaction, wayTo(transaction));
    },
    callOff,
    due(transaction, now) {
      if (now < transaction.dueAt) {
        transaction.tryUntil = 0;
        const other = nextTarget(transaction.member.proxies, triedBy(transaction), rim.random());
        if (transaction.state === 'calling' && other !== undefined) retry(transaction, Failure.unreachable);
        else schedule(transaction);
        return;
      }
      const next = step(transaction.kind, transaction.state, 'deadline');
      if (!transaction.told) events.deadlines += 1;
      transaction.state = next?.state ?? 'terminated';
      if (transaction.state === 'terminated') {
        ends.expired(transaction);
        close(transaction);
        return;
      }
      transaction.tryUntil = 0;
      transaction.dueAt = now + afterlife;
      schedule(transaction);
      if (next?.cancel === true) callOff(transaction, wayTo(transaction));
    },
    flush,
    ...createLostLinks(transactions, { retry, flush, hold }, settings.turn, rim.clock, events),
  };
}
