import { existsSync, readdirSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { openFolder } from '../stage/folder.js';
import { bench, type Surroundings } from './bench.js';
import { hubName } from './hub-names.js';
import { type Options, readOptions } from './options.js';
import { renderJson, renderTables } from './report.js';

const folder = openFolder('bench-test');
afterAll(() => folder.close());

/** Whole hubs start in these tests, on machines of any speed; ms. */
const patience = 90_000;

const environment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
);

function options(line: string): Options {
  const request = readOptions(line.split(' '));
  if (request.kind !== 'bench') throw new Error(JSON.stringify(request));
  return request.options;
}

function surroundings(): Surroundings & { readonly said: string[] } {
  const said: string[] = [];
  return { environment, signal: new AbortController().signal, profiles: folder.file('profiles'), say: (line) => said.push(line), said };
}

it('puts some hundred messages through a real hub, loses none and has a figure for everything', { timeout: patience }, async () => {
  const around = surroundings();
  const findings = await bench(options('--rounds 1 --count 300 --patterns 10x3,2@500 --only hub,codec'), around);
  expect(
    findings.rows.map(({ hub, pattern, transactions, failed, troubles }) => ({ hub, pattern, transactions, failed, troubles })),
  ).toEqual(['10x3', '2@500'].map((pattern) => ({ hub: hubName, pattern, transactions: 300, failed: 0, troubles: [] })));
  for (const row of findings.rows) {
    const { perSecond, p50, p99, longest, memory, cpuParts } = row;
    expect(Object.entries({ perSecond, p50, p99, longest, memory }).filter(([, value]) => !(value > 0))).toEqual([]);
    expect(Object.keys(cpuParts)).toEqual(expect.arrayContaining(['ingress', 'relay', 'policy', 'nats-server']));
  }
  expect(findings.codec.filter(({ nanoseconds }) => !(nanoseconds > 0))).toEqual([]);
  expect(findings.codec.length).toBeGreaterThan(0);
  expect(renderTables(findings, hubName)).toContain('guildhall');
  expect(JSON.parse(renderJson(findings, hubName))).toMatchObject({ missing: [], ratios: [], medians: [{}, {}] });
  expect(around.said[0]).toBe('round 1 of 1');
});

// One of a hundred is traced: of three thousand some surely are.
it('compares a hub that keeps and tells everything with one that does not, and sees that it does', { timeout: 2 * patience }, async () => {
  const findings = await bench(
    options('--rounds 1 --count 3000 --patterns 10x3 --with records,metrics,traces --against off'),
    surroundings(),
  );
  const [hub, against] = [`${hubName} with records,metrics,traces`, `${hubName}, all off`];
  expect(findings.compared).toEqual({ hub, against });
  expect(findings.rows.map(({ hub: name, failed, troubles }) => ({ name, failed, troubles }))).toEqual(
    [hub, against].map((name) => ({ name, failed: 0, troubles: [] })),
  );
  for (const { cpuParts } of findings.rows) expect(Object.keys(cpuParts)).toContain('console');
  expect(renderTables(findings, hub)).toMatch(/ingress [+-].*, relay [+-].*, nats-server [+-].*: together [+-].*console [+-]/);
  expect(JSON.parse(renderJson(findings, hub))).toMatchObject({ differences: [{ pattern: '10x3', rounds: 1 }] });
});

it('puts twice the load through two instances, and each of them has its part', { timeout: 2 * patience }, async () => {
  const around = surroundings();
  const findings = await bench(options('--instances 2 --rounds 1 --count 600 --patterns fan-out:8x1:2x10'), around);
  const [hub, against] = [`${hubName}, 2 of each`, `${hubName}, 1 of each`];
  expect(findings.rows.map(({ hub: name, pattern, failed, troubles }) => ({ name, pattern, failed, troubles }))).toEqual(
    [hub, against].map((name) => ({ name, pattern: 'fan-out:8x1:2x10', failed: 0, troubles: [] })),
  );
  for (const { cpuParts } of findings.rows)
    expect(Object.keys(cpuParts)).toEqual(expect.arrayContaining(['ingress', 'relay', 'policy', 'nats-server']));
  expect(renderTables(findings, hub)).toMatch(/goal: from .*1 of each to .*2 of each at most \+10 %: CPU a transaction [+-]/);
});

it('profiles every service of a hub', { timeout: patience }, async () => {
  const findings = await bench(options('--profile --with records --count 300 --patterns 3x10'), surroundings());
  const services = findings.profiles.map(({ service }) => service).sort();
  expect(services).toEqual(['cli', 'console', 'ingress', 'policy', 'relay']);
  const relay = findings.profiles.find(({ service }) => service === 'relay');
  expect(relay?.summary.own.some(({ file }) => file.startsWith('services/relay/src/'))).toBe(true);
  expect(readdirSync(folder.file('profiles')).filter((name) => name.endsWith('.cpuprofile'))).toHaveLength(5);
});

it('ends what it started when it is told to end', { timeout: patience }, async () => {
  const ending = new AbortController();
  const measuring = bench(options('--rounds 1 --count 1000000 --patterns 2x5 --only hub'), {
    ...surroundings(),
    signal: ending.signal,
    say: () => setImmediate(() => ending.abort(new Error('enough'))),
  });
  await expect(measuring).rejects.toThrow();
  expect(existsSync(folder.path)).toBe(true);
});

it('puts messages through Kamailio where there is one', { timeout: patience }, async () => {
  const around = surroundings();
  const findings = await bench(options('--rounds 1 --count 300 --patterns 3x10 --only peer'), around);
  if (findings.missing.length > 0) expect(around.said.join()).toContain('kamailio IS MISSING');
  else expect(findings.rows).toMatchObject([{ hub: 'kamailio', failed: 0, transactions: 300, troubles: [] }]);
});
