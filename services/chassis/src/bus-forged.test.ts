import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { createLogger } from './log.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = createLogger('test', 'bus', { level: 'silent', pretty: false });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 15_000, interval: 10 });

let server: TestServer;
let one: Bus;
let stranger: NatsConnection;
beforeAll(async () => {
  server = await startTestServer(process.env);
});
beforeEach(async () => {
  one = await connectBus({ url: server.url }, 'test', log);
  stranger = await connect({ servers: server.url });
});
afterEach(async () => {
  await stranger.close();
  await one.close();
});
afterAll(() => server.remove());

describe('a bus among strangers', () => {
  it('answers nowhere but into an inbox', async () => {
    const written: string[] = [];
    one.subscribe('bucket', (payload) => void written.push(text(payload)));
    let asked = 0;
    one.subscribe('ask', (_payload, reply) => {
      asked += 1;
      reply?.(bytes('answer'));
    });
    await one.settled();
    stranger.publish('ask', 'x', { reply: 'bucket' });
    await stranger.flush();
    expect((await stranger.request('ask', 'x')).string()).toBe('answer');
    await one.settled();
    expect([asked, written]).toEqual([2, []]);
  });

  it('hears only what was said where it listens, not what a reader of a stream had sent there', async () => {
    const manager = await jetstreamManager(stranger);
    await manager.streams.add({ name: 'KEPT_ELSEWHERE', subjects: ['elsewhere'] });
    await manager.jetstream().publish('elsewhere', 'forged');
    const heard: string[] = [];
    one.subscribe('orders.one', (payload) => void heard.push(text(payload)));
    await one.settled();
    await manager.consumers.add('KEPT_ELSEWHERE', { name: 'push', deliver_subject: 'orders.one', ack_policy: 'none' });
    await until(() => one.failures.handler === 1);
    stranger.publish('orders.one', 'said');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['said']);
  });
});
