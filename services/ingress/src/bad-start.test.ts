import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@guildhall/chassis/config';
import { Fault } from '@guildhall/chassis/fault';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuer } from './certificates.stage.js';
import { configSchema, type IngressConfigInput } from './config.js';
import { start } from './start.js';

let nats: TestServer;
let folder: string;
beforeAll(async () => {
  nats = await startTestServer(process.env);
  folder = mkdtempSync(join(tmpdir(), 'guildhall-bad-start-'));
  const authority = await issuer('CA');
  for (const name of ['hub', 'other']) {
    const paper = await authority.issue({ cn: name });
    writeFileSync(join(folder, `${name}.crt`), paper.cert);
    writeFileSync(join(folder, `${name}.key`), paper.key);
  }
  writeFileSync(join(folder, 'garbage'), 'garbage');
});
afterAll(async () => {
  await nats.remove();
  rmSync(folder, { recursive: true });
});

const started = async (settings: Partial<IngressConfigInput>): Promise<unknown> => {
  const config = configSchema.parse({
    nats: { url: nats.url },
    hub: { domain: 'hub.example' },
    listeners: [{ name: 'members', port: 0 }],
    certificate: { cert: join(folder, 'hub.crt'), key: join(folder, 'hub.key') },
    log: { level: 'silent' },
    ...settings,
  });
  return start(config, AbortSignal.timeout(10)).then(
    () => undefined,
    (error: unknown) => error,
  );
};

describe('an ingress that cannot start says why and how to cure it', () => {
  it.each<[why: string, settings: () => Partial<IngressConfigInput>, code: string, message: RegExp]>([
    ['without NATS', () => ({ nats: { url: 'nats://127.0.0.1:1' } }), 'bus-unreachable', /127\.0\.0\.1:1/],
    [
      'without its certificate',
      () => ({ certificate: { cert: join(folder, 'none'), key: join(folder, 'hub.key') } }),
      'certificate',
      /none/,
    ],
    ['with a folder for a key', () => ({ certificate: { cert: join(folder, 'hub.crt'), key: folder } }), 'certificate', /key/],
    [
      'with garbage for a certificate',
      () => ({ certificate: { cert: join(folder, 'garbage'), key: join(folder, 'hub.key') } }),
      'certificate',
      /garbage/,
    ],
    [
      "with another's key",
      () => ({ certificate: { cert: join(folder, 'hub.crt'), key: join(folder, 'other.key') } }),
      'certificate',
      /other\.key/,
    ],
    [
      'on an address of another machine',
      () => ({ listeners: [{ name: 'members', host: '192.0.2.1', port: 0 }] }),
      'address-unavailable',
      /192\.0\.2\.1/,
    ],
  ])('%s', async (_why, settings, code, message) => {
    const fault = await started(settings());
    expect(fault).toBeInstanceOf(Fault);
    if (!(fault instanceof Fault)) return;
    expect([fault.code, fault.cure.length > 10]).toEqual([code, true]);
    expect(fault.message).toMatch(message);
  });

  it('on a port that is taken, and then leaves nothing open', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const bound = squatter.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const free = { name: 'free', port: 0 };
    const fault = await started({ listeners: [free, { name: 'members', port }] });
    expect(fault).toMatchObject({ code: 'port-taken', message: expect.stringContaining(String(port)) });
    await new Promise((resolve) => squatter.close(resolve));
    expect(await started({ listeners: [{ name: 'members', port }] })).toBeUndefined();
  });
});

describe('a configuration that cannot be', () => {
  it.each([
    ['listeners', { listeners: [] }],
    ['two listeners have the same name', { listeners: [{ name: 'a' }, { name: 'a' }] }],
    ['timeouts.final', { timeouts: { final: '32s' } }],
    ['timeouts.finale', { timeouts: { finale: '3s' } }],
    ['limits.inFlight', { limits: { inFlight: 0 } }],
    ['certificate', { certificate: undefined }],
  ])('%s', (named, settings) => {
    const file = join(folder, 'ingress.yaml');
    const whole = { hub: { domain: 'hub.example' }, listeners: [{ name: 'a' }], certificate: { cert: 'a', key: 'b' }, ...settings };
    writeFileSync(file, JSON.stringify(whole));
    expect(() => readConfig(configSchema, { name: 'ingress', env: {}, file })).toThrow(named);
  });

  it('fits the defaults to each other', () => {
    const { limits, timeouts } = configSchema.parse({
      hub: { domain: 'h' },
      listeners: [{ name: 'a' }],
      certificate: { cert: 'a', key: 'b' },
    });
    expect(limits.outboxBytesMax).toBeGreaterThan(limits.outboxBytes);
    expect(limits.batchBytes).toBeGreaterThan(limits.messageBytes);
    expect(timeouts.final).toBeLessThan(32_000);
    expect(timeouts.timerC).toBeGreaterThan(180_000);
  });
});
