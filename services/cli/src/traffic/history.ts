import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addPoints } from '@guildhall/proto/traffic/sums';
import type { MetricsApi } from './metrics-api.js';

/** Points of one length that are asked for at once: what comes back is bounded whatever the number of pairs. */
interface Slicing {
  readonly resolution: number;
  readonly points: number;
}

/** Seconds for minutes, minutes for two days, hours for what is longer. */
export function slicingOf(span: number): Slicing {
  if (span <= 10 * 60_000) return { resolution: 1000, points: 120 };
  if (span <= 48 * 3_600_000) return { resolution: 60_000, points: 60 };
  return { resolution: 3_600_000, points: 24 };
}

interface Counted {
  readonly sum: TrafficPoint;
  readonly keptSince: bigint;
}

/** What was counted from one time until another, ms since 1970. `keptSince` is not 0n where nothing older is kept. */
export async function countedBetween(
  api: Pick<MetricsApi, 'queryTraffic'>,
  from: bigint,
  until: bigint,
  members: readonly string[],
): Promise<Counted> {
  const slicing = slicingOf(Number(until - from));
  const counted = await countedBy(slicing, api, { from, until, members });
  // A console knows the seconds of its last minutes only; minutes are kept by the stream.
  if (slicing.resolution !== 1000 || counted.keptSince <= from) return counted;
  return countedBy({ resolution: 60_000, points: 60 }, api, { from, until, members });
}

async function countedBy(
  { resolution, points: most }: Slicing,
  api: Pick<MetricsApi, 'queryTraffic'>,
  { from, until, members }: { readonly from: bigint; readonly until: bigint; readonly members: readonly string[] },
): Promise<Counted> {
  // Points begin at whole multiples of their length.
  const step = BigInt(resolution * most);
  let sum: TrafficPoint | undefined;
  let keptSince = 0n;
  for (let at = from; at < until; ) {
    const aligned = (at / step + 1n) * step;
    const end = aligned < until ? aligned : until;
    const answer = await api.queryTraffic({ from: at, until: end, resolution: BigInt(resolution), members: [...members] });
    for (const point of answer.points) sum = sum === undefined ? point : addPoints(sum, point);
    if (answer.keptSince > keptSince) keptSince = answer.keptSince;
    at = end;
  }
  return { sum: sum ?? TrafficPoint.fromPartial({ from, length: until - from, sampled: 1 }), keptSince };
}
