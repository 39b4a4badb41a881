import type { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followReports } from './follow-reports.js';
import { type InstanceFacts, startInstanceReport } from './instance-report.js';
import { memoryBus } from './memory-bus.js';
import { reportBounds } from './report-bounds.js';

const self = { service: 'relay', id: 'relay-1', epoch: 'e1' };
let stops: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const stop of stops) stop();
  stops = [];
  vi.useRealTimers();
});

function play(facts: Partial<InstanceFacts> = {}) {
  const bus = memoryBus();
  const heard: InstanceReport[] = [];
  const sizes: number[] = [];
  let dropped = 0;
  let now = 1_000_000;
  const count = () => {
    dropped += 1;
  };
  stops.push(followReports(bus, (report) => heard.push(report), count));
  bus.subscribe(subjects.report('relay', 'relay-1'), (payload) => sizes.push(payload.length));
  const begin = () => {
    const stop = startInstanceReport(bus, self, { ready: () => ({ ok: true, reasons: [] }), inFlight: () => 0, ...facts }, () => now);
    stops.push(stop);
    return stop;
  };
  const pass = (ms: number) => {
    for (let gone = 0; gone < ms; gone += 10) {
      now += 10;
      vi.advanceTimersByTime(10);
    }
  };
  return { bus, heard, sizes, begin, pass, dropped: () => dropped };
}

const member = (id: string, more: Partial<MemberState> = {}): MemberState => MemberState.fromPartial({ member: id, ...more });

describe('an instance', () => {
  it('says how it stands at once and once a second, and a last time when it ends', () => {
    let ok = true;
    const { heard, begin, pass } = play({
      ready: () => ({ ok, reasons: ok ? [] : ['draining'] }),
      inFlight: () => 7,
      lag: () => 3,
      figures: () => ({ leads: true, membershipVersion: 9n, told: [{ ingress: 'i1', epoch: 'e', finals: 4n }] }),
      members: () => [member('acme', { waiting: 2 })],
    });
    const stop = begin();
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({
      ...self,
      at: 1_000_000n,
      started: 1_000_000n,
      ready: true,
      reasons: [],
      leads: true,
      membershipVersion: 9n,
      lag: 3,
      inFlight: 7,
      part: 0,
      lastPart: true,
      members: [member('acme', { waiting: 2 })],
      told: [{ ingress: 'i1', epoch: 'e', finals: 4n }],
    });
    expect(heard[0]?.memory).toBeGreaterThan(1_000_000n);
    pass(2_000);
    expect(heard).toHaveLength(3);
    ok = false;
    stop();
    pass(2_000);
    expect(heard).toHaveLength(4);
    expect(heard[3]).toMatchObject({ ready: false, reasons: ['draining'], members: [], lastPart: true });
  });

  it('says nothing while NATS is away, and how it stands as soon as it is back', () => {
    const { bus, heard, begin, pass } = play();
    begin();
    bus.setConnected(false);
    pass(5_000);
    expect(heard).toHaveLength(1);
    bus.setConnected(true);
    expect(heard).toHaveLength(2);
  });

  it('names a large community in parts of one time, a few at once, and each member once', () => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `m${index}`);
    const { heard, begin, pass } = play({
      members: () => ids.map((id) => member(id)),
      figures: () => ({ told: [{ ingress: 'i1', epoch: 'e', finals: 1n }] }),
    });
    begin();
    expect(heard).toHaveLength(1);
    pass(100);
    expect(heard.map(({ at, part, lastPart, members, told }) => [at, part, lastPart, members.length, told.length])).toEqual([
      [1_000_000n, 0, false, 500, 1],
      [1_000_000n, 1, false, 500, 0],
      [1_000_000n, 2, true, 200, 0],
    ]);
    expect(heard.flatMap(({ members }) => members.map((one) => one.member))).toEqual(ids);
  });

  it('that has more to name than a second is long begins no second list before the first is said', () => {
    const ids = Array.from({ length: 60 * reportBounds.members }, (_, index) => `m${index}`);
    const { heard, begin, pass } = play({ members: () => ids.map((id) => member(id)) });
    begin();
    pass(1_300);
    expect(heard.slice(0, 61).map(({ part }) => part)).toEqual(Array.from({ length: 61 }, (_, part) => part));
    expect(heard[60]?.lastPart).toBe(true);
    expect(new Set(heard.slice(0, 61).map(({ at }) => at)).size).toBe(1);
  });

  it('keeps every part within what is believed, whatever it is told to say', () => {
    const long = 'ü\u202e\n'.repeat(1_000);
    const link = { address: 'h'.repeat(1_000), state: 'backoff', why: long, certificateEnds: -1n };
    const links = Array.from({ length: 100 }, () => link);
    const { heard, sizes, begin, pass, dropped } = play({
      ready: () => ({ ok: false, reasons: Array.from({ length: 100 }, () => long) }),
      inFlight: () => Number.NaN,
      lag: () => -5,
      figures: () => ({
        recordsWaiting: 1e20,
        recordsMade: -1n,
        told: Array.from({ length: 1_000 }, (_, index) => ({ ingress: `i${index}`, epoch: 'e'.repeat(64), finals: 2n ** 63n })),
      }),
      members: () => [member('not an id'), ...Array.from({ length: 40 }, (_, index) => member(`m${index}`, { links, waiting: 1.5 }))],
    });
    begin();
    pass(900);
    expect(dropped()).toBe(0);
    expect(heard.at(-1)?.lastPart).toBe(true);
    expect(heard.length).toBeGreaterThan(10);
    expect(heard.flatMap(({ members }) => members.map((one) => one.member))).toHaveLength(40);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(reportBounds.bytes);
    expect(heard[0]).toMatchObject({ inFlight: 0, lag: 0, recordsWaiting: 0xffffffff, recordsMade: 0n });
  });
});
