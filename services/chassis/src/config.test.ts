import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  adminConfig,
  byteSize,
  certificateConfig,
  count,
  duration,
  instanceId,
  logConfig,
  natsConfig,
  path,
  readConfig,
  section,
} from './config.js';
import { Fault } from './fault.js';

const schema = z.strictObject({
  id: instanceId('one'),
  nats: natsConfig,
  admin: adminConfig,
  log: logConfig,
  certificate: certificateConfig.optional(),
  timeouts: section({ final: duration('25s', '1s', '60s'), timerC: duration('200s', '180s', '10m') }),
  limits: section({ inFlight: count(100, 1, 1000), message: byteSize('64KiB', '1KiB', '1MiB') }),
  listeners: z.array(z.strictObject({ name: z.string(), port: z.int().max(65_535), ca: z.array(path()).default([]) })).default([]),
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(yaml: string | undefined, env: Record<string, string> = {}, ignore: readonly string[] = []) {
  const file = yaml === undefined ? undefined : join(folder, 'ingress.yaml');
  if (yaml !== undefined && file !== undefined) writeFileSync(file, yaml);
  return readConfig(schema, { file, env, name: 'ingress', ignore });
}

function refusal(yaml: string | undefined, env: Record<string, string> = {}): string {
  try {
    read(yaml, env);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Fault);
    if (thrown instanceof Fault) {
      expect(thrown.exitCode).toBe(2);
      expect(thrown.code).toBe('config');
      return thrown.message.replaceAll(`${folder}/`, '');
    }
  }
  return 'accepted';
}

describe('a configuration is refused with the place and the reason', () => {
  const bad: readonly [string, string | undefined, Record<string, string>, readonly string[]][] = [
    // Composing it would take the stack, and with some Node versions the process.
    ['nothing but brackets', `${'['.repeat(100_000)}`, {}, ['problem\n', 'ingress.yaml:1:65 this is nested more than 64 levels deep']],
    ['nested on a later line', `id: one\nlisteners: ${'{a: '.repeat(70)}`, {}, ['ingress.yaml:2:', 'nested more than 64 levels deep']],
    ['brackets in a variable', '', { GUILDHALL_LISTENERS: '['.repeat(100_000) }, ['GUILDHALL_LISTENERS: cannot be read as YAML']],
    ['unknown key', 'limits:\n  inFlght: 3\n', {}, ['ingress.yaml:2:3 limits.inFlght: no such setting, did you mean inFlight?']],
    ['unknown key far from any', 'colour: red\n', {}, ['ingress.yaml:1:1 colour: no such setting; there are id, nats,']],
    ['a key every object inherits', 'constructor: 1\n', {}, ['ingress.yaml:1:1 constructor: no such setting']],
    [
      'unknown key in a list',
      'listeners:\n  - { name: a, prt: 1, port: 5061 }\n',
      {},
      ['ingress.yaml:2:16 listeners.0.prt: no such setting, did you mean port?'],
    ],
    ['missing key in a list', 'listeners:\n  - name: a\n', {}, ['ingress.yaml:2:5 listeners.0.port: is missing']],
    ['a time out of range', 'timeouts: { final: 2m }\n', {}, ['ingress.yaml:1:13 timeouts.final: must be between 1s and 1m']],
    ['no time', 'timeouts: { final: soon }\n', {}, ['expected a time span such as 250ms, 25s or 3m, between 1s and 1m']],
    ['a time of another kind', 'timeouts: { final: [1] }\n', {}, ['timeouts.final: expected a time span']],
    ['a negative time', 'timeouts: { final: -1 }\n', {}, ['expected a time span']],
    ['a size out of range', 'limits: { message: 2MiB }\n', {}, ['limits.message: must be between 1KiB and 1MiB']],
    ['a count out of range', 'limits: { inFlight: 0 }\n', {}, ['limits.inFlight: must be at least 1']],
    ['a broken count', 'limits: { inFlight: 1.5 }\n', {}, ['limits.inFlight: ']],
    ['a list where keys belong', 'limits: [1]\n', {}, ['ingress.yaml:1:1 limits: expected object']],
    ['no map at all', '- 1\n', {}, ['ingress.yaml:1:1 expected settings']],
    ['a key twice', 'id: a\nid: b\n', {}, ['ingress.yaml:2:1 Map keys must be unique']],
    ['broken YAML', 'id: "a\n', {}, ['ingress.yaml:']],
    ['two documents', 'id: a\n---\nid: b\n', {}, ['ingress.yaml:2:1']],
    ['an id that is no token', 'id: a.b\n', {}, ['ingress.yaml:1:1 id: expected 1 to 63 of a-z 0-9 -']],
    ['a password in the url', 'nats: { url: "nats://me:secret@host:4222" }\n', {}, ['nats.url: expected nats://host:port']],
    ['a level that is none', 'log: { level: loud }\n', {}, ['log.level: expected one of fatal, error']],
    ['half a certificate', 'certificate: { cert: a.crt }\n', {}, ['ingress.yaml:1:1 certificate.key: is missing']],
    [
      'several at once, in order',
      'id: A\nlimits: { inFlight: 0, x: 1 }\n',
      {},
      ['3 problems', ':1:1 id:', ':2:11 limits.inFlight', ':2:24 limits.x'],
    ],
    [
      'unknown variable',
      undefined,
      { GUILDHALL_LIMITS_INFLIGHT: '3' },
      ['GUILDHALL_LIMITS_INFLIGHT: no such setting, did you mean GUILDHALL_LIMITS_IN_FLIGHT?'],
    ],
    [
      'variable out of range',
      'limits: { inFlight: 3 }\n',
      { GUILDHALL_LIMITS_IN_FLIGHT: '5000' },
      ['GUILDHALL_LIMITS_IN_FLIGHT: must be at most 1000'],
    ],
    ['variable that is no YAML', undefined, { GUILDHALL_LISTENERS: '[a' }, ['GUILDHALL_LISTENERS: cannot be read as YAML']],
    ['variable into a list', undefined, { GUILDHALL_LISTENERS: '[{ name: a }]' }, ['GUILDHALL_LISTENERS: is missing']],
    [
      'required without a file',
      undefined,
      { GUILDHALL_CERTIFICATE_CERT: 'a' },
      ['certificate.key: is missing', 'GUILDHALL_CERTIFICATE_KEY'],
    ],
  ];
  it.each(bad)('%s', (_, yaml, env, parts) => {
    const message = refusal(yaml, env);
    for (const part of parts) expect(message).toContain(part);
  });

  it('a file that is not there, or a folder', () => {
    expect(() => readConfig(schema, { file: join(folder, 'nothing.yaml'), env: {}, name: 'relay' })).toThrow('there is no such file');
    expect(() => readConfig(schema, { file: folder, env: {}, name: 'relay' })).toThrow('it is a folder');
  });

  it('a setting whose default is out of its own range', () => {
    expect(() => duration('2m', '1s', '1m')).toThrow(RangeError);
  });
});

describe('a configuration is read', () => {
  it('from nothing, with every default', () => {
    expect(read(undefined)).toEqual({
      id: 'one',
      nats: { url: 'nats://127.0.0.1:4222' },
      admin: { host: '127.0.0.1', port: 0 },
      log: { level: 'info', pretty: 'auto', stream: 'stdout' },
      timeouts: { final: 25_000, timerC: 200_000 },
      limits: { inFlight: 100, message: 65_536 },
      listeners: [],
    });
  });

  it('from a file, units resolved, an empty section filled', () => {
    const config = read('timeouts:\nlimits: { message: 128KiB, inFlight: 7 }\nlog: { pretty: false }\n');
    expect(config.timeouts).toEqual({ final: 25_000, timerC: 200_000 });
    expect(config.limits).toEqual({ inFlight: 7, message: 131_072 });
    expect(config.log.pretty).toBe(false);
  });

  it('with the environment on top', () => {
    const config = read('timeouts: { final: 10s }\nnats: { user: a }\n', {
      GUILDHALL_TIMEOUTS_FINAL: '5s',
      GUILDHALL_TIMEOUTS_TIMER_C: '190000',
      GUILDHALL_NATS_URL: 'nats://bus:4222',
      GUILDHALL_NATS_PASSWORD: '0123',
      GUILDHALL_LISTENERS: '[{ name: members, port: 5061 }]',
      GUILDHALL_ID: '',
      UNRELATED: 'x',
    });
    expect(config.timeouts).toEqual({ final: 5000, timerC: 190_000 });
    expect(config.nats).toEqual({ url: 'nats://bus:4222', user: 'a', password: '0123' });
    expect(config.listeners).toEqual([{ name: 'members', port: 5061, ca: [] }]);
    expect(config.id).toBe('one');
  });

  it('leaving alone what belongs to someone else', () => {
    expect(read(undefined, { GUILDHALL_STATE: '/x' }, ['GUILDHALL_STATE']).id).toBe('one');
    expect(refusal(undefined, { GUILDHALL_STATE: '/x' })).toContain('GUILDHALL_STATE: no such setting');
  });

  it('with paths of a file relative to it and those of the environment as they are', () => {
    const config = read('certificate: { cert: tls/a.crt, key: /abs/a.key }\nlisteners: [{ name: a, port: 1, ca: [ca.crt] }]\n');
    expect(config.certificate).toEqual({ cert: join(folder, 'tls/a.crt'), key: '/abs/a.key' });
    expect(config.listeners[0]?.ca).toEqual([join(folder, 'ca.crt')]);
    expect(read('certificate: { cert: a, key: b }', { GUILDHALL_CERTIFICATE_CERT: 'c' }).certificate).toEqual({
      cert: 'c',
      key: join(folder, 'b'),
    });
  });
});
