import { describe, expect, it } from 'vitest';
import { admittedRate, calm, type OverloadState, type OverloadWindow, stepOverload } from './overload.js';

const settings = { target: 50, floor: 100 };
const window = (given: Partial<OverloadWindow>): OverloadWindow => ({
  ms: 100,
  delay: 0,
  asked: 1_000,
  admitted: 1_000,
  served: 1_000,
  ...given,
});
const run = (windows: readonly Partial<OverloadWindow>[], from: OverloadState = calm): OverloadState =>
  windows.reduce<OverloadState>((state, one) => stepOverload(state, window(one), settings), from);
const shedding = (
  rate: number,
  more: { settle?: number; spare?: number; ceiling?: number; delay?: number; drained?: boolean } = {},
): OverloadState => ({
  kind: 'shedding',
  rate,
  ceiling: rate,
  flow: rate,
  best: 0,
  drained: true,
  was: rate,
  delay: 0,
  settle: 0,
  fellAt: 0,
  spare: 0,
  ...more,
});

describe('a delay', () => {
  it('of two windows sheds nothing', () => {
    expect(run([{ delay: 60 }])).toEqual({ kind: 'late', windows: 1, delay: 60, served: 10_000 });
    expect(run([{ delay: 60 }, { delay: 70, served: 900 }])).toEqual({ kind: 'late', windows: 2, delay: 70, served: 10_000 });
    expect(run([{ delay: 60 }, { delay: 60 }, { delay: 0 }])).toBe(calm);
    expect(run([{ delay: 60 }, { delay: 60 }, { delay: 0 }, { delay: 60 }, { delay: 60 }]).kind).toBe('late');
  });

  it('of two windows sheds where it is long and grows, of one never', () => {
    expect(run([{ delay: 5_000 }]).kind).toBe('late');
    expect(run([{ delay: 199 }, { delay: 201 }]).kind).toBe('shedding');
    expect(run([{ delay: 199 }, { delay: 200 }]).kind).toBe('late');
    expect(run([{ delay: 5_000 }, { delay: 5_000 }]).kind).toBe('late');
  });

  it('that shrinks from window to window sheds nothing, up to a second', () => {
    const shrinking = Array.from({ length: 20 }, (_, at) => ({ delay: 5_000 * 0.85 ** at }));
    for (let windows = 1; windows < 10; windows += 1) expect(run(shrinking.slice(0, windows)).kind, `${windows} windows`).toBe('late');
    expect(run(shrinking.slice(0, 10)).kind).toBe('shedding');
  });

  it('begins with what was served at best, never with more than was taken', () => {
    const late = { delay: 60, admitted: 4_000 };
    expect(admittedRate(run([late, { ...late, served: 2_000 }, { ...late, served: 10 }]))).toBeCloseTo(20_000 * (50 / 60));
    expect(admittedRate(run([late, late, { ...late, admitted: 600 }]))).toBeCloseTo(6_000 * (50 / 60));
    expect(admittedRate(run(Array.from({ length: 3 }, () => ({ ...late, served: 0 }))))).toBeCloseTo(40_000 * (50 / 60));
  });

  it('at its target sheds nothing, however long it stands', () => {
    expect(run(Array.from({ length: 50 }, () => ({ delay: 50 })))).toBe(calm);
  });

  it('that stands sheds, beginning below what was taken', () => {
    const state = run([{ delay: 60 }, { delay: 60 }, { delay: 60 }]);
    expect(state.kind).toBe('shedding');
    expect(admittedRate(state)).toBeCloseTo(10_000 * (50 / 60));
    expect(admittedRate(run([{ delay: 51 }, { delay: 51 }, { delay: 51 }]))).toBeCloseTo(9_000);
    expect(admittedRate(run([{ delay: 900 }, { delay: 900 }, { delay: 900 }]))).toBe(6_000);
  });

  it('counts by the second, whatever the window took', () => {
    expect(admittedRate(run([{ delay: 900 }, { delay: 900 }, { delay: 900, ms: 400 }]))).toBe(1_500);
  });
});

describe('while it sheds', () => {
  it('a delay of one window changes nothing, of two the rate falls to what was served, less what must drain', () => {
    expect(admittedRate(run([{ delay: 200 }], shedding(8_000)))).toBe(8_000);
    expect(admittedRate(run([{ delay: 200 }, { delay: 90 }], shedding(8_000)))).toBe(8_000);
    const busy = { delay: 60, served: 700, admitted: 800 };
    const state = run([{ ...busy, delay: 40 }, busy, busy], shedding(8_000));
    // 7,000 a second, smoothed, from 8,000 on.
    expect(state).toMatchObject({ ceiling: expect.closeTo(7_600), drained: false });
    expect(admittedRate(state)).toBeCloseTo(7_600 * (50 / 60));
    expect(admittedRate(run([{ delay: 500 }, { delay: 500 }], shedding(8_000)))).toBe(8_000 * 0.6);
  });

  it('answers that come in a heap after a pause are no reason to take more, nor is their absence to take nothing', () => {
    const heap = [
      { delay: 90, served: 0 },
      { delay: 90, served: 1_900 },
    ];
    expect(run(heap, shedding(8_000))).toMatchObject({ ceiling: 8_000 });
    expect(
      run(
        [
          { delay: 90, served: 0 },
          { delay: 90, served: 0 },
        ],
        shedding(8_000),
      ),
    ).toMatchObject({ ceiling: 4_800 });
  });

  it('then it waits for what was taken before to drain, longer the longer that waits, unless it becomes much more', () => {
    const late = (delay: number) => ({ delay, admitted: 480 });
    const fell = run([{ delay: 150 }, { delay: 150 }], shedding(8_000));
    expect(admittedRate(fell)).toBe(4_800);
    // 200 ms, and twice the delay.
    for (let windows = 1; windows < 5; windows += 1) {
      expect(admittedRate(run(new Array(windows).fill(late(150)), fell)), `${windows} windows`).toBe(4_800);
    }
    expect(admittedRate(run(new Array(5).fill(late(150)), fell))).toBeCloseTo(8_000 * 0.75 * 0.6);
    expect(admittedRate(run([late(230)], fell))).toBeCloseTo(8_000 * 0.75 * 0.6);
    // A long queue drains by a part of the window, not by a part of itself.
    const long = run([{ delay: 900 }, { delay: 900 }], shedding(8_000));
    const drains = Array.from({ length: 16 }, (_, at) => late(900 - 30 * (at + 1)));
    expect(admittedRate(run(drains, long))).toBe(4_800);
    expect(admittedRate(run(new Array(100).fill({ ...late(200), asked: 9_000 }), shedding(8_000)))).toBe(100);
  });

  it('what is served of what waited tells what can be done, up to what the rate was before', () => {
    const pause = { delay: 90, served: 0, asked: 9_000 };
    const fell = run([pause, { ...pause, admitted: 300 }], shedding(8_000));
    expect(fell).toMatchObject({ ceiling: 3_000, rate: 1_800 });
    const asked = { asked: Number.POSITIVE_INFINITY };
    expect(run([{ ...asked, delay: 60, served: 2_000 }, asked], fell)).toMatchObject({ ceiling: 8_000, rate: 7_600 });
    expect(
      run(
        [
          { ...asked, delay: 60, served: 500 },
          { ...asked, served: 480 },
        ],
        fell,
      ),
    ).toMatchObject({ ceiling: expect.closeTo(4_157, 0), rate: expect.closeTo(4_157 * 0.95, 0) });
  });

  it('what nobody asked for says nothing about what can be taken', () => {
    const little = { delay: 200, asked: 5, admitted: 5, served: 5 };
    expect(admittedRate(run([little, little], shedding(8_000)))).toBeGreaterThan(2_500);
  });

  it('the rate is near its ceiling as soon as work does not wait, and grows from there, faster the farther it is', () => {
    const asked = { delay: 0, asked: Number.POSITIVE_INFINITY };
    expect(admittedRate(run([asked], shedding(4_800, { ceiling: 8_000 })))).toBe(7_600);
    expect(admittedRate(run([{ ...asked, delay: 40 }], shedding(4_800, { ceiling: 8_000 })))).toBe(4_800);
    expect(admittedRate(run([asked], shedding(8_000, { ceiling: 8_000 })))).toBeCloseTo(8_240);
    expect(admittedRate(run([asked], shedding(10_400, { ceiling: 8_000 })))).toBeCloseTo(10_400 * 1.06);
    expect(admittedRate(run([asked], shedding(80_000, { ceiling: 8_000 })))).toBeCloseTo(88_000);
  });

  it('three windows that leave something over end it', () => {
    const spare = { asked: 700 };
    expect(run([spare, spare], shedding(8_000)).kind).toBe('shedding');
    expect(run([spare, spare, spare], shedding(8_000))).toBe(calm);
    expect(run([spare, spare, { asked: 5_000 }, spare, spare], shedding(8_000)).kind).toBe('shedding');
  });

  it.each([
    [2, 20],
    [5, 30],
  ])('at a %dth of what is asked it is calm within %d windows after the load fell to what can be taken', (part, most) => {
    const capacity = 1_000;
    let state = shedding((capacity * 8) / part);
    let windows = 0;
    while (state.kind !== 'calm' && windows < 100) {
      windows += 1;
      const asked = capacity * 0.8;
      const admitted = Math.min(asked, admittedRate(state) / 10);
      state = stepOverload(state, window({ asked, admitted, served: admitted }), settings);
    }
    expect(windows).toBeLessThanOrEqual(most);
  });
});

describe('a queue behind a server that can do so much and no more', () => {
  const play = (offered: (at: number) => number, capacity: number, windows: number, rests: (at: number) => boolean = () => false) => {
    let state: OverloadState = calm;
    let queue = 0;
    const served: number[] = [];
    const delays: number[] = [];
    for (let at = 0; at < windows; at += 1) {
      const asked = offered(at);
      const admitted = Math.min(asked, admittedRate(state) / 10);
      queue += admitted;
      served.push(rests(at) ? 0 : Math.min(queue, capacity));
      queue -= served.at(-1) ?? 0;
      delays.push((queue / capacity) * 100);
      state = stepOverload(state, window({ asked, admitted, delay: delays.at(-1) ?? 0, served: served.at(-1) ?? 0 }), settings);
    }
    return { state, served, delays };
  };
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;

  it.each([2, 5])('offered %d times that serves nearly all it can, and the wait stays bounded', (times) => {
    const { served, delays } = play(() => 1_000 * times, 1_000, 400);
    expect(mean(served.slice(50))).toBeGreaterThan(950);
    expect(Math.max(...delays.slice(50))).toBeLessThan(200);
  });

  it('that rests for a moment each second serves most of what it can between', () => {
    const { served } = play(
      () => 20_000,
      1_000,
      400,
      (at) => at > 20 && at % 10 === 0,
    );
    expect(mean(served.slice(50))).toBeGreaterThan(900 * 0.85);
  });

  it('is calm again within two seconds after the load fell', () => {
    const { state, delays } = play((at) => (at < 100 ? 5_000 : 600), 1_000, 120);
    expect(state).toBe(calm);
    expect(delays.at(-1)).toBe(0);
  });
});
