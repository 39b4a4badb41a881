import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import type { Journal } from './journal.js';
import { createLogger } from './log.js';
import { memoryJournal } from './memory-journal.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';

const log = createLogger('test', 'journal', { level: 'silent', pretty: false });
const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (records: readonly { readonly place: number; readonly value: Uint8Array }[]) =>
  records.map(({ place, value }) => `${place} ${new TextDecoder().decode(value)}`);

let server: TestServer;
let bus: Bus;
let made = 0;

beforeAll(async () => {
  server = await startTestServer(process.env);
  bus = await connectBus({ url: server.url }, 'test', log);
});
afterAll(async () => {
  await bus.close();
  await server.remove();
});

const kinds: readonly [string, () => Promise<Journal>][] = [
  ['in memory', async () => memoryJournal()],
  [
    'in JetStream',
    () => {
      made += 1;
      return bus.journal(`JOURNAL${made}`, `journal.${made}`);
    },
  ],
];

describe.each(kinds)('a journal %s', (_kind, open) => {
  it('refuses what builds on another end than its own', async () => {
    const journal = await open();
    await expect(journal.append(bytes('x'), 1)).rejects.toMatchObject({ code: 'conflict' });
    expect(await journal.append(bytes('one'), 0)).toBe(1);
    await expect(journal.append(bytes('x'), 0)).rejects.toMatchObject({ code: 'conflict' });
    await expect(journal.append(bytes('x'), 2)).rejects.toMatchObject({ code: 'conflict' });
    expect(await journal.append(bytes('two'), 1)).toBe(2);
    expect(texts(await journal.read(1, 10))).toEqual(['1 one', '2 two']);
  });

  it('tells its end, and any part of itself', async () => {
    const journal = await open();
    expect(await journal.last()).toBeUndefined();
    expect(await journal.read(1, 10)).toEqual([]);
    for (let place = 0; place < 100; place += 1) await journal.append(bytes(`v${place}`), place);
    const last = await journal.last();
    expect(last === undefined ? [] : texts([last])).toEqual(['100 v99']);
    expect(texts(await journal.read(98, 2))).toEqual(['98 v97', '99 v98']);
    expect(texts(await journal.read(99, 100))).toEqual(['99 v98', '100 v99']);
    expect(await journal.read(101, 5)).toEqual([]);
  });

  it('lets one of two in that add at once', async () => {
    const journal = await open();
    const both = await Promise.allSettled([journal.append(bytes('a'), 0), journal.append(bytes('b'), 0)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await journal.read(1, 10)).toHaveLength(1);
  });
});

describe('a journal in JetStream', () => {
  it('does not let its records be taken out over the API', async () => {
    const journal = await bus.journal('KEPT', 'journal.kept');
    await journal.append(bytes('one'), 0);
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    await expect(manager.streams.deleteMessage('KEPT', 1)).rejects.toThrow(/denied|not permitted/i);
    await expect(manager.streams.purge('KEPT')).rejects.toThrow(/denied|not permitted/i);
    await connection.close();
    expect(texts(await journal.read(1, 10))).toEqual(['1 one']);
  });

  it('is one, however many open it at once', async () => {
    const journals = await Promise.all([1, 2, 3].map(() => bus.journal('SAME', 'journal.same')));
    for (const [place, journal] of journals.entries()) expect(await journal.append(bytes(`${place}`), place)).toBe(place + 1);
  });

  it('says that NATS is away, and begins anew when its storage was lost', async () => {
    const journal = await bus.journal('LOST', 'journal.lost');
    await journal.append(bytes('one'), 0);
    await server.kill();
    await vi.waitFor(() => expect(bus.connected()).toBe(false), 30_000);
    await expect(journal.append(bytes('two'), 1)).rejects.toMatchObject({ code: 'unavailable' });
    server.forget();
    await server.start();
    await vi.waitFor(() => expect(bus.connected()).toBe(true), 30_000);
    await vi.waitFor(async () => expect(await journal.last()).toBeUndefined(), 30_000);
    expect(await journal.append(bytes('anew'), 0)).toBe(1);
  });
});
