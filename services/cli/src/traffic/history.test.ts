import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { expect, it } from 'vitest';
import { countedBetween } from './history.js';

it.each([
  ['seconds, where the console knows them', 0n, [1000n], 0n],
  ['minutes, where it began later or has forgotten the seconds', 3_000_000n, [1000n, 60_000n], 0n],
])('a short time is counted by %s', async (_how, secondsSince, expected, keptSince) => {
  const asked: bigint[] = [];
  const queryTraffic = async ({ from, resolution }: { from: bigint; resolution: bigint }) => {
    if (asked.at(-1) !== resolution) asked.push(resolution);
    return {
      points: [TrafficPoint.fromPartial({ from, length: resolution, sampled: 1 })],
      resolution,
      keptSince: resolution === 1000n && from < secondsSince ? secondsSince : 0n,
    };
  };
  const counted = await countedBetween({ queryTraffic }, 2_880_000n, 3_120_000n, []);
  expect([asked, counted.keptSince]).toEqual([expected, keptSince]);
});
