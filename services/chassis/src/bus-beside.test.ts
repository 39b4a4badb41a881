import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { createLogger } from './log.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';
import { createSameProcess, type SameProcess } from './same-process.js';

const log = createLogger('test', 'bus', { level: 'silent', pretty: false });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (payload: Uint8Array): string => Buffer.from(payload).toString();

let server: TestServer;
const open: Bus[] = [];

async function bus(beside?: SameProcess): Promise<Bus> {
  const made = await connectBus({ url: server.url }, 'test', log, '_INBOX', beside);
  open.push(made);
  return made;
}

beforeAll(async () => {
  server = await startTestServer(process.env);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(() => server.remove());

describe('two services of one process', () => {
  it('lose what is said while NATS is away, and count what is longer than it takes, as if it went that way', async () => {
    const beside = createSameProcess();
    const [ingress, relay] = [await bus(beside), await bus(beside)];
    const heard: string[] = [];
    relay.subscribeAlone('t.relay.r', (payload) => heard.push(text(payload)));
    ingress.publish('t.relay.r', new Uint8Array(ingress.maxPayload + 1));
    expect(ingress.failures.oversize).toBe(1);
    await ingress.close();
    ingress.publish('t.relay.r', bytes('after the end'));
    await relay.settled();
    expect(heard).toEqual([]);
  });

  it('speak without NATS where one alone hears, and over it where several may', async () => {
    const beside = createSameProcess();
    const [ingress, relay, stranger] = [await bus(beside), await bus(beside), await bus()];
    const heard: string[] = [];
    relay.subscribeAlone('t.relay.r', (payload) => heard.push(`alone ${text(payload)}`));
    relay.subscribe('t.changed', (payload) => heard.push(`relay ${text(payload)}`));
    stranger.subscribe('t.>', (payload) => heard.push(`stranger ${text(payload)}`));
    await Promise.all([relay.settled(), stranger.settled()]);
    ingress.publish('t.relay.r', bytes('1'));
    await ingress.settled();
    ingress.publish('t.changed', bytes('2'));
    await ingress.settled();
    await Promise.all([relay.settled(), stranger.settled()]);
    expect(heard.sort()).toEqual(['alone 1', 'relay 2', 'stranger 2']);
  });

  it('hear what others say over NATS', async () => {
    const relay = await bus(createSameProcess());
    const other = await bus();
    const heard = new Promise<string>((resolve) => relay.subscribeAlone('t.relay.r', (payload) => resolve(text(payload))));
    await relay.settled();
    other.publish('t.relay.r', bytes('from afar'));
    expect(await heard).toBe('from afar');
  });

  it('count a handler that throws at who hears', async () => {
    const beside = createSameProcess();
    const [ingress, relay] = [await bus(beside), await bus(beside)];
    relay.subscribeAlone('t.relay.r', () => {
      throw new Error('no manners');
    });
    ingress.publish('t.relay.r', bytes('1'));
    await ingress.settled();
    expect([ingress.failures.handler, relay.failures.handler]).toEqual([0, 1]);
  });

  it('are told that nobody hears once who heard has ended, in order or at once', async () => {
    const beside = createSameProcess();
    const [ingress, relay] = [await bus(beside), await bus(beside)];
    const heard: string[] = [];
    for (const end of ['inOrder', 'stop']) {
      const stop = relay.subscribeAlone('t.relay.r', (payload) => heard.push(text(payload)));
      await relay.settled();
      ingress.publish('t.relay.r', bytes(end));
      if (end === 'inOrder') await stop.inOrder();
      else stop();
      await relay.settled();
      await new Promise<void>((resolve) => ingress.publish('t.relay.r', bytes('too late'), ingress.unheard(resolve)));
    }
    // What is said in the very job that stops hearing is lost, as with NATS.
    expect(heard).toEqual(['inOrder']);
  });
});
