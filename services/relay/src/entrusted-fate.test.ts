import { describe, expect, it } from 'vitest';
import { type Doubt, type Fate, fateOf } from './entrusted-fate.js';

const calm: Doubt = { holder: 'there', awaySince: 0, busLostAt: 0, doubtedAt: 0, givenAt: 1_000 };

describe('a request that an ingress was entrusted with', () => {
  const cases: readonly [why: string, doubt: Partial<Doubt>, now: number, fate: Fate][] = [
    ['is waited for', {}, 60_000, 'wait'],
    ['is waited for while its ingress may be back', { holder: 'away', awaySince: 10_000 }, 11_999, 'wait'],
    ['is answered when its ingress stays away', { holder: 'away', awaySince: 10_000 }, 12_000, 'answer'],
    ['is answered when another incarnation has the place of its ingress', { holder: 'replaced', awaySince: 10_000 }, 10_000, 'answer'],
    ['is waited for while NATS may be back', { busLostAt: 10_000 }, 12_999, 'wait'],
    ['is answered when NATS stays away', { busLostAt: 10_000 }, 13_000, 'answer'],
    ['is no business of its ingress while NATS is away here', { holder: 'away', awaySince: 1_000, busLostAt: 10_000 }, 12_000, 'wait'],
    ['is waited for while answers are published again', { doubtedAt: 10_000 }, 10_999, 'wait'],
    ['is said again when none came', { doubtedAt: 10_000 }, 11_000, 'again'],
    ['is not said again when it was given later', { doubtedAt: 10_000, givenAt: 10_001 }, 11_000, 'wait'],
    ['is not said again to who is away', { holder: 'away', awaySince: 10_500, doubtedAt: 10_000 }, 11_000, 'wait'],
  ];
  it.each(cases)('%s', (_why, doubt, now, fate) => {
    expect(fateOf({ ...calm, ...doubt }, now)).toBe(fate);
  });
});
