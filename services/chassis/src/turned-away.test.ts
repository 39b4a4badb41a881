import { Refused, TurnedAway } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryBus } from './memory-bus.js';
import { createTurnedAwayTeller } from './turned-away.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function stage() {
  const bus = memoryBus();
  const told: TurnedAway[] = [];
  bus.subscribe(subjects.turnedAway, (payload) => told.push(TurnedAway.decode(payload)));
  return { told, teller: createTurnedAwayTeller(bus, 'ingress', 'ingress-1') };
}
const refused = (reason: string, more: Partial<Refused> = {}) => Refused.fromPartial({ reason, ...more });

describe('who was turned away', () => {
  it('is told together, after a moment', () => {
    const { told, teller } = stage();
    teller.note(refused('expired'));
    teller.note(refused('revoked'));
    expect(told).toEqual([]);
    vi.advanceTimersByTime(250);
    expect(told.map((one) => [one.service, one.id, one.refused.map(({ reason }) => reason), one.untold])).toEqual([
      ['ingress', 'ingress-1', ['expired', 'revoked'], 0],
    ]);
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveLength(1);
  });

  it('is only counted beyond a bound, so that a flood stays small', () => {
    const { told, teller } = stage();
    for (let i = 0; i < 1_000; i += 1)
      teller.note(refused('no-certificate', { detail: 'x'.repeat(5_000), names: Array(500).fill('y'.repeat(900)) }));
    vi.advanceTimersByTime(250);
    expect(told).toHaveLength(1);
    expect([told[0]?.refused.length, told[0]?.untold]).toEqual([64, 936]);
    expect(TurnedAway.encode(told[0] ?? TurnedAway.create()).finish().length).toBeLessThan(1024 * 1024);
    teller.note(refused('expired'));
    vi.advanceTimersByTime(250);
    expect([told[1]?.refused.length, told[1]?.untold]).toEqual([1, 0]);
  });

  it('is told at the end too', () => {
    const { told, teller } = stage();
    teller.note(refused('expired'));
    teller.close();
    expect(told).toHaveLength(1);
  });
});
