import type { Bus } from '@guildhall/chassis/bus';
import type { MakeUnheard, Unheard } from '@guildhall/chassis/bus-unheard';
import type { Turn } from '@guildhall/chassis/turn';
import type { Told } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import type { Course } from './course.js';
import type { Events } from './events.js';
import type { Loss } from './failover.js';
import { createFinals, type Final } from './finals.js';
import { createOutcomeBatch } from './outcome-batch.js';
import { createToldCounts, type ToldCount } from './told-counts.js';

/** The way back to one incarnation of one ingress: everything said in a turn of the event loop leaves as one message. */
export interface Back {
  readonly ingress: string;
  readonly epoch: string;
  /** A response: `text` (latin1), and then source[start, end). */
  response(transaction: number, status: number, course: Course, text: string, source: Buffer, start: number, end: number): void;
  /** No response will come. */
  gone(transaction: number, loss: Loss, course: Course): void;
  /** The ends of transactions told lately, by transaction. */
  told(): ReadonlyMap<number, Final>;
  /** A batch that the ingress sent at `sent` of its own clock was taken: the next outcomes say so. */
  heard(sent: number, now: number): void;
}

/** What `Outcomes` itself does with a way back. */
interface KeptBack extends Back {
  /** NATS is back: all that was said lately is said again. */
  again(now: number): void;
  /** The ingress is heard of again: what nobody heard is said again. */
  returned(now: number): void;
  /** Nobody hears what is said: it is kept for longer. */
  left(now: number): void;
  /** Forgets what was told too long ago. False: the ingress left so long ago that nothing of it is wanted any more. */
  age(now: number): boolean;
  close(): void;
}

/** Everything a relay has to say to ingresses about what they forwarded. */
export interface Outcomes {
  /** The way back to this incarnation. */
  to(ingress: string, epoch: string): Back;
  /** An ingress is not heard of any more: what it is told is kept, in case it comes back within its senders' patience. */
  left(ingress: string): void;
  /** NATS is away: what is said now is kept. */
  hold(): void;
  /**
   * NATS is back: sends what was kept, and before it what was said lately, which may have been lost; an ingress drops what it has. To one that
   * is not back itself it is all said `again` when it is.
   */
  resume(): void;
  /** This ingress was away from NATS: what it was told lately is said again. */
  again(ingress: string): void;
  /** It is heard of again, and was not away from NATS as far as is known: only if somebody did not hear something, it is said again. */
  returned(ingress: string): void;
  /** Time passes; to be called every second or so. */
  age(now: number): void;
  /** How many transactions' ends each incarnation was told, those lately gone included. */
  counts(): Told[];
}

/** `relay` is this relay's id. */
export interface OutcomesSettings {
  readonly relay: string;
  /** Bytes kept for one incarnation of an ingress, of what was told lately or could not be told while NATS is away; older outcomes go first. */
  readonly parkedBytes: number;
  /** How long what was told is kept for a forward that comes again, ms. */
  readonly toldTime: number;
  /** ms by which the event loop runs late. */
  lag(): number;
}

/** So long an ingress may be away and still want what it was told: its senders have given up by then, ms. */
const awayTime = 32_000;

/** Incarnations whose counts are kept. */
const countedIncarnations = 256;

/** A batch is sent before it grows beyond this part of what NATS takes, so that one more message always fits. */
const batchShare = 0.5;
const largestBatch = 512 * 1024;

/** What one more entry may add besides its message or sentence: columns, a code and the name of a proxy. */
const entryRoom = 512;

/** Sends each batch at the end of the turn, and keeps it while NATS is away; `clock` is monotonic ms. */
export function createOutcomes(bus: Bus, turn: Turn, settings: OutcomesSettings, clock: () => number, events: Events): Outcomes {
  const backs = new Map<string, Map<string, KeptBack>>();
  const toldCounts = createToldCounts(countedIncarnations);
  const most = Math.min(largestBatch, bus.maxPayload * batchShare);
  let holding = !bus.connected();

  /** Whether it could be sent. */
  const send = (subject: string, payload: Uint8Array, unheard: Unheard): boolean => {
    if (holding || !bus.connected()) return false;
    bus.publish(subject, payload, unheard);
    return true;
  };
  const each = (visit: (back: KeptBack) => void): void => {
    for (const incarnations of backs.values()) for (const back of incarnations.values()) visit(back);
  };

  return {
    to(ingress, epoch) {
      let incarnations = backs.get(ingress);
      if (incarnations === undefined) {
        incarnations = new Map();
        backs.set(ingress, incarnations);
      }
      let back = incarnations.get(epoch);
      if (back === undefined) {
        // An older incarnation waits for nothing any more.
        for (const older of incarnations.values()) older.close();
        incarnations.clear();
        const names = { relay: settings.relay, ingress, epoch };
        back = createBack(names, {
          turn,
          count: toldCounts.of(ingress, epoch),
          most,
          keep: settings.parkedBytes,
          toldTime: settings.toldTime,
          lag: settings.lag,
          clock,
          send,
          unheard: bus.unheard,
          events,
        });
        incarnations.set(epoch, back);
      }
      return back;
    },
    left(ingress) {
      for (const back of backs.get(ingress)?.values() ?? []) back.left(clock());
    },
    hold() {
      holding = true;
    },
    resume() {
      holding = false;
      const now = clock();
      each((back) => back.again(now));
    },
    again(ingress) {
      if (!holding) for (const back of backs.get(ingress)?.values() ?? []) back.again(clock());
    },
    returned(ingress) {
      if (!holding) for (const back of backs.get(ingress)?.values() ?? []) back.returned(clock());
    },
    age(now) {
      if (holding) return;
      for (const [ingress, incarnations] of backs) {
        for (const [epoch, back] of incarnations) {
          if (back.age(now)) continue;
          back.close();
          incarnations.delete(epoch);
        }
        if (incarnations.size === 0) backs.delete(ingress);
      }
    },
    counts: toldCounts.list,
  };
}

interface BackTools {
  readonly turn: Turn;
  readonly count: ToldCount;
  /** Bytes of a batch, and of what is kept of those told. */
  readonly most: number;
  readonly keep: number;
  readonly toldTime: number;
  readonly lag: () => number;
  readonly clock: () => number;
  readonly send: (subject: string, payload: Uint8Array, unheard: Unheard) => boolean;
  readonly unheard: MakeUnheard;
  readonly events: Events;
}

function createBack(names: { relay: string; ingress: string; epoch: string }, tools: BackTools): KeptBack {
  const { turn, count, most, keep, toldTime, lag, clock, send, events } = tools;
  const subject = subjects.ingress(names.ingress);
  const batch = createOutcomeBatch(names);
  const finals = createFinals(keep, toldTime);
  let heard = 0;
  let heardAt = 0;
  /** Since when nobody hears what is said, 0: somebody does. */
  let awaySince = 0;
  /** Nobody heard something, and it was said again since or not. */
  let missed: 'nothing' | 'unheard' | 'repeated' = 'nothing';
  /** The ingress is not heard of any more. */
  let hasLeft = false;
  const unheard = tools.unheard(() => {
    missed = 'unheard';
    awaySince ||= clock();
  });

  const flush = (): void => {
    if (batch.isEmpty()) return;
    const now = clock();
    try {
      const payload = batch.take({ lag: lag(), heard, heardAge: heard === 0 ? 0 : Math.trunc(now - heardAt) });
      events.outcomeBatchesDropped += finals.keep(payload, send(subject, payload, unheard), now);
    } catch (error) {
      events.outcomeBatchLost(names.ingress, error);
    }
  };
  const job = { run: flush, queued: false };

  const again = (now: number): void => {
    awaySince = 0;
    hasLeft = false;
    missed = 'nothing';
    finals.again((payload) => send(subject, payload, unheard), now);
  };

  /** Servers of NATS may lose each other for a moment, in which nobody hears an ingress that was there all the time. */
  const repeat = (now: number): void => {
    const since = awaySince;
    const next = missed === 'unheard' ? 'repeated' : 'nothing';
    if (next === 'repeated') again(now);
    missed = next;
    awaySince = next === 'repeated' ? since : 0;
  };

  return {
    ingress: names.ingress,
    epoch: names.epoch,
    response(transaction, status, course, text, source, start, end) {
      if (batch.bytes() + text.length + end - start + entryRoom > most) flush();
      if (status < 200) {
        events.provisionals += 1;
      } else {
        events.finals += 1;
        if (!course.told) count.finals += 1;
      }
      batch.response(transaction, status, course, text, source, start, end);
      turn.later(job);
    },
    gone(transaction, loss, course) {
      events.countGone(loss.code);
      if (!course.told) count.finals += 1;
      if (batch.bytes() + loss.sentence.length + entryRoom > most) flush();
      batch.gone(transaction, loss, course);
      turn.later(job);
    },
    told: () => finals.read(),
    heard(sent, now) {
      heard = sent;
      heardAt = now;
    },
    again,
    returned(now) {
      hasLeft = false;
      if (missed !== 'nothing') again(now);
      awaySince = 0;
    },
    left(now) {
      hasLeft = true;
      awaySince ||= now;
    },
    age(now) {
      if (missed !== 'nothing' && !hasLeft) repeat(now);
      if (awaySince === 0) finals.age(now);
      return awaySince === 0 || now - awaySince < awayTime;
    },
    close: unheard.close,
  };
}
