import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { createLogger } from './log.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = createLogger('test', 'bus', { level: 'silent', pretty: false });
const open: Bus[] = [];
let servers: readonly TestServer[];

beforeAll(async () => {
  servers = await Promise.all([startTestServer(process.env), startTestServer(process.env)]);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(() => Promise.all(servers.map((server) => server.remove())));

async function bus(urls: readonly string[]): Promise<Bus> {
  const made = await connectBus({ url: urls.join(',') }, 'test', log);
  open.push(made);
  return made;
}

/** Listens at both servers, which know nothing of each other, and tells at which something is heard. */
async function ears(): Promise<{ heard(): Promise<number> }> {
  const told: ((at: number) => void)[] = [];
  for (const [at, server] of servers.entries()) {
    const one = await bus([server.url]);
    one.subscribe('where', () => {
      for (const tell of told.splice(0)) tell(at);
    });
    await one.settled();
  }
  return { heard: () => new Promise((resolve) => told.push(resolve)) };
}

it('goes to another nats-server, as after a loss', async () => {
  const { heard } = await ears();
  const one = await bus(servers.map((server) => server.url));
  const changes: boolean[] = [];
  const back = new Promise<void>((resolve) => {
    one.onConnected((up) => {
      changes.push(up);
      if (up) resolve();
    });
  });
  const first = heard();
  one.publish('where', new Uint8Array(1));
  const before = await first;
  one.elsewhere();
  await back;
  const second = heard();
  one.publish('where', new Uint8Array(1));
  expect([changes, await second]).toEqual([[false, true], 1 - before]);
});

it('stays where there is one nats-server only', async () => {
  const one = await bus([servers[0]?.url ?? '']);
  const changes: boolean[] = [];
  one.onConnected((up) => changes.push(up));
  one.elsewhere();
  await one.settled();
  expect([changes, one.connected()]).toEqual([[], true]);
});
