import { Changed } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { Bus } from './bus.js';
import { askPolicy } from './bus-ask.js';
import { createRevocationFeed, type RevocationFeed } from './revocation-feed.js';
import type { Revocations } from './revocations.js';

/** How the revocation lists are followed, ms. */
export interface FollowingTimes {
  /** One question to policy. */
  readonly ask: number;
  /** They are read again so often, should a change have gone by unheard. */
  readonly refresh: number;
}

/** Who is told. */
export interface RevocationsFollower {
  /** What is revoked is something else than before, or known for the first time: whoever is connected must be judged again. */
  learned(table: Revocations): void;
  failed(error: unknown, failures: number): void;
}

/** The first wait after a question that failed, and the longest, ms. */
const again = { first: 50, most: 2_000 };

/** Asks policy now, at every change it announces, when NATS is back, and every so often. */
export function followRevocations(bus: Bus, times: FollowingTimes, follower: RevocationsFollower): RevocationFeed {
  const feed = createRevocationFeed({
    request: (question) => askPolicy(bus, subjects.revocations, question, times.ask),
    pause: (failures) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(again.most, again.first * 2 ** Math.min(failures, 6))).unref()),
    learned: follower.learned,
    failed: follower.failed,
  });
  const stops = [
    bus.subscribe(subjects.changed, (payload) => {
      const { revocations } = readChanged(payload);
      if (revocations > 0n) feed.want(revocations);
    }),
    bus.onConnected((up) => {
      if (up) feed.want(0n);
    }),
  ];
  const timer = setInterval(() => feed.want(0n), times.refresh).unref();
  feed.want(0n);
  return {
    ...feed,
    close() {
      clearInterval(timer);
      for (const stop of stops) stop();
      feed.close();
    },
  };
}

/** One that cannot be read says nothing: the lists are read again soon in any case. */
function readChanged(payload: Uint8Array): Pick<Changed, 'revocations'> {
  try {
    return Changed.decode(payload);
  } catch {
    return { revocations: 0n };
  }
}
