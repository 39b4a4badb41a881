import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer } from './nats-server.stage.js';
import { openStream } from './stream.js';

const MiB = 1024 * 1024;
const curtain: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of curtain.splice(0).reverse()) await end();
});

/** A connection to a server that keeps no more than 100 MiB, by a limit of its own or of the account that everybody uses. */
async function withRoom(limit: 'server' | 'account'): Promise<NatsConnection> {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-room-'));
  curtain.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'nats.conf');
  const users = '[{ user: u, password: p }]';
  const told = {
    server: 'jetstream { max_file_store: 100MB }',
    account: `jetstream { max_file_store: 1GB }\naccounts { HUB { users: ${users}, jetstream { max_file: 100MB, max_memory: 0 } } }`,
  };
  writeFileSync(file, `${told[limit]}\n`);
  const server = await startTestServer(process.env, ['-c', file]);
  curtain.push(() => server.remove());
  const connection = await connect({ servers: server.url, ...(limit === 'account' ? { user: 'u', pass: 'p' } : {}) });
  curtain.push(() => connection.close());
  return connection;
}

const stream = (name: string, maxBytes = 64 * MiB) => ({ name, subjects: [`${name}.*`], maxAge: 60_000, maxBytes });

describe('streams on a server with little room', () => {
  it.each(['server', 'account'] as const)('leave half of what there is to the next, until nothing is left (%s)', async (limit) => {
    const connection = await withRoom(limit);
    const sizes: number[] = [];
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F']) sizes.push((await openStream(connection, stream(name))) / MiB);
    // Of 100 all that is asked for; of 36, 20, 12 and 8 half of what is found to fit; what is least is not halved.
    expect(sizes).toEqual([64, 16, 8, 4, 4, 4]);
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info('B');
    expect(config.max_bytes).toBe(16 * MiB);
    await expect(openStream(connection, stream('G'))).rejects.toThrow(/insufficient|exceeded/);
  });

  it('are there for all who make the same at once, though there is room for one', async () => {
    const connection = await withRoom('server');
    await openStream(connection, stream('A', 95 * MiB));
    const makers = Array.from({ length: 4 }, () => openStream(connection, stream('B')));
    expect(await Promise.all(makers)).toEqual(makers.map(() => 4 * MiB));
  });

  it('stay as large as they are where there is no room for more, and get the rest of what is wanted', async () => {
    const connection = await withRoom('server');
    await openStream(connection, stream('A'));
    const wanted = { ...stream('A', 2 ** 40), maxAge: 90_000, replicas: 3 };
    expect(await openStream(connection, wanted)).toBe(64 * MiB);
    expect(await openStream(connection, wanted)).toBe(64 * MiB);
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info('A');
    expect(config).toMatchObject({ max_bytes: 64 * MiB, max_age: 90_000 * 1e6, num_replicas: 1 });
    expect(await openStream(connection, { ...stream('A', 8 * MiB), replicas: 3 })).toBe(8 * MiB);
    expect((await manager.streams.info('A')).config).toMatchObject({ max_bytes: 8 * MiB, max_age: 60_000 * 1e6, num_replicas: 1 });
  });
});
