import type { LinkStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addMembers, addPoints, emptyTally } from '@guildhall/proto/traffic/sums';
import type { MetricsApi } from './metrics-api.js';
import type { Picture } from './traffic-window.js';

/** How things stand now, and what was counted in the last `over` ms: the sum of the history's seconds. */
export async function momentNow(
  api: Pick<MetricsApi, 'watchTraffic' | 'queryTraffic' | 'getStatus'>,
  members: readonly string[],
  over: number,
  now: Date,
): Promise<{ picture: Picture; links: readonly LinkStatus[] }> {
  const from = BigInt(Math.max(0, now.getTime() - over));
  const [frame, history, { links }] = await Promise.all([
    firstFrame(api, members),
    api.queryTraffic({ from, until: 0n, resolution: 1000n, members: [...members] }),
    api.getStatus({}),
  ]);
  const [first, ...others] = history.points;
  const counted = first === undefined ? undefined : others.reduce(addPoints, first);
  // The points say what was counted, the frame how things stand: its own counters are in the points already.
  const standing = frame.members.map((one) => ({ ...one, sent: emptyTally(), received: emptyTally(), reasons: [] }));
  const sum = TrafficFrame.fromPartial({
    ...frame,
    all: counted?.all,
    reasons: counted?.reasons ?? [],
    members: addMembers(counted?.members ?? [], standing),
    pairs: counted?.pairs ?? [],
    otherPairs: counted?.otherPairs,
    sampled: Math.max(1, counted?.sampled ?? 1),
    dropped: counted?.dropped ?? 0n,
    lost: counted?.lost ?? 0n,
  });
  return {
    picture: { sum, seconds: Math.max(1, Math.round(over / 1000)) },
    links: linksOf(links, members),
  };
}

/** Links of these members; of none: all. */
export function linksOf(links: readonly LinkStatus[], members: readonly string[]): readonly LinkStatus[] {
  return links.filter(({ member }) => members.length === 0 || members.includes(member));
}

async function firstFrame(api: Pick<MetricsApi, 'watchTraffic'>, members: readonly string[]): Promise<TrafficFrame> {
  const enough = new AbortController();
  try {
    for await (const { frame } of api.watchTraffic({ members: [...members] }, enough.signal)) {
      if (frame !== undefined) return frame;
    }
    return TrafficFrame.fromPartial({});
  } finally {
    enough.abort();
  }
}
