import { expect, it } from 'vitest';
import { goalLines } from './goals.js';
import type { Row } from './rows.js';

function row(hub: string, pattern: string, change: Partial<Row> = {}): Row {
  return {
    ...{ hub, pattern, round: 1, unit: 'tx', transactions: 1000, perSecond: 10_000, cpu: 30, cpuParts: {}, p50: 1, p99: 4, longest: 9 },
    ...{ failed: 0, memory: 100, memoryParts: {}, batch: 1, sender: 4, answerer: 3, troubles: [] },
    ...change,
  };
}

it.each([
  ['a pattern without goals', [row('own', '7x7'), row('kamailio', '7x7')], '7x7'],
  ['a pattern that the hub did not go through', [row('kamailio', '4x50')], '4x50'],
  ['a share of a rate that was not measured', [row('own', 'fan-out:200x50')], 'fan-out:200x50'],
  ['a ratio to a peer that was not measured', [row('own', 'calls')], 'calls'],
] as const)('says nothing of %s', (_, rows, pattern) => {
  expect(goalLines(rows, 'own', pattern)).toEqual([]);
});

it.each([
  [{ perSecond: 34_900 }, 'at least 3.50 x the rate of kamailio (stretch 5): 3.49  MISSED'],
  [{ perSecond: 35_000 }, 'at least 3.50 x the rate of kamailio (stretch 5): 3.50  kept'],
  [{ perSecond: 50_000 }, 'at least 3.50 x the rate of kamailio (stretch 5): 5.00  kept, the stretch too'],
  [{ cpu: 30.1 }, 'at most 30.0 us of CPU a transaction (stretch 20): 30.1  MISSED'],
  [{ cpu: 19 }, 'at most 30.0 us of CPU a transaction (stretch 20): 19.0  kept, the stretch too'],
  [{ memory: 101 }, 'memory at most 1.00 x that of kamailio: 1.01  MISSED'],
])('of trunks with %j: %s', (change, words) => {
  expect(goalLines([row('own', '4x50', change), row('kamailio', '4x50')], 'own', '4x50')).toContain(`  goal: ${words}`);
});

const packaged = row('kamailio-packaged', 'presence', { perSecond: 5_000 });
const tuned = row('kamailio', 'presence', { perSecond: 8_000 });
const other = row('kamailio-stateless', 'presence', { perSecond: 100 });

it.each([
  ['neither', [other], []],
  ['the tuned peer alone', [tuned], ['at least 2.00 x the rate of kamailio: 1.25  MISSED']],
  [
    'both, whatever the order',
    [packaged, tuned],
    ['at least 2.00 x the rate of kamailio: 1.25  MISSED; not judged: 2.00 x kamailio-packaged, whose allocator checks itself'],
  ],
  ['the packaged one alone', [packaged, other], ['at least 2.00 x the rate of kamailio-packaged, for want of kamailio: 2.00  kept']],
  [
    'the tuned peer in another round only',
    [packaged, { ...tuned, round: 2 }],
    ['at least 2.00 x the rate of kamailio-packaged, for want of kamailio: 2.00  kept'],
  ],
] as const)('judges one ratio of those to %s', (_, peers, words) => {
  expect(goalLines([row('own', 'presence'), ...peers], 'own', 'presence')).toEqual(words.map((one) => `  goal: ${one}`));
});

it('compares latency of an open loop with the peer', () => {
  const rows = [row('own', '8@4000', { p50: 1.6, p99: 3 }), row('kamailio-packaged', '8@4000'), row('kamailio', '8@4000', { p99: 2 })];
  expect(goalLines(rows, 'own', '8@4000')).toEqual([
    '  goal: p99 at most 1.00 x that of kamailio: 1.50  MISSED; not judged: 0.75 x kamailio-packaged, whose allocator checks itself',
    '  goal: p50 at most 1.50 ms (stretch 0.8): 1.60  MISSED',
  ]);
});

it.each([
  [
    'tuned, with the packaged beside it',
    ['kamailio-packaged', 'kamailio'],
    'kamailio: 1.00  kept; not judged: 1.00 x kamailio-packaged, whose allocator checks itself',
  ],
  ['packaged, for want of the tuned', ['kamailio-packaged'], 'kamailio-packaged, for want of kamailio: 1.00  kept'],
] as const)('compares memory at a stated rate with the peer: %s', (_, peers, words) => {
  const rows = [row('own', '8@25000'), ...peers.map((peer) => row(peer, '8@25000'))];
  expect(goalLines(rows, 'own', '8@25000')).toEqual([`  goal: memory at most 1.00 x that of ${words}`]);
});

it('takes the share of another pattern from the same round', () => {
  const rows = [
    row('own', '100x1'),
    row('own', '100x1', { round: 2, perSecond: 1_000 }),
    row('own', '400x1', { round: 2, perSecond: 790 }),
  ];
  expect(goalLines(rows, 'own', '400x1')).toEqual(['  goal: at least 80 % of the rate under 100x1: 79  MISSED']);
});
