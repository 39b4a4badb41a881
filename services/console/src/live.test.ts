import type { FollowOptions } from '@guildhall/chassis/stream-follow';
import type { StreamFacts } from '@guildhall/chassis/stream-reader';
import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { streams } from '@guildhall/proto/subjects';
import { expect, it } from 'vitest';
import { createEvents, type Events } from './events.js';
import { type Live, startLive } from './live.js';
import { payloadOf, type ToldBatch, type ToldRecord } from './records.stage.js';

const minute = 60_000;
const start = 1_700_000_040_000;
const quietLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Played {
  readonly live: Live;
  readonly asked: [string, number][];
  readonly published: { readonly payload: Uint8Array; readonly id: string }[];
  readonly counts: Record<string, number>;
  at(now: number): void;
  /** The stream is there. */
  begin(facts: Partial<StreamFacts>): Promise<number>;
  store(records: readonly ToldRecord[], stored: number, batch?: ToldBatch & { readonly pending?: number }): void;
  raw(payload: Uint8Array, stored: number): void;
  options(): FollowOptions;
}

/** A console's reading of a stream that is played. */
function play(id: string, last?: TrafficPoint): Played {
  let wall = start;
  let sequence = 0;
  let follow: FollowOptions | undefined;
  const asked: [string, number][] = [];
  const published: { payload: Uint8Array; id: string }[] = [];
  const counts: Record<string, number> = {};
  const count = (what: string, by = 1): void => {
    counts[what] = (counts[what] ?? 0) + by;
  };
  const gauges = { behind: () => 0, sampled: () => 1, sizes: () => ({ members: 0, pairs: 0 }) };
  const events: Events = {
    ...createEvents(Object.assign(Object.create(null), quietLog), { counter: () => undefined, gauge: () => undefined }, gauges),
    batch: (result, by) => count(result, by),
    failed: (what, thrown) => {
      throw new Error(what, { cause: thrown });
    },
  };
  const options = (): FollowOptions => {
    if (follow === undefined) throw new Error('nobody follows');
    return follow;
  };
  const facts: StreamFacts = { made: 'once', messages: 0, bytes: 0, first: 1, last: 0, firstStored: 0 };
  const stored = last === undefined ? undefined : { sequence: 1, stored: 0, pending: 0, payload: TrafficPoint.encode(last).finish() };
  const live = startLive(
    { id, limits: { pairs: 10, members: 10, reasons: 10 }, replay: 3_600_000, sampleBeyond: 100, lostAfter: 30_000 },
    {
      reader: {
        facts: async () => facts,
        last: async () => stored,
        placeAt: async (stream, time) => {
          asked.push([stream, time]);
          return 5;
        },
        follow: (_stream, given) => {
          follow = given;
          return { next: () => sequence + 1, stop: async () => undefined };
        },
      },
      minutes: { publish: (_subject, payload, name) => void published.push({ payload, id: name }) },
      events,
      wall: () => wall,
      monotonic: () => wall,
      arrived: () => count('arrived'),
    },
  );
  const raw = (payload: Uint8Array, at: number, pending = 0): void => {
    sequence += 1;
    options().heard({ sequence, stored: at, payload, pending });
  };
  return {
    live,
    asked,
    published,
    counts,
    raw,
    options,
    at(now) {
      wall = now;
    },
    begin: async (now) => options().from({ ...facts, ...now }),
    store: (records, at, batch = {}) => raw(payloadOf(records, { at, ...batch }), at, batch.pending),
  };
}

const noFacts = { instances: [], standing: new Map(), unheard: [] };

it('begins behind the last minute that is stored, and what is read again counts in minutes only', async () => {
  const stored = { ...TrafficPoint.create(), from: BigInt(start - minute), length: 60_000n };
  const played = play('console-1', stored);
  expect(await played.begin({ last: 2 })).toBe(5);
  expect(played.asked).toEqual([[streams.records, start]]);
  // Of the minute that is stored; of the one behind it, from before the start; and one that is new.
  played.store([{}], start + 5, { at: start - 10 });
  played.store([{}, {}], start + 10, { first: 2 });
  played.store([{}], start + 20, { first: 4 });
  expect(played.live.frame(noFacts).all?.requests).toBe(1n);
  expect(played.live.recent().map(({ from, all }) => [from, all?.requests])).toEqual([[BigInt(start), 3n]]);
  expect(played.counts).toEqual({ folded: 3, arrived: 1 });
});

it('goes no further back than it may', async () => {
  const played = play('console-1');
  await played.begin({ last: 100 });
  expect(played.asked).toEqual([[streams.records, start - 3_600_000]]);
});

it('takes a stored point that cannot be for none', async () => {
  const played = play('console-1', { ...TrafficPoint.create(), from: BigInt(start + 100 * minute) });
  await played.begin({ last: 0 });
  expect(played.asked).toEqual([[streams.records, start - 3_600_000]]);
});

it('makes the same messages of a minute as another console, however often each made frames', async () => {
  const tell = async (id: string, framesEvery: number) => {
    const played = play(id);
    await played.begin({ last: 1 });
    for (let index = 0; index < 400; index += 1) {
      played.store([{ peer: `m${index % 7}` }, { status: 404, code: 'no-route' }], start + index * 500, {
        first: index * 2 + 1,
        at: start + index * 500 - 300,
      });
      played.at(start + index * 500);
      if (index % framesEvery === 0) played.live.frame(noFacts);
    }
    return played.published.map(({ id: name, payload }) => ({ name, point: { ...TrafficPoint.decode(payload), console: '' } }));
  };
  const one = await tell('console-1', 2);
  expect(one.map(({ name }) => name)).toEqual([-minute, 0, minute, 2 * minute].map((after) => `${start + after}.0`));
  expect(await tell('console-2', 7)).toEqual(one);
});

it('closes a minute after which nothing comes, by the clock of the stream', async () => {
  const played = play('console-1');
  await played.begin({ last: 0 });
  played.options().trouble('');
  played.at(start + 8000);
  // NATS is three seconds behind.
  played.store([{}], start + 5000);
  played.options().looked?.({ made: 'once', messages: 1, bytes: 1, first: 1, last: 1, firstStored: start });
  played.at(start + minute + 14_900);
  played.live.frame(noFacts);
  expect(played.published.length).toBe(0);
  played.at(start + minute + 15_000);
  played.live.frame(noFacts);
  expect(played.published.map(({ id }) => id)).toEqual([`${start}.0`]);
});

it('counts a batch once that is stored twice, and passes over what means nothing', async () => {
  const played = play('console-1');
  await played.begin({ last: 0 });
  played.store([{}, {}], start);
  played.store([{}, {}], start + 200_000);
  played.raw(new Uint8Array(), start + 1);
  played.raw(Buffer.from('\u00ff no batch'), start + 1);
  expect(played.live.frame(noFacts).all?.requests).toBe(2n);
  expect(played.counts).toEqual({ folded: 1, arrived: 1, malformed: 2 });
});

it('looks at some of the batches while too many wait, says so, and at all again later', async () => {
  const played = play('console-1');
  await played.begin({ last: 0 });
  played.store(
    Array.from({ length: 50 }, () => ({})),
    start,
    { pending: 1000 },
  );
  expect(played.live.frame(noFacts).sampled).toBe(1);
  for (let index = 0; index < 40; index += 1) played.store([{}], start + 10, { first: 100 + index, pending: 1000 });
  const frame = played.live.frame(noFacts);
  expect([frame.sampled, frame.all?.requests]).toEqual([2, 40n]);
  expect(played.counts['sampled']).toBe(20);
  for (let index = 0; index < 20; index += 1) {
    played.store([{}], start + 20, { first: 200 + index });
    played.live.frame(noFacts);
  }
  expect(played.live.sampled()).toBe(1);
  expect(played.live.recent().map(({ sampled }) => sampled)).toEqual([2]);
});

it('reads a stream that began anew from its beginning, and says what was gone', async () => {
  const played = play('console-1');
  await played.begin({ last: 1000 });
  played.store([{}], start);
  played.options().missed(7);
  played.options().anew();
  played.store([{}], start, { first: 2 });
  expect(played.live.frame(noFacts).all?.requests).toBe(1n);
  expect(played.counts).toEqual({ folded: 2, missed: 7, arrived: 1 });
});
