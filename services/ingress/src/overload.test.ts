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
    expect(admittedRate(run([{ delay: 900 }, { delay: 900 }, { delay: 900 }]))).toBe(5_000);
  });

  it('counts by the second, whatever the window took', () => {
    expect(admittedRate(run([{ delay: 900 }, { delay: 900 }, { delay: 900, ms: 400 }]))).toBe(1_250);
  });
});

describe('while it sheds', () => {
  it('the rate waits for what was taken before to drain, then falls again, not below the floor', () => {
    const late = { delay: 200 };
    expect(admittedRate(run([late], shedding(8_000, { settle: 2 })))).toBe(8_000);
    expect(admittedRate(run([{ ...late, admitted: 800 }], shedding(8_000)))).toBe(4_000);
    expect(
      admittedRate(
        run(
          Array.from({ length: 60 }, () => ({ ...late, asked: 9_000, admitted: 10 })),
          shedding(8_000),
        ),
      ),
    ).toBe(100);
  });

  it('what nobody asked for says nothing about what can be taken', () => {
    expect(admittedRate(run([{ delay: 200, asked: 5, admitted: 5 }], shedding(8_000)))).toBe(4_000);
  });

  it('the rate grows while work does not wait, slower near the target and near what was too much', () => {
    expect(admittedRate(run([{ delay: 0, asked: 5_000 }], shedding(8_000)))).toBeCloseTo(8_800);
    expect(admittedRate(run([{ delay: 40, asked: 5_000 }], shedding(8_000)))).toBeCloseTo(8_160);
    expect(admittedRate(run([{ delay: 0, asked: 5_000 }], shedding(8_000, { ceiling: 8_500 })))).toBeCloseTo(8_160);
  });

  it('three windows that leave something over end it', () => {
    const spare = { asked: 700 };
    expect(run([spare, spare], shedding(8_000)).kind).toBe('shedding');
    expect(run([spare, spare, spare], shedding(8_000))).toBe(calm);
    expect(run([spare, spare, { asked: 5_000 }, spare, spare], shedding(8_000)).kind).toBe('shedding');
  });

  it('it is calm within two seconds after the load fell to what can be taken, from wherever the rate is', () => {
    const capacity = 1_000;
    let state = shedding(1_500);
    let windows = 0;
    while (state.kind !== 'calm' && windows < 100) {
      windows += 1;
      state = stepOverload(
        state,
        window({ asked: capacity * 0.8, admitted: Math.min(capacity * 0.8, admittedRate(state) / 10) }),
        settings,
      );
    }
    expect(windows).toBeLessThanOrEqual(22);
  });
});

describe('a queue behind a server that can do so much and no more', () => {
  const play = (offered: (at: number) => number, capacity: number, windows: number) => {
    let state: OverloadState = calm;
    let queue = 0;
    const served: number[] = [];
    const delays: number[] = [];
    for (let at = 0; at < windows; at += 1) {
      const asked = offered(at);
      const admitted = Math.min(asked, admittedRate(state) / 10);
      queue += admitted;
      served.push(Math.min(queue, capacity));
      queue -= Math.min(queue, capacity);
      delays.push((queue / capacity) * 100);
      state = stepOverload(state, window({ asked, admitted, delay: delays.at(-1) ?? 0, served: served.at(-1) ?? 0 }), settings);
    }
    return { state, served, delays };
  };

  it.each([2, 5])('offered %d times that serves nearly all it can, and the wait stays bounded', (times) => {
    const { served, delays } = play(() => 1_000 * times, 1_000, 400);
    const steady = served.slice(50);
    expect(steady.reduce((sum, one) => sum + one, 0) / steady.length).toBeGreaterThan(850);
    expect(Math.max(...delays.slice(50))).toBeLessThan(200);
  });

  it('is calm again within two seconds after the load fell', () => {
    const { state, delays } = play((at) => (at < 100 ? 5_000 : 600), 1_000, 120);
    expect(state).toBe(calm);
    expect(delays.at(-1)).toBe(0);
  });
});
