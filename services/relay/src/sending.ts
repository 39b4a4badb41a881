import { createSlices } from '@guildhall/chassis/slices';
import type { Turn } from '@guildhall/chassis/turn';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { step } from './client-transaction.js';
import { noteWriting } from './course.js';
import type { Ends } from './ends.js';
import type { Events } from './events.js';
import { Failure, type Loss, losses, lossOf } from './failover.js';
import type { HopByHop } from './hop-by-hop.js';
import type { Link, MemberProxy } from './member.js';
import type { Line } from './queue.js';
import { restingFaults, soonDialled } from './resting.js';
import { type Here, rewrite } from './rewrite.js';
import { nextTarget } from './targets.js';
import { isCalledOff, type Transaction, triedBy, uncount, wayTo } from './transaction.js';
import { branchOf, type Transactions } from './transactions.js';

/** How a transaction gets to a proxy of its member, to the next one, or to its end. */
export interface Sending {
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
  /** Its due time has come. */
  due(transaction: Transaction, now: number): void;
  /** A link of this proxy is up: what waits is written. */
  flush(proxy: MemberProxy): void;
  /** A dial failed: what waits goes over another link, or elsewhere unless one is still being dialled. */
  fail(proxy: MemberProxy): void;
  /** A lost link is being redialled: what it carried waits for that, under the same branch. */
  requeue(link: Link, proxy: MemberProxy): void;
  /**
   * What was written to a link, or to it by this time (monotonic ms) and not twice, may have been lost on the way: what is unanswered is written again
   * under the same branch.
   */
  repeat(link: Link, proxy: MemberProxy, by?: number): void;
  /** A link, of this proxy where it was dialled, is gone: what it carried goes elsewhere. */
  orphan(link: Link, proxy?: MemberProxy): void;
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

/** ms of a turn for what a lost link carried, of which there may be thousands. */
const orphansATurn = 3;

/** A transaction that a link carried when it was lost. */
interface Orphan {
  readonly transaction: Transaction;
  readonly link: Link;
  readonly failure: number;
}

/** How often the same request is written to the same proxy again because its connection was lost. */
const mostResends = 1;

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

  const end = (transaction: Transaction): void => {
    release(transaction);
    transaction.state = 'terminated';
    transaction.link = undefined;
    uncount(transaction);
    if (transaction.kind !== 'ack') transactions.close(transaction);
  };

  const lose = (transaction: Transaction, loss: Loss): void => {
    if (transaction.state === 'terminated') return;
    if (transaction.kind !== 'ack') ends.lost(transaction, loss);
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
    } catch {
      lose(transaction, losses.badRequest);
      return;
    }
    const now = rim.clock();
    noteWriting(transaction, now);
    release(transaction);
    transaction.written = true;
    transaction.link = link;
    const next = step(transaction.kind, transaction.state, 'written');
    transaction.state = next?.state ?? transaction.state;
    if (transaction.state === 'terminated') end(transaction);
    else if (transaction.member.proxies.length > 1) transaction.tryUntil = now + settings.attempt;
  };

  const route = (transaction: Transaction, message: Message | undefined): void => {
    const { member } = transaction;
    const tried = triedBy(transaction);
    const proxy = nextTarget(member.proxies, tried, rim.random()) ?? soonDialled(member, tried);
    if (proxy === undefined) {
      const failures = transaction.failures | restingFaults(member, tried);
      lose(transaction, failures === 0 && member.unlocated !== '' ? losses.notLocated(member.unlocated) : lossOf(member.id, failures));
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
    transaction.state = next.state;
    transaction.link = undefined;
    transaction.tryUntil = 0;
    if (next.cancelled) {
      lose(transaction, losses.cancelled(transaction.member.id));
    } else if (transaction.begun && failure !== Failure.overloaded) {
      // The far side had begun: another proxy could ring, or deliver, a second time.
      lose(transaction, lossOf(transaction.member.id, transaction.failures));
    } else {
      transaction.begun = false;
      route(transaction, undefined);
      schedule(transaction);
    }
  };

  const again = (transaction: Transaction, proxy: MemberProxy): void => {
    if (transaction.resends >= mostResends || isCalledOff(transaction)) {
      retry(transaction, Failure.unreachable);
      return;
    }
    transaction.resends += 1;
    resend(transaction, proxy);
  };

  const resend = (transaction: Transaction, proxy: MemberProxy): void => {
    const next = step(transaction.kind, transaction.state, 'retry');
    if (next === undefined) return;
    transaction.state = next.state;
    transaction.link = undefined;
    transaction.tryUntil = 0;
    events.resends += 1;
    wait(transaction, proxy.line);
  };

  const flush = (proxy: MemberProxy): void => {
    proxy.line.drain((transaction) => {
      const link = proxy.ready(transaction.number);
      if (link === undefined) {
        wait(transaction, proxy.line);
        return;
      }
      write(transaction, link, undefined);
      schedule(transaction);
    });
  };

  const orphans = createSlices<Orphan>(settings.turn, orphansATurn, rim.clock, ({ transaction, link, failure }) => {
    // Meanwhile it may have ended, or gone elsewhere.
    if (transaction.link === link) retry(transaction, failure);
  });

  return {
    route,
    wait,
    retry,
    lose,
    end,
    cancel(transaction) {
      const next = step(transaction.kind, transaction.state, 'cancel');
      if (next === undefined) return;
      transaction.state = next.state;
      if (next.cancelled) {
        lose(transaction, losses.cancelled(transaction.member.id));
        return;
      }
      if (next.cancel) hopByHop.cancel(transaction, wayTo(transaction), transaction.attempt);
      transaction.tryUntil = 0;
      transaction.dueAt = rim.clock() + afterlife;
      schedule(transaction);
    },
    due(transaction, now) {
      if (now < transaction.dueAt) {
        transaction.tryUntil = 0;
        const other = nextTarget(transaction.member.proxies, triedBy(transaction), rim.random());
        if (transaction.state === 'calling' && other !== undefined) retry(transaction, Failure.unreachable);
        else schedule(transaction);
        return;
      }
      const next = step(transaction.kind, transaction.state, 'deadline');
      if (transaction.state !== 'accepted') events.deadlines += 1;
      if (next?.cancel === true) hopByHop.cancel(transaction, wayTo(transaction), transaction.attempt);
      transaction.state = next?.state ?? 'terminated';
      if (transaction.state === 'terminated') {
        ends.expired(transaction);
        end(transaction);
        return;
      }
      transaction.tryUntil = 0;
      transaction.dueAt = now + afterlife;
      schedule(transaction);
    },
    flush,
    fail(proxy) {
      const condition = proxy.condition();
      // Another link of it takes what waited for this one.
      if (condition === 'up') flush(proxy);
      if (condition === 'up' || condition === 'opening') return;
      proxy.line.drain((transaction) => retry(transaction, proxy.fault() || Failure.unreachable));
    },
    requeue(link, proxy) {
      transactions.each((transaction) => {
        if (transaction.link === link && transaction.state !== 'accepted') again(transaction, proxy);
      });
      if (proxy.condition() === 'up') flush(proxy);
    },
    repeat(link, proxy, by) {
      transactions.each((transaction) => {
        if (transaction.link !== link || transaction.state === 'accepted' || isCalledOff(transaction)) return;
        if (by !== undefined) {
          if (transaction.lastAt > by || transaction.resends >= mostResends) return;
          transaction.resends += 1;
        }
        resend(transaction, proxy);
      });
      flush(proxy);
    },
    orphan(link, proxy) {
      const failure = proxy?.fault() || Failure.unreachable;
      transactions.each((transaction) => {
        if (transaction.link === link) orphans.take({ transaction, link, failure });
      });
    },
  };
}
