import { connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import type { Running } from '@guildhall/chassis/running';
import { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from './config.js';
import { start } from './start.js';

const door = { host: '127.0.0.1', port: 0 };

describe('a console', () => {
  let server: TestServer;
  let running: Running;
  const ending = new AbortController();

  const settings = (url: string) => configSchema.parse({ nats: { url }, admin: door, grpc: door, http: door, log: { level: 'silent' } });
  beforeAll(async () => {
    server = await startTestServer(process.env);
    running = await start(settings(server.url), ending.signal);
  });
  afterAll(async () => {
    ending.abort();
    await running?.closed;
    await server?.remove();
  });

  it('opens its doors before there is anything to tell, and says that it is not ready, and why', async () => {
    expect(Object.keys(running.addresses).sort()).toEqual(['admin', 'grpc', 'http']);
    const answer = await fetch(`http://${running.addresses['admin']}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('records cannot be read')]);
  });

  it('shows its figures', async () => {
    const text = await (await fetch(`http://${running.addresses['admin']}/metrics`)).text();
    for (const name of [
      'guildhall_console_batches_total',
      'guildhall_console_records_total',
      'guildhall_console_fold_seconds_total',
      'guildhall_console_behind_records',
      'guildhall_console_sampled',
      'guildhall_console_watchers',
      'guildhall_console_minutes_total',
    ]) {
      expect(text).toContain(`\n${name}{`);
    }
  });

  it('reports like any instance', async () => {
    const bus = await connectBus(
      { url: server.url },
      'story',
      createLogger('story', 's', { level: 'silent', pretty: false, stream: 'stderr' }),
    );
    const heard = new Promise<InstanceReport>((resolve) => {
      bus.subscribe(subjects.everyReport, (payload) => resolve(InstanceReport.decode(payload)));
    });
    expect(await heard).toMatchObject({ service: 'console', id: 'console-1', ready: false });
    await bus.close();
  });

  it('leaves nothing open when a door is taken', async () => {
    const taken = Number(running.addresses['grpc']?.split(':').at(-1));
    const config = { ...settings(server.url), id: 'console-2' };
    await expect(start({ ...config, grpc: { ...config.grpc, port: taken } }, ending.signal)).rejects.toMatchObject({ name: 'Fault' });
  });
});
