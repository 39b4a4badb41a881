import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openPath, type Path } from './path.js';

describe('a path', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  it('lets bytes and the end of a connection through, in both directions', async () => {
    const { dial, served } = await walk();
    const caller = await dial();
    caller.say('one');
    await expect.poll(() => served[0]?.heard()).toBe('one');
    served[0]?.say('two');
    await expect.poll(caller.heard).toBe('two');
    caller.socket.end();
    await expect.poll(() => served[0]?.ended()).toBe(true);
    // Half closed: the other direction still goes.
    served[0]?.say('three');
    await expect.poll(caller.heard).toBe('twothree');
  });

  it('stalls silently and loses nothing: neither bytes nor ends pass before it flows again', async () => {
    const { path, dial, served } = await walk();
    const [caller, other] = [await dial(), await dial()];
    caller.say('before ');
    await expect.poll(() => served[0]?.heard()).toBe('before ');
    await path.pass({ kind: 'stalls' });
    caller.say('after');
    served[0]?.say('back');
    other.socket.end();
    const late = await dial();
    late.say('late');
    // A path of its own shows that time enough has passed for bytes to come.
    await roundTrip();
    expect([served.length, served[0]?.heard(), served[1]?.ended(), caller.heard()]).toEqual([2, 'before ', false, '']);
    await path.pass({ kind: 'flows' });
    await expect
      .poll(() => [served[0]?.heard(), caller.heard(), served[1]?.ended(), served[2]?.heard()])
      .toEqual(['before after', 'back', true, 'late']);
  });

  it('a reset while it stalls is told when it flows again', async () => {
    const { path, dial, served } = await walk();
    const caller = await dial();
    caller.say('here');
    await expect.poll(() => served[0]?.heard()).toBe('here');
    await path.pass({ kind: 'stalls' });
    caller.socket.resetAndDestroy();
    await roundTrip();
    expect(served[0]?.over()).toBe(false);
    await path.pass({ kind: 'flows' });
    await expect.poll(() => served[0]?.over()).toBe(true);
  });

  it('one connection can be stalled or reset alone', async () => {
    const { path, dial, served } = await walk();
    const callers = [await dial(), await dial(), await dial()];
    await expect.poll(() => served.length).toBe(3);
    const which = (caller: Caller | undefined) => path.connections().find(({ from }) => from === caller?.socket.localPort);
    which(callers[0])?.pass({ kind: 'stalls' });
    which(callers[1])?.reset();
    await expect.poll(() => callers[1]?.over()).toBe(true);
    for (const caller of [callers[2], callers[0]]) caller?.say('hello');
    await expect.poll(() => served.map((one) => one.heard()).filter((heard) => heard !== '')).toEqual(['hello']);
    await expect.poll(() => path.connections().length).toBe(2);
  });

  it('cut: every connection is reset and new ones are refused, until it flows again on the same port', async () => {
    const { path, dial } = await walk();
    const caller = await dial();
    await path.cut();
    await expect.poll(caller.over).toBe(true);
    await expect(dial()).rejects.toThrow('ECONNREFUSED');
    await path.pass({ kind: 'flows' });
    const again = await dial();
    again.say('again');
    expect(again.socket.remotePort).toBe(path.port);
  });

  it('one-way: bytes pass towards one end, and the others when it flows again', async () => {
    const { path, dial, served } = await walk();
    const first = await dial();
    await path.pass({ kind: 'one-way', to: 'far' });
    const later = await dial();
    for (const one of [first, later]) one.say('hello');
    await expect.poll(() => served.map((one) => one.heard())).toEqual(['hello', 'hello']);
    for (const one of served) one.say('welcome');
    await path.pass({ kind: 'one-way', to: 'near' });
    await expect.poll(() => [first.heard(), later.heard()]).toEqual(['welcome', 'welcome']);
    first.say(', again');
    await path.pass({ kind: 'flows' });
    await expect.poll(() => served.map((one) => one.heard())).toEqual(['hello, again', 'hello']);
  });

  it('slow: everything comes, in its order, in more pieces than were sent', async () => {
    const { path, dial, served } = await walk();
    await path.pass({ kind: 'slow', bytesPerSecond: 2_000_000 });
    const text = Array.from({ length: 40_000 }, (_, number) => `${number} `).join('');
    (await dial()).say(text);
    await expect.poll(() => served[0]?.heard() === text).toBe(true);
    expect(served[0]?.chunks()).toBeGreaterThan(1);
  });

  interface Caller {
    readonly socket: Socket;
    say(text: string): void;
    heard(): string;
    chunks(): number;
    ended(): boolean;
    over(): boolean;
  }

  function caller(socket: Socket): Caller {
    let heard = '';
    let chunks = 0;
    let ended = false;
    let over = false;
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      chunks += 1;
    });
    socket.on('end', () => {
      ended = true;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      over = true;
    });
    endings.push(() => socket.destroy());
    return {
      socket,
      say: (text) => void socket.write(text, 'latin1'),
      heard: () => heard,
      chunks: () => chunks,
      ended: () => ended,
      over: () => over,
    };
  }

  async function walk(): Promise<{ path: Path; served: Caller[]; dial(): Promise<Caller> }> {
    const served: Caller[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => served.push(caller(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endings.push(() => server.close());
    const address = server.address();
    const path = await openPath({ port: address !== null && typeof address !== 'string' ? address.port : 0 });
    endings.push(() => path.close());
    const dial = () =>
      new Promise<Caller>((resolve, reject) => {
        const socket = connect({ port: path.port, host: '127.0.0.1', allowHalfOpen: true }, () => resolve(caller(socket)));
        socket.once('error', reject);
      });
    return { path, served, dial };
  }

  /** Bytes through a path that flows, there and back. */
  async function roundTrip(): Promise<void> {
    const { dial, served } = await walk();
    const one = await dial();
    one.say('ping');
    await expect.poll(() => served[0]?.heard()).toBe('ping');
    served[0]?.say('pong');
    await expect.poll(one.heard).toBe('pong');
  }
});
