import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '@guildhall/cli/trust/authority-files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { asked, openApi } from '../stage/admin.js';
import { startCaptureServer } from '../stage/capture-server.js';
import { checkoutRoot } from '../stage/checkout.js';
import { startCollector } from '../stage/collector.js';
import { exchange } from '../stage/exchange.js';
import { commonLabels, type Family, familyOf, readExposition } from '../stage/exposition.js';
import { openFolder } from '../stage/folder.js';
import { badCertificates } from '../stage/identities.js';
import { knockInVain } from '../stage/knock.js';
import { readMetricsTable, rowOf, writeRow } from '../stage/metrics-table.js';
import { perform } from '../stage/performance.js';
import { readPromql } from '../stage/promql.js';
import { promtoolTool } from '../stage/tools.js';

const deploy = join(checkoutRoot(), 'deploy');
const read = (...path: string[]) => readFileSync(join(deploy, ...path), 'utf8');
const rulesFile = join(deploy, 'prometheus', 'guildhall-rules.yml');

/** A query, and where it stands. */
interface Query {
  readonly at: string;
  readonly text: string;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const rules: readonly Rule[] = parse(readFileSync(rulesFile, 'utf8')).groups.flatMap(({ rules: all }: { rules: Rule[] }) => all);
const boards = readdirSync(join(deploy, 'grafana', 'dashboards')).map((file) => ({
  file,
  board: JSON.parse(read('grafana', 'dashboards', file)),
}));
const queries: readonly Query[] = [
  ...rules.map(({ alert, expr }) => ({ at: alert, text: expr })),
  ...boards.flatMap(({ file, board }) => [...queriesOf(file, board)]),
];

/** Every query of a dashboard, with what Grafana puts in place of its variables. */
function* queriesOf(file: string, board: { panels: Panel[]; templating: { list: Variable[] } }): Iterable<Query> {
  for (const { title, targets = [] } of board.panels) {
    for (const { expr } of targets) yield { at: `${file}, ${title}`, text: filled(expr) };
  }
  for (const { name, definition } of board.templating.list) {
    const [, inner, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
    if (inner !== undefined) yield { at: `${file}, variable ${name}`, text: `count by (${label}) (${inner})` };
  }
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
}

function filled(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replace(/"\$(\w+)"/g, '".*"');
}

describe('dashboards and rules', () => {
  it.each(queries.map(({ at, text }): [string, string] => [at, text]))('%s: the query can be parsed', (_, text) => {
    const { broken, selectors } = readPromql(text);
    expect(broken).toBe('');
    expect(selectors.length).toBeGreaterThan(0);
    expect(text).not.toContain('$');
  });

  it('cover what somebody has to be woken or told for', () => {
    const text = rules.map(({ expr }) => expr).join('\n');
    for (const name of [
      'member_up',
      'certificate_expiry',
      'stale_revocation_lists',
      'ingress_refusals',
      'bus_up',
      'records_total',
      'spans_total',
      'message_duration',
      'ingress_overload',
      'eventloop_lag',
    ]) {
      expect(text).toContain(name);
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Guildhall[A-Z]\w+$/);
      expect(labels.severity).toMatch(/^(page|ticket)$/);
      expect(annotations.summary.length).toBeGreaterThan(10);
    }
  });

  it('take any data source, and link to each other by ids that are there', () => {
    const ids = boards.map(({ board }) => board.uid);
    expect(new Set(ids).size).toBe(3);
    for (const { board } of boards) {
      expect(board.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
      for (const { url } of board.links) expect(ids).toContain(url.slice('/d/'.length));
      const panels = board.panels.map(({ id }: { id: number }) => id);
      expect(new Set(panels).size).toBe(panels.length);
      const uids = [...JSON.stringify(board).matchAll(/"uid":"([^"]*)"/g)].map(([, uid = '']) => uid);
      for (const uid of uids) expect(uid === board.uid || /^\$\{datasource\}$/.test(uid), uid).toBe(true);
    }
    expect(parse(read('grafana', 'provisioning', 'datasources', 'guildhall.yaml')).datasources[0].type).toBe('prometheus');
    expect(parse(read('grafana', 'provisioning', 'dashboards', 'guildhall.yaml')).providers[0].type).toBe('file');
  });
});

describe('every metric', async () => {
  const homer = await startCaptureServer();
  const collector = await startCollector();
  const folder = openFolder('goods');
  const ca = folder.file('ca');
  await makeAuthority(ca, { name: 'Steel Guild CA', days: 365, crlDays: 7, now: Date.now() });
  const telemetry = { otlp: { url: collector.url }, traces: 1, interval: '20ms', metrics: true, metricsInterval: '1s' };
  const { actor, hub, play } = perform({
    cast: {
      acme: {},
      bolt: {},
      crow: { dialsOnly: true },
      /** Its proxy shows what nobody believes. */
      dune: { doorIdentity: (authority) => badCertificates.expired(authority, 'dune.example') },
    },
    topology: { ingresses: 1, relays: 1, policies: 1, consoles: 1 },
    rules: [{ id: 'no-dan', from: { any: true }, to: { user: 'dan@bolt.example' }, action: 'deny', reason: 'not him' }],
    settings: {
      ingress: { hep: { enabled: true, port: homer.port }, telemetry },
      policy: { authority: { folder: ca, check: '50ms' }, telemetry },
      relay: { telemetry },
      console: { telemetry },
    },
  });
  const families = new Map<string, Family>();

  beforeAll(async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    await exchange(acme, bolt);
    await exchange(bolt, actor('crow'));
    await acme.hearAnswer(acme.say('MESSAGE', 'sip:dan@bolt.example'), 403);
    await acme.hearAnswer(acme.say('MESSAGE', 'sip:dora@dune.example'), 500);
    await knockInVain(play(), await badCertificates.expired(play().authority, 'acme.example'));
    const api = openApi(hub());
    await asked((done) => api.access.whoAmI({}, done));
    api.close();
    const services = { ingress: hub().ingresses, policy: hub().policies, relay: hub().relays, console: hub().consoles };
    for (const [service, instances] of Object.entries(services)) {
      for (const { addresses } of instances) readExposition(service, await metricsOf(addresses), families);
    }
  });
  afterAll(async () => {
    homer.close();
    await collector.close();
    folder.close();
  });
  const metricsOf = async (addresses: Readonly<Record<string, string>>) => (await fetch(`http://${addresses['admin']}/metrics`)).text();

  it('that a query names is one of a service, with the labels and values it is asked by', () => {
    const faults = queries.flatMap(({ at, text }) =>
      readPromql(text).selectors.flatMap(({ metric, labels, values }) => {
        // Prometheus makes it for each target.
        if (metric === 'up') return [];
        if (metric === '')
          return named(text)
            .filter((name) => !families.has(name))
            .map((name) => `${at}: no service has ${name}`);
        const family = familyOf(metric, families);
        if (family === undefined) return [`${at}: no service has ${metric}`];
        const told = table.get(family.name)?.labels ?? [];
        const known = new Set<string>([...commonLabels, 'le', ...family.labels.keys(), ...told]);
        return [
          ...labels.filter((label) => !known.has(label)).map((label) => `${at}: ${metric} has no label ${label}`),
          ...values
            .filter(([label, value]) => value !== '' && family.labels.has(label) && family.labels.get(label)?.has(value) !== true)
            .map(([label, value]) => `${at}: ${metric} has no ${label}="${value}"`),
        ];
      }),
    );
    expect(faults).toEqual([]);
  });

  /** Names in a selector by name. */
  const named = (text: string): string[] => /__name__=~"([\w|]+)"/.exec(text)?.[1]?.split('|') ?? [];
  const table = new Map(readMetricsTable(read('prometheus', 'METRICS.md')).map((row) => [row.metric, row]));

  it('stands in METRICS.md with its type, services, labels and meaning, and nothing else does', () => {
    const rows = [...families.values()].map((family) => writeRow(rowOf(family, table.get(family.name)))).toSorted();
    expect([...table.values()].map(writeRow)).toEqual(rows);
  });

  it('has a unit where it has one, ends in _total where it counts, and no label of a user, a pair or a call', () => {
    for (const { name, type, labels, help } of families.values()) {
      expect(name).toMatch(/^(guildhall|process|nodejs)_[a-z0-9_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|kb|mib)(_|$)/);
      expect(help, name).not.toBe('');
      expect(
        [...labels.keys()].filter((label) => /^(user|uri|call_?id|peer|target|pair|from|to|domain|source|address)$/.test(label)),
        name,
      ).toEqual([]);
    }
  });

  it('of those that were asked for is there', () => {
    for (const name of asFor) expect([...families.keys()]).toContain(name);
  });
});

/** Names that dashboards of others stand on too. */
const asFor = [
  'guildhall_messages_total',
  'guildhall_message_duration_seconds',
  'guildhall_member_connections',
  'guildhall_member_up',
  'guildhall_tls_handshakes_total',
  'guildhall_policy_decisions_total',
  'guildhall_certificate_expiry_timestamp_seconds',
  'guildhall_bus_up',
  'guildhall_build_info',
];

const promtool = await promtoolTool();
const without = promtool === undefined ? ' (SKIPPED: no promtool here)' : '';

describe.skipIf(promtool === undefined)(`promtool${without}`, () => {
  it.each([
    ['finds no fault in the rules', ['check', 'rules', 'guildhall-rules.yml']],
    ['finds no fault in the example configuration', ['check', 'config', 'prometheus.yml']],
    ['sees each alert fire when it should, and not before', ['test', 'rules', 'guildhall-rules.test.yml']],
  ])('%s', (_, given) => {
    const { status, stdout, stderr } = spawnSync(promtool?.binary ?? '', given, { cwd: join(deploy, 'prometheus'), encoding: 'utf8' });
    expect(`${stdout}${stderr}`).not.toMatch(/FAILED/);
    expect(status).toBe(0);
  });
});
