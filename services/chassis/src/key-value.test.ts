import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import type { KeyValue, KeyValueEntry } from './key-value.js';
import { createLogger } from './log.js';
import { memoryBus } from './memory-bus.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = createLogger('test', 'kv', { level: 'silent', pretty: false });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (entry: KeyValueEntry | undefined): string | undefined =>
  entry === undefined ? undefined : Buffer.from(entry.value).toString();
const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 15_000, interval: 10 });

let server: TestServer;
const open: Bus[] = [];

async function bus(): Promise<Bus> {
  const made = await connectBus({ url: server.url }, 'test', log);
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

/** Everything a watcher was told, readably. */
async function follow(store: KeyValue) {
  const told: string[] = [];
  const stop = await store.watch({
    entry: (entry) => told.push(entry.deleted ? `-${entry.key}` : `${entry.key}=${text(entry)}`),
    current: () => told.push('current'),
  });
  return { told, stop };
}

const kinds: readonly [string, () => Promise<Bus>][] = [
  ['NATS', bus],
  ['memory', async () => memoryBus()],
];

describe.each(kinds)('a bucket of %s', (kind, make) => {
  const bucket = async (name: string): Promise<KeyValue> => (await make()).keyValue(`${kind}-${name}`, { history: 3 });

  it('refuses a write that builds on an old revision', async () => {
    const store = await bucket('conflict');
    const first = await store.create('a', bytes('1'));
    await expect(store.create('a', bytes('2'))).rejects.toMatchObject({ code: 'conflict' });
    const second = await store.put('a', bytes('2'), { previousRevision: first });
    await expect(store.put('a', bytes('3'), { previousRevision: first })).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.delete('a', { previousRevision: first })).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.put('b', bytes('1'), { previousRevision: second })).rejects.toMatchObject({ code: 'conflict' });
    expect(text(await store.get('a'))).toBe('2');
    await store.put('b', bytes('1'), { previousRevision: 0 });
    await store.delete('a', { previousRevision: second });
    expect(await store.get('a')).toBeUndefined();
    expect(await store.create('a', bytes('again'))).toBeGreaterThan(second);
  });

  it('gives what is there, by key, and the history of a key', async () => {
    const store = await bucket('entries');
    expect(await store.entries()).toEqual([]);
    expect(await store.get('none')).toBeUndefined();
    expect(await store.history('none')).toEqual([]);
    for (const value of ['1', '2', '3', '4']) await store.put('member.b', bytes(value));
    await store.put('member.a', bytes('x'));
    await store.put('rule.gone', bytes('x'));
    await store.delete('rule.gone');
    expect((await store.entries()).map((entry) => [entry.key, text(entry)])).toEqual([
      ['member.a', 'x'],
      ['member.b', '4'],
    ]);
    const history = await store.history('member.b');
    expect(history.map(text)).toEqual(['2', '3', '4']);
    expect(history.at(-1)?.revision).toBe((await store.get('member.b'))?.revision);
    expect((await store.history('rule.gone')).map((entry) => entry.deleted)).toEqual([false, true]);
  });

  it('tells a watcher first what is there, then every change, until it stops', async () => {
    const store = await bucket('watch');
    await store.put('a', bytes('1'));
    await store.put('b', bytes('1'));
    await store.delete('b');
    const { told, stop } = await follow(store);
    expect(told).toEqual(['a=1', 'current']);
    await store.put('c', bytes('1'));
    await store.put('a', bytes('2'));
    await store.delete('c');
    await until(() => told.length === 5);
    expect(told.slice(2)).toEqual(['c=1', 'a=2', '-c']);
    stop();
    await store.put('d', bytes('1'));
    expect((await store.entries()).length).toBe(2);
    expect(told.length).toBe(5);
  });

  it('tells a watcher of an empty bucket that this is all', async () => {
    const { told, stop } = await follow(await bucket('empty'));
    expect(told).toEqual(['current']);
    stop();
  });
});

describe('a bucket of NATS', () => {
  it('is shared by those who open it', async () => {
    const [one, two] = [await bus(), await bus()];
    const first = await one.keyValue('shared', { history: 1 });
    const second = await two.keyValue('shared', { history: 1 });
    const { told, stop } = await follow(second);
    await first.put('k', bytes('v'));
    await until(() => told.length === 2);
    expect(told).toEqual(['current', 'k=v']);
    stop();
  });

  it('refuses keys that are none', async () => {
    const store = await (await bus()).keyValue('keys', { history: 1 });
    await expect(store.put('sip:a@b', bytes(''))).rejects.toMatchObject({ code: 'failed' });
    await expect(store.get('')).rejects.toMatchObject({ code: 'failed' });
  });

  it('catches a watcher up after the server was away', async () => {
    const one = await bus();
    const store = await one.keyValue('away', { history: 2 });
    await store.put('a', bytes('1'));
    const { told, stop } = await follow(store);
    await server.kill();
    await until(() => !one.connected());
    await expect(store.put('a', bytes('x'))).rejects.toMatchObject({ code: 'unavailable' });
    await server.start();
    await until(() => told.length === 3);
    // Nothing changed meanwhile, so nothing but that is told.
    expect(told).toEqual(['a=1', 'current', 'current']);
    await store.put('a', bytes('2'));
    await until(() => told.length === 4);
    expect(told[3]).toBe('a=2');
    stop();
  });

  it('is reported unavailable once the bus is closed', async () => {
    const one = await bus();
    const store = await one.keyValue('closed', { history: 1 });
    await one.close();
    await expect(store.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.entries()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a watcher of a server that lost its storage', () => {
  it('is told that everything is gone, and follows the new bucket', async () => {
    const other = await startTestServer(process.env);
    const one = await connectBus({ url: other.url }, 'test', log);
    try {
      const store = await one.keyValue('lost', { history: 1 });
      await store.put('a', bytes('1'));
      const { told, stop } = await follow(store);
      await other.kill();
      other.forget();
      await other.start();
      await until(() => told.length === 4);
      expect(told).toEqual(['a=1', 'current', '-a', 'current']);
      await store.put('a', bytes('2'));
      await until(() => told.length === 5);
      expect(told[4]).toBe('a=2');
      stop();
    } finally {
      await one.close();
      await other.remove();
    }
  });
});
