import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { tooOld } from './bus-fault.js';
import { Fault } from './fault.js';
import { createLogger } from './log.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = createLogger('test', 'bus', { level: 'silent', pretty: false });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (payload: Uint8Array): string => Buffer.from(payload).toString();

let server: TestServer;
const open: Bus[] = [];

async function bus(): Promise<Bus> {
  const made = await connectBus({ url: server.url }, 'test', log);
  open.push(made);
  return made;
}

/** Resolves when `holds` does; the test's own time-out ends a wait in vain. */
const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 15_000, interval: 10 });

async function refusal(promise: Promise<unknown>): Promise<Fault> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`expected a Fault, got ${String(thrown)}`);
}

beforeAll(async () => {
  server = await startTestServer(process.env);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(() => server.remove());

describe('a bus refuses', () => {
  it('a server that is not there, naming the url and the cure', async () => {
    const fault = await refusal(connectBus({ url: 'nats://127.0.0.1:1' }, 'test', log));
    expect(fault).toMatchObject({ code: 'bus-unreachable', exitCode: 3 });
    expect(fault.message).toContain('nats://127.0.0.1:1');
    expect(fault.cure).toContain('nats.url');
  });

  it('a name that does not resolve', async () => {
    const fault = await refusal(connectBus({ url: 'nats://nowhere.invalid:4222' }, 'test', log));
    expect(fault.code).toBe('bus-unreachable');
  });

  it('a wrong password, without repeating it', async () => {
    const guarded = await startTestServer(process.env, ['--user', 'hub', '--pass', 'right']);
    try {
      const fault = await refusal(connectBus({ url: guarded.url, user: 'hub', password: 'wrong-one' }, 'test', log));
      expect(fault.code).toBe('bus-authorization');
      expect(fault.message).toContain('"hub"');
      expect(`${fault.message}${fault.cure}`).not.toContain('wrong-one');
      expect((await refusal(connectBus({ url: guarded.url }, 'test', log))).code).toBe('bus-authorization');
      const good = await connectBus({ url: guarded.url, user: 'hub', password: 'right' }, 'test', log);
      expect(good.connected()).toBe(true);
      await good.close();
    } finally {
      await guarded.remove();
    }
  });

  it.each(['2.8.4', '1.9.0', '0', 'x'])('version %s', (version) => {
    expect(tooOld(version, 'nats://x')?.code).toBe('bus-too-old');
  });
  it.each(['2.9.0', '2.9.10', '2.14.0-beta.1', '3.0.0'])('not version %s', (version) => {
    expect(tooOld(version, 'nats://x')).toBeUndefined();
  });
});

describe('a bus', () => {
  it('tells what server it has', async () => {
    const one = await bus();
    expect(one.maxPayload).toBe(1024 * 1024);
    expect(one.serverVersion).toMatch(/^2\.\d+/);
  });

  it('survives handlers that throw or reject, and counts them', async () => {
    const one = await bus();
    const seen: string[] = [];
    one.subscribe('t.bad', () => {
      throw new Error('boom');
    });
    one.subscribe('t.bad', async () => {
      throw new Error('later');
    });
    one.subscribe('t.bad', (payload) => seen.push(text(payload)));
    one.publish('t.bad', bytes('a'));
    await until(() => one.failures.handler === 2 && seen.length === 1);
    one.publish('t.bad', bytes('b'));
    await until(() => one.failures.handler === 4);
    expect(seen).toEqual(['a', 'b']);
  });

  it('drops what is too long, and a subject that is none, without throwing', async () => {
    const one = await bus();
    one.publish('t.long', new Uint8Array(one.maxPayload + 1));
    expect(one.failures.oversize).toBe(1);
    one.publish('', bytes('x'));
    expect(one.failures.handler).toBe(1);
    expect(one.connected()).toBe(true);
  });

  it('keeps the order and the bytes of what is published', async () => {
    const [sender, receiver] = [await bus(), await bus()];
    const seen: number[] = [];
    let latin = '';
    receiver.subscribe('t.order', (payload) => seen.push(payload[0] ?? -1));
    receiver.subscribe('t.latin', (payload) => {
      latin = Buffer.from(payload).toString('latin1');
    });
    // The round trip, over the receiver's own connection, proves that the subscriptions before it are in place.
    receiver.subscribe('t.ready', (_, reply) => reply?.(bytes('')));
    await receiver.request('t.ready', bytes(''), 2000);
    for (let index = 0; index < 200; index += 1) sender.publish('t.order', Uint8Array.of(index));
    sender.publish('t.latin', Buffer.from('\u0000\u0080\u00ff', 'latin1'));
    await until(() => latin !== '');
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(latin).toBe('\u0000\u0080\u00ff');
  });

  it('gives each message to one of a queue group and stops when told', async () => {
    const one = await bus();
    let count = 0;
    const stops = [1, 2, 3].map(() => one.subscribe('t.queue', () => (count += 1), 'group'));
    let done = 0;
    one.subscribe('t.done', () => (done += 1));
    for (let index = 0; index < 30; index += 1) one.publish('t.queue', bytes(''));
    one.publish('t.done', bytes(''));
    await until(() => done === 1);
    expect(count).toBe(30);
    for (const stop of stops) stop();
    one.publish('t.queue', bytes(''));
    one.publish('t.done', bytes(''));
    await until(() => done === 2);
    expect(count).toBe(30);
  });

  it('answers requests, at once or later', async () => {
    const one = await bus();
    one.subscribe('t.ask', (payload, reply) => reply?.(bytes(`${text(payload)}!`)), 'q');
    one.subscribe('t.later', (_, reply) => setImmediate(() => reply?.(bytes('late'))));
    expect(text(await one.request('t.ask', bytes('hey'), 2000))).toBe('hey!');
    expect(text(await one.request('t.later', bytes(''), 2000))).toBe('late');
  });

  it('tells who answers of the trace that a request belongs to', async () => {
    const one = await bus();
    const traces: (string | undefined)[] = [];
    one.subscribe('t.traced', (_payload, reply, trace) => {
      traces.push(trace);
      reply?.(bytes(''));
    });
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const given of [trace, '', undefined]) await one.request('t.traced', bytes(''), 2000, given);
    expect(traces).toEqual([trace, undefined, undefined]);
  });

  it('says why a request got no answer', async () => {
    const one = await bus();
    one.subscribe('t.mute', () => undefined);
    await expect(one.request('t.nobody', bytes(''), 2000)).rejects.toMatchObject({ code: 'no-responders' });
    await expect(one.request('t.mute', bytes(''), 20)).rejects.toMatchObject({ code: 'timeout' });
    await one.close();
    await expect(one.request('t.mute', bytes(''), 20)).rejects.toMatchObject({ code: 'disconnected' });
    one.publish('t.mute', bytes('after the end'));
  });
});

describe('what nobody hears', () => {
  it('is told to who wants to know, in order with all else, and to nobody who does not', async () => {
    const [sender, receiver] = [await bus(), await bus()];
    const told: string[] = [];
    const one = sender.unheard(() => told.push('one'));
    const two = sender.unheard(() => {
      told.push('two');
      throw new Error('a listener of no manners');
    });
    const done = (): Promise<Uint8Array> => sender.request('t.done', bytes(''), 2000);
    receiver.subscribe('t.done', (_, reply) => reply?.(bytes('')));
    const stop = receiver.subscribe('t.heard', () => undefined);
    await receiver.settled();
    sender.publish('t.nobody', bytes('x'));
    sender.publish('t.heard', bytes('x'), one);
    await done();
    expect(told).toEqual([]);
    sender.publish('t.nobody', bytes('x'), one);
    sender.publish('t.nobody', bytes('x'), two);
    sender.publish('t.nobody', bytes('x'), one);
    await done();
    expect([told, sender.failures.handler]).toEqual([['one', 'two', 'one'], 1]);
    stop();
    await receiver.settled();
    sender.publish('t.heard', bytes('x'), two);
    one.close();
    sender.publish('t.heard', bytes('x'), one);
    await done();
    expect(told).toEqual(['one', 'two', 'one', 'two']);
  });

  it('is told when the process that listened was killed, before anything else could be noticed', async () => {
    const [sender, receiver] = [await bus(), await bus()];
    receiver.subscribe('t.mortal', () => undefined);
    await receiver.settled();
    await receiver.close();
    await new Promise<void>((resolve) => sender.publish('t.mortal', bytes('x'), sender.unheard(resolve)));
  });
});

describe('a subscription that ends in order', () => {
  it('still gets what NATS had for it, and nothing after', async () => {
    const [sender, receiver] = [await bus(), await bus()];
    let seen = 0;
    const stop = receiver.subscribe('t.order', () => (seen += 1));
    await receiver.settled();
    for (let index = 0; index < 500; index += 1) sender.publish('t.order', bytes('x'));
    await sender.settled();
    await stop.inOrder();
    expect(seen).toBe(500);
    const unheard = new Promise<void>((resolve) => sender.publish('t.order', bytes('x'), sender.unheard(resolve)));
    await unheard;
    expect(seen).toBe(500);
    await stop.inOrder();
    stop();
  });

  it('ends at once where there is no NATS to ask', async () => {
    const one = await bus();
    const stop = one.subscribe('t.order', () => undefined);
    await one.close();
    await stop.inOrder();
  });
});

describe('a bus whose server dies', () => {
  it('says so, loses what is published, rejects at once what waits, and comes back by itself', async () => {
    const one = await bus();
    const changes: boolean[] = [];
    const stop = one.onConnected((up) => changes.push(up));
    one.onConnected(() => {
      throw new Error('a listener of no manners');
    });
    const seen: string[] = [];
    one.subscribe('t.survives', (payload) => seen.push(text(payload)));
    one.subscribe('t.mute', () => undefined);
    const waiting = one.request('t.mute', bytes(''), 60_000).catch((reason: unknown) => reason);
    await server.kill();
    await expect(waiting).resolves.toMatchObject({ code: 'disconnected' });
    expect(one.connected()).toBe(false);
    expect(changes).toEqual([false]);
    one.publish('t.survives', bytes('lost'));
    await expect(one.request('t.mute', bytes(''), 60_000)).rejects.toMatchObject({ code: 'disconnected' });
    const late = one.subscribe('t.late', (payload) => seen.push(text(payload)));
    await server.start();
    await until(() => one.connected());
    expect(changes).toEqual([false, true]);
    one.publish('t.survives', bytes('kept'));
    one.publish('t.late', bytes('too'));
    await until(() => seen.length === 2);
    expect(seen).toEqual(['kept', 'too']);
    late();
    stop();
    await one.close();
    expect(changes).toEqual([false, true]);
  });
});
