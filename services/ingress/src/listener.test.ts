import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { monotonic } from '@guildhall/chassis/clock';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createArrivals } from './arrivals.js';
import { issuer, type Paper } from './certificates.stage.js';
import { until } from './hub.stage.js';
import { type Listener, openListener } from './listener.js';

let hub: Paper;
beforeAll(async () => {
  hub = await (await issuer('Steel Guild CA')).issue({ cn: 'hub', dns: ['hub.example'] });
});

const limits = {
  connections: 1_000,
  connectionsPerAddress: 1_000,
  handshakesInFlight: 100,
  handshakesInFlightPerAddress: 100,
  handshakesPerSecond: 10_000,
  handshakesPerSecondPerAddress: 10_000,
  handshakesWaiting: 100,
  handshakesWaitingPerAddress: 100,
};
let listener: Listener | undefined;
const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  listener?.close();
});

/** A listener whose connections echo what they are told, and what it said of the others. */
async function open(more: Partial<typeof limits> = {}, times = { hello: 400, turn: 400 }) {
  const told: string[] = [];
  const arrivals = createArrivals({ ...limits, ...more }, times, { clock: monotonic, lag: () => 0 });
  listener = await openListener(
    { name: 'members', host: '127.0.0.1', port: 0 },
    { cert: hub.cert, key: hub.key, anchors: [] },
    {
      handshakeTime: 500,
      arrivals,
      secured(socket) {
        told.push('secured');
        socket.on('error', () => undefined);
        socket.pipe(socket);
      },
      failed: (reason, _source, detail) => told.push(`${reason}: ${detail}`),
    },
  );
  return { told, arrivals, port: listener.port };
}

const plain = (port: number): Socket => {
  const socket = connectPlain(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setNoDelay(true);
  // Who does not read does not notice that it is over.
  socket.resume();
  clients.push(socket);
  return socket;
};
const over = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
const secure = (port: number, options: object = {}): TLSSocket => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  clients.push(socket);
  return socket;
};
const echo = (socket: TLSSocket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
    socket.once('close', () => reject(new Error('it was closed')));
    socket.write('hello');
  });
/** The hello of a real client, which is taken from it on the way. */
async function realHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => {
        socket.destroy();
        server.close();
        resolve(chunk);
      });
    }).listen(0, '127.0.0.1', () => {
      const at = server.address();
      secure(typeof at === 'object' && at !== null ? at.port : 0);
    });
  });
}

it.each(['TLSv1.2', 'TLSv1.3'])('a handshake that stood in line is like any other: %s', async (version) => {
  const { told, port, arrivals } = await open();
  expect(await echo(secure(port, { minVersion: version, maxVersion: version }))).toBe('hello');
  expect([told, arrivals.waiting(), arrivals.inFlight()]).toEqual([['secured'], 0, 0]);
});

it('so many at once are begun one after the other, and all get through', async () => {
  const { told, port, arrivals } = await open({ handshakesInFlight: 2, handshakesPerSecond: 500 }, { hello: 60_000, turn: 60_000 });
  expect(await Promise.all(Array.from({ length: 40 }, () => echo(secure(port))))).toEqual(Array(40).fill('hello'));
  expect([told.length, arrivals.counts.begun, arrivals.waiting()]).toEqual([40, 40, 0]);
});

it.each<[why: string, reason: string, say: string]>([
  ['SIP in the clear', 'handshake-failed: it does not begin as TLS does', 'OPTIONS sip:hub.example SIP/2.0\r\n\r\n'],
  ['nothing', 'handshake-timeout: it did not begin its handshake', ''],
  ['a hello that does not end', 'handshake-timeout: it did not begin its handshake', '\x16\x03\x01\x02\x00\x01'],
  ['a hello of nonsense', 'handshake-failed: ERR_SSL', `\x16\x03\x01\x02\x00\x01${'x'.repeat(511)}`],
])('%s: one reason, and its place is free again', async (_why, reason, say) => {
  const { told, port, arrivals } = await open();
  const socket = plain(port);
  socket.write(say, 'latin1');
  await over(socket);
  await until('it is told', () => told.length > 0 && arrivals.inFlight() === 0);
  expect(told).toEqual([expect.stringMatching(new RegExp(`^${reason}`))]);
  expect(arrivals.waiting()).toBe(0);
});

it('a hello byte by byte costs nothing until it is whole, and then goes on', async () => {
  const { port, arrivals } = await open({}, { hello: 5_000, turn: 400 });
  const socket = plain(port);
  const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
  const hello = await realHello();
  for (const byte of hello.subarray(0, -1)) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('it stands in line', () => arrivals.waiting() === 1);
  expect(arrivals.counts.begun).toBe(0);
  socket.write(hello.subarray(-1));
  // A record of the server's handshake.
  expect((await answered)[0]).toBe(22);
  expect(arrivals.counts.begun).toBe(1);
});

it('a hello that is followed by silence is over in time, with one reason', async () => {
  const { told, port, arrivals } = await open();
  const socket = plain(port);
  socket.write(await realHello());
  await over(socket);
  await until('it is told', () => told.length > 0);
  expect(told).toEqual(['handshake-timeout: ERR_TLS_HANDSHAKE_TIMEOUT']);
  expect([arrivals.inFlight(), arrivals.waiting()]).toEqual([0, 0]);
});

it('who leaves the line leaves no trace, asked or not', async () => {
  const { told, port, arrivals } = await open({ handshakesInFlightPerAddress: 1 }, { hello: 5_000, turn: 5_000 });
  const hello = await realHello();
  const stuck = plain(port);
  stuck.write(hello);
  await until('it is on', () => arrivals.inFlight() === 1);
  const waiting = [plain(port), plain(port), plain(port)];
  waiting[0]?.write(hello);
  waiting[1]?.write(hello.subarray(0, 7));
  await until('three wait', () => arrivals.waiting() === 3);
  for (const one of waiting) one.destroy();
  await until('they are gone', () => arrivals.waiting() === 0);
  expect(told).toEqual([]);
});

it('more than may stand in line are turned back; what is said too early too', async () => {
  const { told, port, arrivals } = await open(
    { handshakesWaitingPerAddress: 2, handshakesInFlightPerAddress: 1 },
    { hello: 5_000, turn: 5_000 },
  );
  const hello = await realHello();
  const first = plain(port);
  first.write(hello);
  await until('it is on', () => arrivals.inFlight() === 1);
  const waiting = [plain(port), plain(port)];
  for (const one of waiting) one.write(hello);
  await until('two wait', () => arrivals.waiting() === 2);
  // Until both have asked, the one that says nothing would give way.
  waiting[0]?.write('x'.repeat(40_000));
  await until('it is turned out', () => told.length === 1);
  waiting.push(plain(port));
  waiting[2]?.write(hello);
  await until('two wait again', () => arrivals.waiting() === 2);
  const late = plain(port);
  late.write(hello);
  await over(late);
  expect(told[0]).toBe('handshake-failed: it said too much before its turn');
  expect(told.length).toBe(2);
  expect(told[1]).toMatch(/^too-many-handshakes: /);
});

it('a closed listener keeps nobody in line', async () => {
  const { told, port, arrivals } = await open({ handshakesInFlight: 0 }, { hello: 60_000, turn: 60_000 });
  const hello = await realHello();
  const sockets = Array.from({ length: 40 }, () => plain(port));
  for (const socket of sockets.slice(20)) socket.write(hello);
  await until('all wait', () => arrivals.waiting() === sockets.length);
  const ended = Promise.all(sockets.map(over));
  listener?.close();
  // Nobody's turn comes any more, though they are destroyed a few at a time.
  expect(arrivals.waiting()).toBe(0);
  await ended;
  expect([told, arrivals.counts.begun]).toEqual([[], 0]);
});
