import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openSilentWay } from './silence.js';

describe('a way that falls silent', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  it('tells nobody, and goes on where it was when it speaks again', async () => {
    const served: { heard: string; over: boolean; socket: Socket }[] = [];
    const server = createServer((socket) => {
      const one = { heard: '', over: false, socket };
      served.push(one);
      socket.on('data', (chunk) => {
        one.heard += chunk.toString('latin1');
        socket.write('heard');
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        one.over = true;
      });
      endings.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endings.push(() => server.close());
    const address = server.address();
    const way = await openSilentWay(address !== null && typeof address !== 'string' ? address.port : 0, 60);
    endings.push(() => way.close());
    expect(way.how).toMatch(process.getuid?.() === 0 ? /namespace|proxy/ : /proxy/);

    const dial = (): Socket => {
      const socket = connect({ host: way.host, port: way.port });
      socket.on('error', () => {});
      endings.push(() => socket.destroy());
      return socket;
    };
    const [lasting, leaving] = [dial(), dial()];
    let answers = 0;
    lasting.on('data', () => {
      answers += 1;
    });
    lasting.write('before ');
    leaving.write('and then');
    await expect.poll(() => served.map((one) => one.heard).sort()).toEqual(['and then', 'before ']);
    await expect.poll(() => answers).toBe(1);
    const own = served.find((one) => one.heard === 'before ');
    const left = served.find((one) => one.heard === 'and then');

    await way.fallSilent();
    lasting.write('after');
    own?.socket.write('back');
    leaving.resetAndDestroy();
    // Long enough for everything that could come: the same steps in the open.
    const open = connect({ port: address !== null && typeof address !== 'string' ? address.port : 0 });
    endings.push(() => open.destroy());
    open.write('open');
    await new Promise<void>((resolve) => open.once('data', () => resolve()));
    expect([own?.heard, left?.over, answers, served.length]).toEqual(['before ', false, 1, 3]);

    await way.speak();
    await expect.poll(() => [own?.heard, answers > 1]).toEqual(['before after', true]);
    // Nobody hears of the reset that was lost: that is what half open means.
    if (way.host !== '127.0.0.1') expect(left?.over).toBe(false);
  });
});
