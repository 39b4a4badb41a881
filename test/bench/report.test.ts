import { describe, expect, it } from 'vitest';
import { totalName } from './codec.js';
import { type Findings, renderJson, renderTables } from './report.js';
import { medians, type Row, ratios } from './rows.js';
import { median } from './statistics.js';

function row(hub: string, round: number, change: Partial<Row> = {}): Row {
  const zeros = {
    unit: 'tx' as const,
    memoryParts: {},
    batch: 0,
    transactions: 1000,
    p50: 1,
    p99: 4,
    longest: 9,
    failed: 0,
    memory: 100,
    sender: 4,
    answerer: 3,
    troubles: [],
  };
  return { hub, pattern: '4x50', round, perSecond: 30_000, cpu: 30, cpuParts: { ingress: 20, relay: 10 }, ...zeros, ...change };
}

const findings = (rows: readonly Row[], change: Partial<Findings> = {}): Findings => ({
  machine: 'a machine',
  rows,
  losses: [],
  codec: [],
  missing: [],
  profiles: [],
  ...change,
});

describe('median', () => {
  it.each([
    [[], 0],
    [[7], 7],
    [[9, 1], 5],
    [[9, 1, 4], 4],
    [[1, 2, 3, 100], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('medians', () => {
  it('are taken for each pattern and hub, but failures add up', () => {
    const rows = [
      row('own', 1, { cpu: 10 }),
      row('own', 2, { cpu: 90, failed: 2 }),
      row('own', 3, { cpu: 20 }),
      row('own', 1, { pattern: '100x1', cpu: 70 }),
    ];
    const found = medians(rows).map(({ pattern, cpu, failed, rounds }) => ({ pattern, cpu, failed, rounds }));
    expect(found).toEqual([
      { pattern: '4x50', cpu: 20, failed: 2, rounds: 3 },
      { pattern: '100x1', cpu: 70, failed: 0, rounds: 1 },
    ]);
  });

  it('of the parts are taken for each part', () => {
    const rows = [
      row('own', 1, { cpuParts: { relay: 1 } }),
      row('own', 2, { cpuParts: { relay: 5 } }),
      row('own', 3, { cpuParts: { relay: 3 } }),
    ];
    expect(medians(rows)[0]?.cpuParts).toEqual({ relay: 3 });
  });
});

describe('ratios', () => {
  it('compare within a round, so that a slow round of both changes nothing', () => {
    const rows = [
      row('own', 1, { perSecond: 300, cpu: 10 }),
      row('peer', 1, { perSecond: 100, cpu: 40 }),
      row('own', 2, { perSecond: 30, cpu: 100 }),
      row('peer', 2, { perSecond: 10, cpu: 400 }),
    ];
    expect(ratios(rows, 'own')).toEqual([{ pattern: '4x50', hub: 'own', peer: 'peer', perSecond: 3, cpu: 0.25, p99: 1 }]);
  });

  it('leave out rounds that the peer did not live through', () => {
    const rows = [row('own', 1), row('own', 2, { perSecond: 60_000 }), row('peer', 2), row('own', 3), row('peer', 3, { perSecond: 0 })];
    expect(ratios(rows, 'own')).toMatchObject([{ perSecond: 2 }]);
  });

  it('are none without a peer', () => {
    expect(ratios([row('own', 1)], 'own')).toEqual([]);
  });
});

describe('the tables', () => {
  it('say it loudly when a peer is missing', () => {
    expect(renderTables(findings([row('own', 1)], { missing: ['kamailio'] }), 'own')).toContain('NO RATIO: kamailio is not installed');
  });

  it('show the figures, the parts and the ratio', () => {
    const text = renderTables(findings([row('own', 1), row('peer', 1, { perSecond: 10_000, cpuParts: { peer: 60 }, cpu: 60 })]), 'own');
    expect(text).toMatch(/own +30,000 +30\.0 +1\.00 +4\.00 +9\.0 +0 +100\n {4}of which ingress 20\.0, relay 10\.0 us/);
    expect(text).toContain('own to peer: 3.00 x the transactions, 0.50 x the CPU, 1.00 x the p99');
  });

  it('show the memory by part, what arrived at once, and the best of several rounds', () => {
    const rows = [row('own', 1, { memoryParts: { ingress: 60, relay: 40 }, batch: 3.5 }), row('own', 2, { perSecond: 32_000, cpu: 29 })];
    const text = renderTables(findings(rows), 'own');
    expect(text).toContain('memory of ingress 30, relay 20 MiB');
    expect(text).toContain('requests arrived 1.8 at once');
    expect(text).toContain('at its best 32,000 tx/s; 29.0 us');
  });

  it.each([
    ['perSecond', { perSecond: 28_501 }, 0.05, 'the rate -5.0 %  kept'],
    ['perSecond', { perSecond: 28_400 }, 0.05, 'the rate -5.3 %  MISSED'],
    ['perSecond', { perSecond: 31_600 }, 0.05, 'the rate +5.3 %  MISSED'],
    ['cpu', { cpu: 32.9 }, 0.1, 'CPU a transaction +9.7 %  kept'],
    ['cpu', { cpu: 33.1 }, 0.1, 'CPU a transaction +10.3 %  MISSED'],
    ['cpu', { cpu: 10 }, 0.1, 'CPU a transaction -66.7 %  kept'],
  ] as const)('judge the %s of a grown hub: %j', (field, change, most, words) => {
    const grown = { hub: 'large', against: 'small', field, most, how: 'pinned' };
    const text = renderTables(findings([row('large', 1, change), row('small', 1)], { grown }), 'large');
    expect(text).toContain(`${words} (pinned)`);
  });

  it('tell whether the codec reaches its goal', () => {
    const text = (nanoseconds: number) => renderTables(findings([], { codec: [{ name: totalName, nanoseconds }] }), 'own');
    expect(text(4000)).toContain('goal: at most 4.0 us in all: reached');
    expect(text(4001)).toContain('goal: at most 4.0 us in all: MISSED');
  });

  const died = (round: number, pattern = '4x50') => ({ hub: 'peer', pattern, round, why: 'it died; the last words of peer: CRITICAL' });

  it.each([
    [
      'in its only round',
      [row('own', 1)],
      [died(1)],
      /^ {2}peer +died( +-){6}\n {4}died in 1 of 1 rounds, of which there are no figures$/m,
    ],
    ['in every round', [row('own', 1), row('own', 2)], [died(1), died(2)], /^ {2}peer +died.*\n {4}died in 2 of 2 rounds/m],
    ['in one round of two', [row('own', 1), row('peer', 2)], [died(1)], /^ {4}peer died in 1 of 2 rounds, of which/m],
    ['under a pattern that nobody went through', [row('own', 1)], [died(1, '100x1')], /^fan-in: 100 .*\n.*tx\/s.*\n {2}peer +died/m],
  ])('tell of a peer that died %s', (_, rows, losses, words) => {
    const text = renderTables(findings(rows, { losses }), 'own');
    expect(text).toMatch(words);
    expect(text).toMatch(/^peer .*: it died; the last words of peer: CRITICAL$/m);
    expect(JSON.parse(renderJson(findings(rows, { losses }), 'own'))).toMatchObject({ losses });
  });

  it('do not show figures of a peer that died under this pattern but not under another', () => {
    const text = renderTables(findings([row('own', 1), row('peer', 1)], { losses: [died(1, '100x1')] }), 'own');
    expect(text.match(/^ {2}peer .*died/gm)).toHaveLength(1);
    expect(text).toMatch(/^ {2}peer +30,000/m);
  });

  it('tell what was unlike other runs of a hub', () => {
    expect(renderTables(findings([row('peer', 1, { how: 'one worker' })]), 'own')).toMatch(/^ {4}with one worker$/m);
    expect(renderTables(findings([row('peer', 1)]), 'own')).not.toContain('with ');
  });

  it('name every trouble once', () => {
    const text = renderTables(
      findings([row('own', 1, { troubles: ['3 unanswered'] }), row('own', 2, { troubles: ['3 unanswered'] })]),
      'own',
    );
    expect(text.match(/own 4x50: 3 unanswered/g)).toHaveLength(1);
  });
});

it('the JSON holds medians, ratios, codec and every round', () => {
  const text = renderJson(findings([row('own', 1), row('peer', 1)], { codec: [{ name: 'read', nanoseconds: 900 }] }), 'own');
  expect(JSON.parse(text)).toMatchObject({
    medians: [{ hub: 'own' }, { hub: 'peer' }],
    ratios: [{ peer: 'peer' }],
    codec: [{ nanoseconds: 900 }],
    rounds: [{}, {}],
  });
});
