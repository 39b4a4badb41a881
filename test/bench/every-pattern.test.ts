import { afterAll, expect, it } from 'vitest';
import { openFolder } from '../stage/folder.js';
import { bench } from './bench.js';
import { readOptions } from './options.js';

const folder = openFolder('bench-patterns-test');
afterAll(() => folder.close());

/** Whole hubs start in this test, on machines of any speed; ms. */
const patience = 180_000;

// On a machine that is busy with other tests the hub would refuse some: that is not what is asked here.
const environment = {
  ...Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  GUILDHALL_INGRESS_OVERLOAD_ENABLED: 'false',
};

it('puts calls, subscriptions and messages to many members through a real hub and loses none', { timeout: patience }, async () => {
  const request = readOptions('--rounds 1 --count 100 --only hub --patterns calls:2x5,presence:2x5,fan-out:3x5:2x5'.split(' '));
  if (request.kind !== 'bench') throw new Error(JSON.stringify(request));
  const findings = await bench(request.options, {
    environment,
    signal: new AbortController().signal,
    profiles: folder.file('profiles'),
    say: () => {},
  });
  expect(
    findings.rows.map(({ pattern, unit, transactions, failed, troubles }) => ({ pattern, unit, transactions, failed, troubles })),
  ).toEqual(
    [
      { pattern: 'calls:2x5', unit: 'calls' },
      { pattern: 'presence:2x5', unit: 'tx' },
      { pattern: 'fan-out:3x5:2x5', unit: 'tx' },
    ].map((row) => ({ ...row, transactions: 100, failed: 0, troubles: [] })),
  );
});
