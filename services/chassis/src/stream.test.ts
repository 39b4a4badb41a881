import { jetstreamManager } from '@nats-io/jetstream';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = pino({ level: 'silent' });
const options = { name: 'THINGS', subjects: ['things.*'], maxAge: 60_000, maxBytes: 8 * 1024 * 1024 };

let server: TestServer;
let looker: NatsConnection;
const buses: Bus[] = [];

async function bus(): Promise<Bus> {
  const made = await connectBus({ url: server.url }, 'test', log);
  buses.push(made);
  return made;
}

beforeAll(async () => {
  server = await startTestServer(process.env);
  looker = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
});
afterAll(async () => {
  for (const one of buses) await one.close();
  await looker.close();
  await server.remove();
});

async function state(name = options.name) {
  for (;;) {
    try {
      const manager = await jetstreamManager(looker, { timeout: 2_000 });
      const { config, state: holds } = await manager.streams.info(name);
      return { config, messages: holds.messages };
    } catch (thrown) {
      // Around the death of the server a question may be lost, or nobody be there to answer.
      if (!(thrown instanceof errors.TimeoutError) && !(thrown instanceof errors.RequestError)) throw thrown;
    }
  }
}

/** A publisher that counts, and when it has stored so many. */
function counting(of: Bus, retry = 200) {
  const told = { stored: 0, dropped: 0, trouble: '' };
  let changed: () => void = () => undefined;
  const publisher = of.publisher({
    bytes: 1024 * 1024,
    inFlight: 256 * 1024,
    retry,
    stored(count) {
      told.stored += count;
      changed();
    },
    dropped(count) {
      told.dropped += count;
    },
    trouble(why) {
      told.trouble = why;
      changed();
    },
  });
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      changed = () => holds() && resolve();
      changed();
    });
  return { ...publisher, told, until };
}

describe('a stream', () => {
  it('that nobody made stores nothing, and what waits is stored once somebody makes it', async () => {
    const made = await bus();
    const publisher = counting(made);
    publisher.publish('things.early', Buffer.from('early'), 'early', 3);
    await publisher.until(() => publisher.told.trouble !== '');
    expect(publisher.told.trouble).toContain('no such stream');
    await made.stream(options);
    await publisher.until(() => publisher.told.stored === 3);
    expect(publisher.waiting()).toBe(0);
    publisher.close();
  });

  it('may be made by several at once, and gets other limits from whoever wants them', async () => {
    const [one, other] = [await bus(), await bus()];
    const both = { ...options, name: 'BOTH', subjects: ['both.*'] };
    expect(await Promise.all([one.stream(both), other.stream(both)])).toEqual([both.maxBytes, both.maxBytes]);
    expect((await state('BOTH')).config).toMatchObject({ max_bytes: both.maxBytes, discard: 'old', allow_direct: false });
    await one.stream({ ...both, maxBytes: 4 * 1024 * 1024, maxAge: 120_000 });
    expect((await state('BOTH')).config).toMatchObject({ max_bytes: 4 * 1024 * 1024, max_age: 120_000 * 1e6, subjects: ['both.*'] });
  });

  it('is as large as there is room', async () => {
    const made = await bus();
    const given = await made.stream({ ...options, name: 'LARGE', subjects: ['large.*'], maxBytes: 2 ** 50 });
    expect(given).toBeGreaterThanOrEqual(4 * 1024 * 1024);
    expect(given).toBeLessThan(2 ** 50);
  });

  it('leaves room to those that are made after it, however many make them at once, and takes no more later', async () => {
    const makers = [await bus(), await bus(), await bus()];
    const names = ['FIRST', 'SECOND', 'THIRD'];
    const all = names.map((name) => ({ ...options, name, subjects: [`${name}.*`], maxBytes: 2 ** 50 }));
    const sizes = () => Promise.all(names.map(async (name) => (await state(name)).config.max_bytes));
    await Promise.all(
      makers.map(async (maker) => {
        for (const one of all) await maker.stream(one);
      }),
    );
    const first = await sizes();
    for (const size of first) expect(size).toBeGreaterThanOrEqual(4 * 1024 * 1024);
    for (const [at, one] of all.entries()) expect(await makers[0]?.stream({ ...one, maxAge: 90_000 })).toBe(first[at]);
    expect(await sizes()).toEqual(first);
    expect((await state('FIRST')).config.max_age).toBe(90_000 * 1e6);
  });

  it('stores once what is published twice under one id', async () => {
    const made = await bus();
    await made.stream(options);
    const { messages } = await state();
    const publisher = counting(made);
    for (const id of ['x.1', 'x.1', 'x.2']) publisher.publish('things.x', Buffer.from(id), id);
    await publisher.until(() => publisher.told.stored === 3);
    expect((await state()).messages).toBe(messages + 2);
    publisher.close();
  });

  it('gets what was published while NATS was away, each once', async () => {
    const made = await bus();
    await made.stream(options);
    const { messages } = await state();
    const publisher = counting(made);
    publisher.publish('things.y', Buffer.from('0'), 'y.0');
    await publisher.until(() => publisher.told.stored === 1);
    await server.kill();
    for (let n = 1; n <= 20; n += 1) publisher.publish('things.y', Buffer.from(String(n)), `y.${n}`);
    await server.start();
    await publisher.until(() => publisher.told.stored === 21);
    expect(publisher.told.dropped).toBe(0);
    expect((await state()).messages).toBe(messages + 21);
    publisher.close();
  });

  it('that answers ends the trouble of not being answered', async () => {
    const made = await bus();
    const bucket = await made.keyValue('things', { history: 1 });
    await server.kill();
    await expect(bucket.put('one', Buffer.from('1'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(made.storeTrouble()).not.toBe('');
    await server.start();
    await expect.poll(() => made.stream(options).catch(() => 0)).toBe(options.maxBytes);
    expect(made.storeTrouble()).toBe('');
  });
});
