import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { status } from '@grpc/grpc-js';
import type { WhoAmIResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import {
  ExportMembershipRequest,
  ImportMembershipRequest,
  ListMembersRequest,
  WatchMembershipRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asked, openApi } from '../stage/admin.js';
import { exchange } from '../stage/exchange.js';
import { frame, noise, open, preface, settings } from '../stage/http2-frames.js';
import { perform } from '../stage/performance.js';

describe('hostile users of the API, each service a process of its own', { timeout: 60_000 }, () => {
  const { actor, hub } = perform({ cast: { acme: {}, bolt: {} }, apart: true });
  const at = () => {
    const [host = '', port = ''] = (hub().policies[0]?.addresses['grpc'] ?? '').split(':');
    return { host, port: Number(port) };
  };
  const tcp = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connectTcp(at(), () => resolve(socket));
      socket.on('error', reject);
    });
  const tls = (alpn: string[] = ['h2']): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        { ...at(), ca: readFileSync(hub().authority.certFile), servername: hub().domain, ALPNProtocols: alpn },
        () => resolve(socket),
      );
      socket.on('error', reject);
    });
  const over = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      if (socket.destroyed) resolve();
      else socket.once('close', () => resolve());
    });
  /** Resolves when the server says GOAWAY (RFC 9113 6.8), after which it takes nothing more of the connection, or the connection is over. */
  const dismissed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      let heard = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        for (let start = 0; start + 9 <= heard.length; start += 9 + heard.readUIntBE(start, 3)) if (heard[start + 3] === 7) resolve();
      });
    });
  const session = (): ClientHttp2Session => {
    const opened = connectHttp2(`https://${at().host}:${at().port}`, {
      ca: readFileSync(hub().authority.certFile),
      servername: hub().domain,
    });
    opened.on('error', () => undefined);
    return opened;
  };
  const whoAmI = async (): Promise<string> => {
    const api = openApi(hub());
    try {
      return (await asked<WhoAmIResponse>((done) => api.access.whoAmI({}, done))).scope;
    } finally {
      api.close();
    }
  };
  const heap = async () => (await hub().counted('policy', 'nodejs_heap_used_bytes')) / 2 ** 20;
  let before: number | undefined;

  // Whatever was done: the operator is answered, members talk, policy has its memory back.
  afterEach(async () => {
    await vi.waitFor(async () => expect(await whoAmI()).toBe('operator'), 30_000);
    await exchange(actor('acme'), actor('bolt'));
    before ??= await heap();
    await vi.waitFor(
      async () => {
        expect(await heap()).toBeLessThan((before ?? 0) + 64);
        expect(await whoAmI()).toBe('operator');
      },
      { timeout: 30_000, interval: 100 },
    );
  });

  it.each<[string, Buffer]>([
    ['nothing of TLS', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['HTTP/2 in the clear', Buffer.concat([Buffer.from(preface), settings])],
    ['noise', noise(100_000)],
    ['a TLS record of the largest length and no more', Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff, 0x01])],
  ])('%s on the port: the connection ends, or waits for its time to be over', async (_name, bytes) => {
    const sockets = await Promise.all(Array.from({ length: 20 }, tcp));
    const ends = sockets.map(over);
    for (const socket of sockets) socket.write(bytes);
    await whoAmI();
    for (const socket of sockets) socket.destroy();
    await Promise.all(ends);
  });

  it('another protocol by ALPN, or none: closed', async () => {
    await expect(tls(['http/1.1']).then(over)).rejects.toThrow();
    const plain = await tls([]).catch(() => undefined);
    if (plain !== undefined) {
      const ended = over(plain);
      plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await ended;
    }
  });

  const garbage: readonly (readonly [string, (socket: TLSSocket) => void])[] = [
    ['noise instead of the preface', (socket) => socket.write(noise(50_000))],
    ['noise behind the preface', (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, noise(50_000)]))],
    [
      'a frame longer than any may be',
      (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, Buffer.from('ffffff0000000000', 'hex')])),
    ],
    [
      'DATA on a stream that was never opened',
      (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, frame(0, 0, 1, noise(100))])),
    ],
    ['an even stream', (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, open(2)]))],
    [
      'HPACK that refers to nothing',
      (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, frame(1, 4, 1, Buffer.from([0xff, 0xff, 0xff, 0xff]))])),
    ],
    ['a window of zero width', (socket) => socket.write(Buffer.concat([Buffer.from(preface), settings, frame(8, 0, 0, Buffer.alloc(4))]))],
    ['SETTINGS of odd length', (socket) => socket.write(Buffer.concat([Buffer.from(preface), frame(4, 0, 0, Buffer.alloc(5))]))],
  ];
  it.each(garbage)('%s: that connection is told to go', async (_name, spoil) => {
    const socket = await tls();
    const told = dismissed(socket);
    spoil(socket);
    await told;
    socket.destroy();
  });

  it.each<[string, (index: number) => Buffer]>([
    [
      'streams opened and reset at once, ten thousand times (CVE-2023-44487)',
      (index) => Buffer.concat([open(index * 2 + 1), frame(3, 0, index * 2 + 1, Buffer.from([0, 0, 0, 8]))]),
    ],
    [
      'a head that goes on and on in CONTINUATION frames (CVE-2024-27316)',
      (index) => (index === 0 ? open(1, 0) : frame(9, 0, 1, Buffer.alloc(1_000, 0x82))),
    ],
    ['SETTINGS, ten thousand of them', () => settings],
    ['PINGs, ten thousand of them', () => frame(6, 0, 0, Buffer.alloc(8))],
    ['empty DATA frames on one stream, ten thousand of them', (index) => (index === 0 ? open(1) : frame(0, 0, 1))],
  ])('%s: others are answered meanwhile, and it costs a bounded memory', async (_name, next) => {
    const socket = await tls();
    const ended = over(socket);
    socket.write(Buffer.concat([Buffer.from(preface), settings]));
    for (let index = 0; index < 10_000 && !socket.destroyed; ) {
      const piece: Buffer[] = [];
      for (const until = index + 100; index < until; index += 1) piece.push(next(index));
      socket.write(Buffer.concat(piece));
      if (index % 2_000 === 0) await exchange(actor('acme'), actor('bolt'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await whoAmI()).toBe('operator');
    socket.destroy();
    await ended;
  });

  it('a call without credentials: refused before a byte of its request is waited for', async () => {
    const calls = session();
    const stream = calls.request({
      ':method': 'POST',
      ':path': '/guildhall.admin.v1.AccessService/WhoAmI',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const told = await new Promise<Record<string, unknown>>((resolve) => {
      stream.on('response', (headers) => resolve(headers));
      stream.on('trailers', (headers) => resolve(headers));
      stream.on('error', () => resolve({}));
    });
    expect(String(told['grpc-status'] ?? status.UNAUTHENTICATED)).toBe(String(status.UNAUTHENTICATED));
    calls.destroy();
  });

  it.each<[string, Buffer]>([
    ['says that its request has four gigabytes', Buffer.from('00ffffffff', 'hex')],
    ['says that its request is compressed', Buffer.from('010000000401020304', 'hex')],
    ['sends a request that is no protobuf', Buffer.concat([Buffer.from('0000000400', 'hex'), noise(1_024)])],
    ['sends half a request', Buffer.from('0000000010aa', 'hex')],
  ])('an operator that %s gets an error, and nobody else does', async (_name, body) => {
    const calls = session();
    const stream = calls.request({
      ':method': 'POST',
      ':path': '/guildhall.admin.v1.MembershipService/ImportMembership',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${hub().operatorToken()}`,
    });
    let code: unknown;
    stream.on('response', (headers) => {
      code ??= headers['grpc-status'];
    });
    stream.on('trailers', (headers) => {
      code ??= headers['grpc-status'];
    });
    stream.on('data', () => undefined);
    const ended = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined);
    stream.end(body);
    await ended;
    expect(code).not.toBe('0');
    calls.destroy();
  });

  it('paths there are not, of odd shapes: unimplemented or unauthenticated', async () => {
    const calls = session();
    for (const path of [
      '/',
      '/x',
      '/guildhall.admin.v1.AccessService/',
      '/guildhall.admin.v1.AccessService/__proto__',
      `/${'a'.repeat(4_000)}/b`,
      '/../../etc/passwd',
    ]) {
      const stream = calls.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: `Bearer ${hub().operatorToken()}`,
      });
      stream.on('error', () => undefined);
      stream.on('data', () => undefined);
      const code = await new Promise<unknown>((resolve) => {
        stream.on('response', (headers) => headers['grpc-status'] !== undefined && resolve(headers['grpc-status']));
        stream.on('trailers', (headers) => resolve(headers['grpc-status']));
        stream.once('close', () => resolve('closed'));
      });
      expect([String(status.UNIMPLEMENTED), String(status.UNAUTHENTICATED), 'closed'], path).toContain(String(code));
      stream.close();
    }
    calls.destroy();
  });

  it('a request larger than any may be: an error, and the operator’s next one is answered', async () => {
    const api = openApi(hub());
    const huge = ImportMembershipRequest.fromPartial({ yaml: `# ${'x'.repeat(9 * 2 ** 20)}` });
    await expect(asked((done) => api.membership.importMembership(huge, done))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    api.close();
  });

  it('streams that never end, more than there may be: the excess is refused, the rest stands', async () => {
    // What is above the bound of one connection waits at its client, so it takes several.
    const apis = Array.from({ length: 3 }, () => openApi(hub()));
    let refused = 0;
    const streams = apis.flatMap((api) =>
      Array.from({ length: 90 }, () => {
        const stream = api.membership.watchMembership(WatchMembershipRequest.create());
        stream.on('data', () => undefined);
        stream.on('error', (error) => {
          if ('code' in error && error.code !== status.CANCELLED) refused += 1;
        });
        return stream;
      }),
    );
    await vi.waitFor(() => expect(refused).toBeGreaterThanOrEqual(170), 30_000);
    expect(await whoAmI()).toBe('operator');
    for (const stream of streams) stream.cancel();
    for (const api of apis) api.close();
  });

  it('connections by the hundred from one address, silent or in the middle of TLS: the excess is closed, and when they are gone all is as before', async () => {
    const sockets: Socket[] = [];
    for (let index = 0; index < 300; index += 1) {
      const socket = await tcp();
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      sockets.push(socket);
    }
    await vi.waitFor(() => expect(sockets.filter((socket) => socket.closed).length).toBeGreaterThanOrEqual(50), 30_000);
    await exchange(actor('acme'), actor('bolt'));
    for (const socket of sockets) socket.destroy();
  });

  it('a member’s certificate does not let it read or import what is the operator’s', async () => {
    const api = openApi(hub(), { identity: actor('acme').identity });
    const denied = { code: status.PERMISSION_DENIED };
    await expect(asked((done) => api.membership.importMembership(ImportMembershipRequest.create(), done))).rejects.toMatchObject(denied);
    await expect(asked((done) => api.membership.exportMembership(ExportMembershipRequest.create(), done))).rejects.toMatchObject(denied);
    await expect(asked((done) => api.membership.listMembers(ListMembersRequest.create(), done))).resolves.toBeDefined();
    api.close();
  });
});
