import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createOtlpPost } from './otlp-post.js';

const curtain: (() => void)[] = [];
afterEach(() => {
  for (const end of curtain.splice(0)) end();
});

const answer = (status: string, ...fields: string[]): string => `HTTP/1.1 ${[status, 'Content-Length: 0', ...fields].join('\r\n')}\r\n\r\n`;

/** A way to a collector that does so with each connection on which something is posted; and how often something was. */
async function towards(conduct: (socket: Socket) => void, timeoutMillis: number) {
  let posts = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('POST ')) return;
      posts += 1;
      conduct(socket);
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      if (at === null || typeof at === 'string') reject(new Error('it listens nowhere'));
      else resolve(at.port);
    });
  });
  curtain.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const send = createOtlpPost({
    url: `http://127.0.0.1:${port}/v1/traces`,
    headers: async () => ({}),
    timeoutMillis,
    concurrencyLimit: 1,
    httpAgentOptions: { keepAlive: true },
  });
  return { send: () => send(Buffer.alloc(2_000)), posts: () => posts };
}

describe('a collector that is none', () => {
  it.each<[string, (socket: Socket) => void, string]>([
    ['sends elsewhere', (socket) => socket.write(answer('302 Found', 'Location: http://127.0.0.1:1/')), 'it answered 302'],
    ['talks something else', (socket) => socket.write('220 mail.example ESMTP\r\n'), 'Parse Error'],
    ['has no end of fields', (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`), 'Parse Error'],
    ['counts its chunks wrong', (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'), 'Parse Error'],
    ['promises more than it says', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'), 'aborted'],
    ['wants to talk something else', (socket) => socket.write('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'), '100 ms'],
    ['says nothing', () => undefined, 'it did not answer within 100 ms'],
    ['never ends', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nabc'), 'it did not answer within 100 ms'],
  ])('%s: it took nothing, and is not asked again', async (_, conduct, why) => {
    const collector = await towards(conduct, 100);
    await expect(collector.send()).rejects.toThrow(why);
    expect(collector.posts()).toBe(1);
  });
});

describe('a collector that is busy', () => {
  it.each(['0.001', '1e-9', '-1', '0', 'soon', '5', '99999999999'])(
    'and says %s of when to come again is not hammered on',
    async (when) => {
      const collector = await towards((socket) => socket.write(answer('503 Busy', `Retry-After: ${when}`)), 500);
      await expect(collector.send()).rejects.toThrow('it answered 503');
      expect(collector.posts()).toBe(1);
    },
  );

  it('is asked again when it said', async () => {
    let busy = true;
    const collector = await towards((socket) => {
      socket.write(busy ? answer('429 Busy', 'Retry-After: 1') : answer('200 OK'));
      busy = false;
    }, 5_000);
    await collector.send();
    expect(collector.posts()).toBe(2);
  });
});

describe('a collector that does not take it', () => {
  it('is asked again where that may help, and not where it will not', async () => {
    const asked = async (status: number): Promise<readonly [number, number]> => {
      let first = true;
      const collector = await towards((socket) => {
        socket.write(first ? answer(`${status} No`, 'Retry-After: 1') : answer('200 OK'));
        first = false;
      }, 5_000);
      await collector.send().catch(() => undefined);
      return [status, collector.posts()];
    };
    expect(await Promise.all([429, 502, 503, 504, 400, 401, 403, 404, 413, 500, 501, 505].map(asked))).toEqual([
      ...[429, 502, 503, 504].map((status) => [status, 2]),
      ...[400, 401, 403, 404, 413, 500, 501, 505].map((status) => [status, 1]),
    ]);
  });
});

describe('a collector that took it', () => {
  it('is done, whatever else it says', async () => {
    const collector = await towards((socket) => socket.write(answer('202 Accepted') + answer('500 No')), 500);
    await collector.send();
    expect(collector.posts()).toBe(1);
  });

  it('is asked over another connection at once where it closed the one that was kept', async () => {
    let first = true;
    const collector = await towards((socket) => {
      if (first) socket.write(answer('200 OK'));
      else if (collector.posts() === 2) socket.resetAndDestroy();
      else socket.write(answer('200 OK'));
      first = false;
    }, 500);
    await collector.send();
    await collector.send();
    expect(collector.posts()).toBe(3);
  });
});
