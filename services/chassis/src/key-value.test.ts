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

  it('refuses a write that builds on an old revision of the whole bucket, and leaves a note with a deletion', async () => {
    const store = await bucket('whole');
    expect([await store.lastRevision(), store.keeps]).toEqual([0, 3]);
    const first = await store.put('a', bytes('1'), { lastRevision: 0 });
    await expect(store.put('b', bytes('1'), { lastRevision: 0 })).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.delete('a', { lastRevision: 0 }, bytes('nix'))).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.put('a', bytes('2'), { lastRevision: first, previousRevision: first + 1 })).rejects.toMatchObject({
      code: 'conflict',
    });
    await store.put('b', bytes('1'), { lastRevision: first });
    const gone = await store.delete('a', { lastRevision: first + 1, previousRevision: first }, bytes('left us'));
    expect([gone, await store.lastRevision(), await store.get('a')]).toEqual([first + 2, gone, undefined]);
    expect((await store.history('a')).map((entry) => [entry.deleted, text(entry)])).toEqual([
      [false, '1'],
      [true, 'left us'],
    ]);
    expect((await store.entries()).map((entry) => entry.key)).toEqual(['b']);
  });

  it('gives the history of all keys, or of those below one, by revision', async () => {
    const store = await bucket('all');
    expect(await store.history('>')).toEqual([]);
    for (const key of ['member.b', 'rule.x', 'member.a', 'member.b']) await store.put(key, bytes(key));
    await store.delete('rule.x', {}, bytes('note'));
    const told = (entries: readonly KeyValueEntry[]) =>
      entries.map(({ key, revision, deleted }) => `${revision} ${key}${deleted ? ' gone' : ''}`);
    expect(told(await store.history('>'))).toEqual(['1 member.b', '2 rule.x', '3 member.a', '4 member.b', '5 rule.x gone']);
    expect(told(await store.history('member.*'))).toEqual(['1 member.b', '3 member.a', '4 member.b']);
  });

  it('tells a watcher the newest revision, also when it is that of a deletion', async () => {
    const store = await bucket('newest');
    await store.put('a', bytes('1'));
    const gone = await store.delete('a');
    const newest: number[] = [];
    const stop = await store.watch({ entry: () => undefined, current: (last) => newest.push(last) });
    expect(newest).toEqual([gone]);
    stop();
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

  it('keeps more revisions once more are wanted, and never fewer', async () => {
    const one = await bus();
    expect((await one.keyValue('deeper', { history: 2 })).keeps).toBe(2);
    const store = await one.keyValue('deeper', { history: 4 });
    for (const value of ['1', '2', '3', '4', '5']) await store.put('k', bytes(value));
    expect([store.keeps, (await store.history('k')).map(text)]).toEqual([4, ['2', '3', '4', '5']]);
    expect((await one.keyValue('deeper', { history: 1 })).keeps).toBe(4);
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

describe('a bus that closes while a watch is being opened', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('leaves no timer of it behind', async () => {
    const beating = new Set<unknown>();
    const [begin, end] = [globalThis.setInterval, globalThis.clearInterval];
    vi.spyOn(globalThis, 'setInterval').mockImplementation((...given) => {
      const timer = begin(...given);
      beating.add(timer);
      return timer;
    });
    vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
      beating.delete(timer);
      end(timer);
    });
    let opened = 0;
    for (let turn = 0; turn < 40; turn += 1) {
      const one = await bus();
      const store = await one.keyValue('closing', { history: 1 });
      await store.put('a', bytes('1'));
      const under = [store.entries(), store.watch({ entry: () => undefined, current: () => undefined }), store.history('>')];
      const ends = Promise.allSettled(under);
      // At another moment each time: the opening takes several answers of the server.
      for (const moment = performance.now() + turn / 4; performance.now() < moment; ) await new Promise((go) => setImmediate(go));
      await one.close();
      opened += (await ends).filter(({ status }) => status === 'fulfilled').length;
    }
    expect(opened).toBeGreaterThan(0);
    expect(beating.size).toBe(0);
  });
});
