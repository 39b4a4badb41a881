import { describe, expect, it } from 'vitest';
import { differenceLines, differences } from './differences.js';
import { featureEnvironment, featureName } from './features.js';
import type { Row } from './rows.js';

function row(hub: string, round: number, cpuParts: Row['cpuParts'], pattern = '4x50'): Row {
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
  return { hub, pattern, round, perSecond: 30_000, cpu: 30, cpuParts, ...zeros };
}

describe('what something costs', () => {
  it('is compared within a round, so that a slow round of both changes nothing', () => {
    const rows = [
      row('on', 1, { ingress: 12, relay: 6, 'nats-server': 3, console: 2 }),
      row('off', 1, { ingress: 11, relay: 5.5, 'nats-server': 2.5, console: 0 }),
      row('on', 2, { ingress: 120, relay: 60, 'nats-server': 30, console: 5 }),
      row('off', 2, { ingress: 119, relay: 59.5, 'nats-server': 29, console: 1 }),
    ];
    expect(differences(rows, 'on', 'off')).toEqual([
      {
        pattern: '4x50',
        hub: 'on',
        against: 'off',
        rounds: 2,
        parts: { ingress: 1, relay: 0.5, 'nats-server': 0.75, console: 3 },
        path: 2.25,
        least: 2,
        most: 2.5,
      },
    ]);
  });

  it('leaves out rounds that one of them did not live through, and patterns of which nothing is left', () => {
    const rows = [row('on', 1, { ingress: 3 }), row('on', 2, { ingress: 5 }), row('off', 2, { ingress: 4 }), row('on', 1, {}, '100x1')];
    expect(differences(rows, 'on', 'off')).toMatchObject([{ pattern: '4x50', rounds: 1, path: 1 }]);
  });

  it.each([
    [3, 'kept'],
    [3.01, 'BROKEN'],
  ])('%d us together: the promise is %s', (micros, word) => {
    const rows = [row('on', 1, { ingress: micros, console: 50 }), row('off', 1, { ingress: 0, console: 1 })];
    const text = differenceLines(differences(rows, 'on', 'off'), '4x50').join('\n');
    expect(text).toContain(`together +${micros.toFixed(2)}`);
    expect(text).toContain('apart from that console +49.00');
    expect(text).toContain(`at most 3.0 us together: ${word}`);
  });
});

describe('features', () => {
  it('that are off are switched off by name', () => {
    expect(featureEnvironment([], 'http://127.0.0.1:1')).toEqual({ GUILDHALL_INGRESS_RECORDS_ENABLED: 'false' });
    expect(featureName('guildhall', [])).toBe('guildhall, all off');
  });

  it('are asked of every service', () => {
    expect(featureEnvironment(['records', 'traces'], 'http://127.0.0.1:1')).toMatchObject({
      GUILDHALL_INGRESS_RECORDS_ENABLED: 'true',
      GUILDHALL_RELAY_TELEMETRY_TRACES: '0.01',
      GUILDHALL_POLICY_TELEMETRY_METRICS: 'false',
      GUILDHALL_CONSOLE_TELEMETRY_OTLP_URL: 'http://127.0.0.1:1',
    });
  });
});
