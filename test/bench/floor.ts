import { closeSync, openSync, writeSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { connect as connectNats } from '@nats-io/transport-node';
import { checkoutRoot } from '../stage/checkout.js';
import { type Child, startChild } from '../stage/child.js';
import { startNats } from '../stage/nats.js';
import { type Credentials, hubDomain, openCredentials } from './credentials.js';
import type { FarAnswer, FarOrder } from './floor-far.js';
import { type Identity, messageBytes } from './load-protocol.js';
import { usageBelow } from './usage.js';

/** What one thing costs on this machine with nothing of ours around it, in µs of processor time. */
export interface FloorFigure {
  readonly name: string;
  /** Of what: a message of 600 bytes, a writing, a handshake ... */
  readonly per: string;
  /** In the process that writes, publishes or dials. */
  readonly near: number;
  /** In the one that reads, hears or is dialled; absent where there is none. */
  readonly far?: number;
  /** In nats-server. */
  readonly between?: number;
}

/** Bytes written in each measurement with small and with large writings: half a second or more. */
const volume = { small: 24_000_000, large: 120_000_000 } as const;
/** Most bytes that are published before nats-server is asked whether it has them. */
const ahead = 1024 * 1024;

/**
 * Measures what no hub on Node and NATS can do without: the system call, the wakeup, the TLS record, the message on the bus, the handshake. Each
 * end is a process of its own and does nothing but that. Takes about twenty seconds; `say` takes lines of progress. Rejects when nats-server cannot
 * be had.
 */
export async function measureFloor(say: (line: string) => void): Promise<readonly FloorFigure[]> {
  const credentials = await openCredentials();
  const found: FloorFigure[] = [systemCall()];
  const add = (figure: FloorFigure): void => {
    found.push(figure);
    say(`  ${renderLine(figure)}`);
  };
  try {
    for (const bytes of [600, 1024, 20 * 1024]) add(await stream(`loopback TCP, ${bytes} B a writing`, undefined, bytes, 1, 'writing'));
    for (const batch of [1, 4, 16, 27])
      add(await stream(`TLS, ${batch} of ${messageBytes} B a writing`, credentials, messageBytes * batch, batch, 'message'));
    add(await wakeups());
    add(await handshakes(credentials));
    for (const batch of [1, 10, 50]) add(await publishing(batch, 1));
    add(await publishing(1, 50));
    return found;
  } finally {
    credentials.close();
  }
}

/** The figures as a table for people. */
export function renderFloor(figures: readonly FloorFigure[]): string {
  const heading = `${'µs of CPU'.padEnd(46)}${'writer'.padStart(9)}${'reader'.padStart(9)}${'nats'.padStart(9)}`;
  return `${[heading, ...figures.map(renderLine)].join('\n')}\n`;
}

function renderLine({ name, per, near, far, between }: FloorFigure): string {
  const cell = (micros: number | undefined): string => (micros === undefined ? '' : micros.toFixed(2)).padStart(9);
  return `${`${name}, per ${per}`.padEnd(46)}${cell(near)}${cell(far)}${cell(between)}`;
}

/** The least a system call costs from Node: one byte to nowhere. */
function systemCall(): FloorFigure {
  const times = 300_000;
  const nowhere = openSync('/dev/null', 'w');
  const byte = Buffer.alloc(1);
  const began = process.cpuUsage();
  for (let n = 0; n < times; n += 1) writeSync(nowhere, byte);
  const near = micros(began) / times;
  closeSync(nowhere);
  return { name: 'write to /dev/null', per: 'call', near };
}

/** Writings of `bytes` bytes, one a turn of the event loop, in the clear or over TLS; a writing stands for `batch` of `per`. */
async function stream(name: string, credentials: Credentials | undefined, bytes: number, batch: number, per: string): Promise<FloorFigure> {
  const far = startFar();
  try {
    const { port } = await far.order({ kind: 'listen', echo: false, ...identityOf(credentials?.hub, credentials) }, 'ready');
    const socket = await dial(port, credentials?.sender);
    const payload = Buffer.alloc(bytes, 0x61);
    const total = bytes < 4096 ? volume.small : volume.large;
    const run = async (times: number): Promise<FloorFigure> => {
      await far.order({ kind: 'take', bytes: 0 }, 'taken');
      const taken = far.order({ kind: 'take', bytes: times * bytes }, 'taken');
      const began = process.cpuUsage();
      await eachTurn(times, () => (socket.write(payload) ? undefined : drained(socket)));
      const near = micros(began);
      return { name, per, near: near / times / batch, far: (await taken).micros / times / batch };
    };
    await run(Math.ceil(total / bytes / 4));
    const figure = await run(Math.ceil(total / bytes));
    socket.destroy();
    return figure;
  } finally {
    far.signal('SIGKILL');
  }
}

/** A byte there and a byte back over loopback TCP, each time waking a process that has nothing to do. */
async function wakeups(): Promise<FloorFigure> {
  const far = startFar();
  try {
    const { port } = await far.order({ kind: 'listen', echo: true }, 'ready');
    const socket = await dial(port, undefined);
    const byte = Buffer.alloc(1);
    const rounds = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        socket.write(byte);
        await new Promise((resolve) => socket.once('data', resolve));
      }
    };
    await rounds(2_000);
    await far.order({ kind: 'take', bytes: 0 }, 'taken');
    const began = process.cpuUsage();
    const times = 10_000;
    await rounds(times);
    const near = micros(began) / times;
    const figure = { near, far: (await far.order({ kind: 'take', bytes: times }, 'taken')).micros / times };
    socket.destroy();
    return { name: 'wakeup, reading and writing a byte', per: 'wakeup', ...figure };
  } finally {
    far.signal('SIGKILL');
  }
}

/** Full handshakes of TLS 1.3 with certificates at both ends, one after the other. */
async function handshakes(credentials: Credentials): Promise<FloorFigure> {
  const far = startFar();
  try {
    const { port } = await far.order({ kind: 'listen', echo: true, ...identityOf(credentials.hub, credentials) }, 'ready');
    const round = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        const socket = await dial(port, credentials.sender);
        socket.write('x');
        // What comes back is said after the far end has seen our certificate.
        await new Promise((resolve) => socket.once('data', resolve));
        socket.destroy();
      }
    };
    await round(100);
    await far.order({ kind: 'take', bytes: 0 }, 'taken');
    const began = process.cpuUsage();
    const times = 400;
    await round(times);
    const near = micros(began) / times;
    const taken = await far.order({ kind: 'take', bytes: times }, 'taken');
    return { name: 'TLS 1.3 handshake, certificates at both ends', per: 'one', near, far: taken.micros / times };
  } finally {
    far.signal('SIGKILL');
  }
}

/** Messages of `batch` times 600 bytes, `perTurn` published a turn, through nats-server to one subscriber; µs a 600 bytes. */
async function publishing(batch: number, perTurn: number): Promise<FloorFigure> {
  const far = startFar();
  const server = await startNats();
  try {
    const { url, user, password } = server;
    await far.order({ kind: 'subscribe', bus: { url, user, password }, subject: 'floor' }, 'ready');
    const connection = await connectNats({ servers: url, user, pass: password });
    const payload = Buffer.alloc(messageBytes * batch, 0x61);
    const every = Math.max(1, Math.floor(ahead / payload.length / perTurn));
    const run = async (times: number): Promise<FloorFigure> => {
      await far.order({ kind: 'take', bytes: 0 }, 'taken');
      const taken = far.order({ kind: 'take', bytes: times * perTurn * payload.length }, 'taken');
      const serverBefore = spentBelow(server.pid());
      const began = process.cpuUsage();
      let left = every;
      await eachTurn(times, () => {
        for (let n = 0; n < perTurn; n += 1) connection.publish('floor', payload);
        left -= 1;
        if (left > 0) return undefined;
        left = every;
        return connection.flush();
      });
      const near = micros(began);
      const reader = (await taken).micros;
      const between = spentBelow(server.pid()) - serverBefore;
      const messages = times * perTurn * batch;
      const name =
        perTurn === 1 ? `NATS, ${batch} of ${messageBytes} B a message` : `NATS, ${perTurn} messages of ${messageBytes} B a turn`;
      return { name, per: 'request', near: near / messages, far: reader / messages, between: between / messages };
    };
    const total = batch * perTurn === 1 ? volume.small * 2 : volume.large;
    const turns = total / payload.length / perTurn;
    await run(Math.ceil(turns / 4));
    const figure = await run(Math.ceil(turns));
    await connection.close();
    return figure;
  } finally {
    far.signal('SIGKILL');
    await server.close();
  }
}

function startFar(): Child<FarOrder, FarAnswer> {
  return startChild<FarOrder, FarAnswer>(join(checkoutRoot(), 'test/dist/bench/floor-main.js'), 'the far end');
}

/** The hub's identity for a `listen` order; nothing where it is to be in the clear. */
function identityOf(hub: Credentials['hub'] | undefined, credentials: Credentials | undefined): { identity?: Identity } {
  if (hub === undefined || credentials === undefined) return {};
  return { identity: { domain: hubDomain, cert: hub.cert, key: hub.key, ca: credentials.sender.ca } };
}

/** A connection to loopback, as the member `identity` names or in the clear. */
function dial(port: number, identity: Identity | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = (): void => {
      socket.setNoDelay(true);
      resolve(socket);
    };
    const socket: Socket =
      identity === undefined
        ? createConnection({ host: '127.0.0.1', port }, open)
        : connectTls({ host: '127.0.0.1', port, servername: hubDomain, cert: identity.cert, key: identity.key, ca: identity.ca }, open);
    socket.once('error', reject);
  });
}

/** Calls `work` once a turn of the event loop; where it returns a promise the next call waits for that. */
function eachTurn(times: number, work: () => Promise<void> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = times;
    const next = (): void => {
      if (left === 0) {
        resolve();
        return;
      }
      left -= 1;
      const wait = work();
      if (wait === undefined) setImmediate(next);
      else wait.then(next, reject);
    };
    next();
  });
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('drain', () => resolve()));
}

/** µs of processor time of this process since a moment. */
function micros(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return user + system;
}

/** µs of processor time that a process and those below it have used. */
function spentBelow(pid: number): number {
  let seconds = 0;
  for (const part of usageBelow(pid).cpu.values()) seconds += part;
  return seconds * 1e6;
}
