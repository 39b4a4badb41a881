import { expect } from 'vitest';
import { messagePath } from './path.stage.js';
import { sip } from './sip.stage.js';
import type { FakeWire } from './transaction.stage.js';

/** The path of one test. */
export type Path = ReturnType<typeof messagePath>;

/** What makes a request of acme one of bolt. */
export const fromBolt = { from: '<sip:b@bolt.example>;tag=1', uri: 'sip:a@acme.example' };
/** So many, to count through. */
export const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** A path whose verdicts are known, and windows in which acme asks for 100 requests and bolt for 10. */
export async function crowded(overload: Parameters<typeof messagePath>[1] = {}) {
  const path = messagePath({}, { floor: 100, refusals: 25, ...overload });
  const acme = path.wire('acme');
  const bolt = path.wire('bolt');
  path.take(sip(), acme);
  path.take(sip(fromBolt), bolt);
  for (const ask of path.asks) await ask.answer({ member: ask.ask.peer === 'bolt' ? 'acme' : 'bolt' });
  path.shedding.tick(0);
  const send = (wishes: Parameters<typeof sip>[0] = {}): void => {
    for (const _ of times(100)) path.take(sip(wishes), acme);
    for (const _ of times(10)) path.take(sip(fromBolt), bolt);
  };
  const window = (wishes?: Parameters<typeof sip>[0]): void => {
    send(wishes);
    path.state.now += 100;
    path.shedding.tick(path.state.now);
  };
  return { path, acme, bolt, send, window };
}

/** Three windows of work that waits: from then on the hub takes 66 a window of the 110 that it took. */
export async function overloaded(overload: Parameters<typeof messagePath>[1] = {}) {
  const stage = await crowded(overload);
  stage.path.state.lag = 400;
  for (let windows = 0; windows < 3; windows += 1) stage.window();
  stage.path.state.lag = 40;
  expect(stage.path.shedding.gauges.state()).toBe('shedding');
  expect([stage.path.said(stage.acme), stage.path.said(stage.bolt)]).toEqual([[], []]);
  return stage;
}

/** What a wire was answered, and how often. */
export const status = (path: Path, wire: FakeWire): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const said of path.said(wire)) counts[said] = (counts[said] ?? 0) + 1;
  return counts;
};
