import { describe, expect, it } from 'vitest';
import { failuresOf, keptOf, soakSteady } from './steady.js';

const good = {
  count: 10,
  ok: 10,
  refused: 0,
  lost: 0,
  stray: 0,
  statuses: {},
  seconds: 1,
  p50: 1,
  p90: 1,
  p99: 1,
  longest: 1,
  troubles: [],
};

describe('memory over time', () => {
  it('is the least behind the warm-up and the least at the end', () => {
    const samples = Array.from(
      { length: 600 },
      (_, second) => new Map([['relay-1', second < 60 ? 300 : 100 + (second % 7) + second / 100]]),
    );
    expect(keptOf(samples)).toEqual([{ process: 'relay-1', first: expect.closeTo(100.6, 0), last: expect.closeTo(105.9, 0), most: 300 }]);
  });

  it.each<[why: string, last: number, failures: RegExp[]]>([
    ['flat', 100, []],
    ['smaller', 50, []],
    ['as much as allowed', 110, []],
    ['more than allowed', 120, [/^relay-1 grew from 100.0 to 120.0 MiB, 10.0 are allowed$/]],
    ['gone', 0, [/^relay-1 has ended$/]],
  ])('%s', (_why, last, failures) => {
    const found = failuresOf(good, 10, [{ process: 'relay-1', first: 100, last, most: 200 }], 10);
    expect(found).toEqual(failures.map((one) => expect.stringMatching(one)));
  });

  it('and everything must have been answered, once, and have arrived', () => {
    const bad = { ...good, ok: 6, refused: 1, lost: 2, stray: 1 };
    expect(failuresOf(bad, 9, [], 10).length).toBe(4);
  });
});

it('a short one: nothing is lost', async () => {
  const found = await soakSteady({ seconds: 3, rate: 200, growth: 1_000, say: () => undefined });
  // A machine that is busy with other tests may make the hub refuse some (503), never lose any.
  const { ok, refused, lost, stray, troubles } = found.result;
  expect([ok + refused, lost, stray, troubles]).toEqual([600, 0, 0, []]);
  expect(found.arrived).toBe(ok);
  expect(found.memory.map((one) => one.process)).toEqual(['ingress-1', 'relay-1', 'policy-1', 'nats-server']);
}, 60_000);
