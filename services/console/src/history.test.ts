import type { StreamMessage, StreamReader } from '@guildhall/chassis/stream-reader';
import { MemberTraffic, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { emptyTally } from '@guildhall/proto/traffic/sums';
import { expect, it } from 'vitest';
import { pointsOf } from './fold/parts.js';
import { createHistory } from './history.js';
import { createSeconds } from './seconds.js';

const minute = 60_000;
const hour = 60 * minute;
const now = 1000 * hour;
const signal = new AbortController().signal;

function pointAt(from: number, requests: number, pairs = 1): TrafficPoint {
  const tally = { ...emptyTally(), requests: BigInt(requests) };
  return {
    ...TrafficPoint.create(),
    from: BigInt(from),
    length: BigInt(minute),
    all: { ...tally, requests: BigInt(requests * pairs) },
    members: ['acme', 'bolt'].map((member) => ({ ...MemberTraffic.create(), member, sent: tally, received: tally })),
    pairs: Array.from({ length: pairs }, (_, index) => ({ from: 'acme', to: `m${index}`, tally, reasons: [] })),
    otherPairs: emptyTally(),
    sampled: 1,
  };
}

/** A stream that holds these points, each stored a little after its minute. */
function readerOf(stored: readonly TrafficPoint[], away = false): Pick<StreamReader, 'facts' | 'placeAt' | 'read'> {
  const messages: StreamMessage[] = stored
    .flatMap((point) => pointsOf(point, 'console-1', 1e6).map((payload) => ({ payload, stored: Number(point.from) + minute + 12_000 })))
    .map((one, index) => ({ ...one, sequence: index + 1, pending: 0 }));
  const first = messages[0]?.stored ?? 0;
  return {
    async facts() {
      if (away) throw new Error('timeout');
      return { made: 'once', messages: messages.length, bytes: 1, first: 1, last: messages.length, firstStored: first };
    },
    placeAt: async (_stream, time) => messages.find((one) => one.stored >= time)?.sequence ?? messages.length + 1,
    async read(_stream, { from, to }, heard) {
      for (const one of messages) if (one.sequence >= from && one.sequence <= to) heard(one);
    },
  };
}

function historyOf(stored: readonly TrafficPoint[], of: { recent?: TrafficPoint[]; figures?: number; away?: boolean } = {}) {
  const seconds = createSeconds({ bytes: 1e6, ms: 900_000 });
  for (let at = now - 60_000; at < now; at += 1000) seconds.add({ ...pointAt(at, 1), length: 1000n });
  const recent = () => of.recent ?? [];
  const history = createHistory({ reader: readerOf(stored, of.away), seconds, recent, wall: () => now, figures: of.figures ?? 10_000 });
  return (from: number, until: number, resolution: number, members: string[] = []) =>
    history({ from: BigInt(from), until: BigInt(until), resolution: BigInt(resolution), members }, signal);
}

const minutes = Array.from({ length: 120 }, (_, index) => pointAt(now - (121 - index) * minute, 2));

it('has seconds of memory, minutes of the stream and what is not stored yet, and hours as sums', async () => {
  const query = historyOf([...minutes, minutes[5] ?? pointAt(0, 0)], { recent: [...minutes.slice(-1), pointAt(now - minute, 7)] });
  const sums = async (...asked: Parameters<typeof query>) =>
    (await query(...asked)).points.map(({ from, all }) => [Number(from) - now, Number(all?.requests)]);
  expect(await sums(now - 2000, 0, 1000)).toEqual([
    [-2000, 1],
    [-1000, 1],
  ]);
  expect(await sums(now - 3 * minute, 0, minute)).toEqual([
    [-3 * minute, 2],
    [-2 * minute, 2],
    [-minute, 7],
  ]);
  expect(await sums(now - 3 * minute, now - minute, minute)).toEqual([
    [-3 * minute, 2],
    [-2 * minute, 2],
  ]);
  expect(await sums(now - hour, 0, hour)).toEqual([[-hour, 59 * 2 + 7]]);
});

it('takes the finest resolution that gives no more than a thousand points, and says how far back it goes', async () => {
  const query = historyOf(minutes);
  const told = async (from: number) => {
    const { resolution, keptSince } = await query(from, 0, 0);
    return [resolution, keptSince === 0n];
  };
  expect(await told(now - 30_000)).toEqual([1000n, true]);
  expect(await told(now - hour)).toEqual([60_000n, true]);
  expect(await told(0)).toEqual([60_000n, false]);
  const old = historyOf([pointAt(now - 400 * hour, 1), ...minutes]);
  expect((await old(0, 0, 0)).resolution).toBe(3_600_000n);
});

it('cuts to the members that are asked for', async () => {
  const { points } = await historyOf(minutes)(now - 3 * minute, 0, minute, ['bolt']);
  expect(points.map(({ members, pairs, all }) => [members.map(({ member }) => member), pairs.length, all?.requests])).toEqual([
    [['bolt'], 0, 2n],
    [['bolt'], 0, 2n],
  ]);
});

it('sums up the less used pairs of large answers, so that nothing is missing', async () => {
  const query = historyOf(
    Array.from({ length: 100 }, (_, index) => pointAt(now - (101 - index) * minute, 1, 500)),
    { figures: 2000 },
  );
  const { points } = await query(now - 100 * minute, 0, minute);
  expect(points.reduce((sum, { pairs }) => sum + pairs.length, 0)).toBeLessThanOrEqual(2000);
  for (const { pairs, otherPairs } of points) expect(BigInt(pairs.length) + (otherPairs?.requests ?? 0n)).toBe(500n);
});

it.each<[string, Parameters<ReturnType<typeof historyOf>>, string]>([
  ['a time that ends before it begins', [now, now - 1, 0], 'invalid'],
  ['a resolution that there is not', [now - hour, 0, 5000], 'invalid'],
])('refuses %s', async (_what, asked, code) => {
  await expect(historyOf(minutes)(...asked)).rejects.toMatchObject({ name: 'ApiFault', code });
});

it('refuses too many points', async () => {
  const query = historyOf([pointAt(now - 400 * hour, 1), ...minutes]);
  await expect(query(0, 0, minute)).rejects.toMatchObject({ code: 'limit' });
});

it('says that it cannot answer while JetStream is away', async () => {
  await expect(historyOf([], { away: true })(now - hour, 0, minute)).rejects.toMatchObject({ name: 'ApiFault', code: 'unavailable' });
});
