import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { EntryBody } from './bucket-entry.js';
import type { Changes } from './change.js';
import type { Wish } from './change-plan.js';
import type { Snapshot } from './table.js';

/** Whose time of not being active is past, and when the next one's will be (ms since 1970; Infinity: nobody's). */
export function duePardons(snapshot: Snapshot, now: number): { ids: readonly string[]; next: number } {
  const ids: string[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const { body } of snapshot.stored.values()) {
    if (body.$case !== 'member' || body.value.status === 'active' || body.value.statusUntil === '') continue;
    const until = Date.parse(body.value.statusUntil);
    if (until <= now) ids.push(body.value.id);
    else if (until > now) next = Math.min(next, until);
  }
  return { ids, next };
}

/** These members active again, as far as their time is past in this snapshot too. */
export function pardon(snapshot: Snapshot, now: number): Wish {
  const { ids } = duePardons(snapshot, now);
  const wanted = new Map<string, EntryBody | undefined>();
  for (const id of ids) {
    const key = `member.${id}`;
    const body = snapshot.stored.get(key)?.body;
    if (body?.$case !== 'member') continue;
    wanted.set(key, { $case: 'member', value: { ...body.value, status: 'active', statusReason: '', statusUntil: '' } });
  }
  return { wanted };
}

/** Makes members active again when their time is past. */
export interface StatusSweep {
  /** The membership is another: looks when to act next. */
  look(): void;
  stop(): void;
}

/** What the sweep works with. */
export interface SweepNeeds {
  readonly changes: Changes;
  snapshot(): Snapshot;
  wall(): Date;
  failed(thrown: unknown): void;
}

/** Timers take no more than 2^31 ms; and a clock that was set is noticed within this. */
const lookAtLeastEvery = 3_600_000;
/** After a failure, ms. */
const againMs = 5000;

/** Every instance does it at the moment; the first one's change is the one that counts, and the others find nothing left to do. */
export function createStatusSweep({ changes, snapshot, wall, failed }: SweepNeeds): StatusSweep {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let working = false;

  const wait = (ms: number): void => {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(look, Math.min(Math.max(ms, 0), lookAtLeastEvery));
    timer.unref();
  };

  const act = async (): Promise<void> => {
    working = true;
    let after = 0;
    try {
      await changes.make('policy', { why: 'the time of its status is past', dryRun: false }, (latest) => pardon(latest, wall().getTime()));
    } catch (thrown) {
      after = againMs;
      // Somebody else does the same at this moment.
      if (!(thrown instanceof ApiFault && thrown.code === 'conflict')) failed(thrown);
    } finally {
      working = false;
      wait(after);
    }
  };

  const look = (): void => {
    if (stopped || working) return;
    const now = wall().getTime();
    const { ids, next } = duePardons(snapshot(), now);
    if (ids.length > 0) void act();
    else wait(next - now);
  };

  return {
    look,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
