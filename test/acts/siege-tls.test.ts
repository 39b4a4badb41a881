import { constants } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../stage/certificates.js';
import { exchange } from '../stage/exchange.js';
import { memberCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';

/** Machines that are busy with other tests are slow. */
const soon = { timeout: 30_000 };

describe('what can be done wrong with TLS costs nobody else anything', { timeout: 60_000 }, () => {
  const { actor, hub, play } = perform({
    cast: { acme: {}, bolt: {} },
    settings: { ingress: { overload: { enabled: false }, timeouts: { handshake: '2s' } } },
  });
  let own: Identity;
  beforeAll(async () => {
    own = await memberCertificate(play().authority, 'acme.example');
  });

  const port = () => hub().ingresses[0]?.port ?? 0;
  const reasons = [
    'handshake-failed',
    'handshake-timeout',
    'too-many-handshakes',
    'broken-chain',
    'untrusted-authority',
    'name-of-no-member',
  ];
  const closed = async () => {
    const found = new Map<string, number>();
    for (const reason of reasons) {
      found.set(reason, await hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason }));
    }
    return found;
  };
  /** For which reasons how many were closed while `act` was on. */
  const reasonsOf = async (act: () => Promise<unknown>): Promise<string[]> => {
    const before = await closed();
    await act();
    await expect.poll(() => hub().counted('ingress', 'guildhall_tls_handshakes_in_flight'), soon).toBe(0);
    const after = await closed();
    return reasons.flatMap((reason) => Array<string>((after.get(reason) ?? 0) - (before.get(reason) ?? 0)).fill(reason));
  };
  /** Dials as acme and resolves when TLS is done or failed; whatever the hub's certificate. */
  const dial = (options: ConnectionOptions = {}): Promise<TLSSocket> =>
    new Promise((resolve) => {
      const { cert, key } = own;
      const socket = connect({
        port: port(),
        host: '127.0.0.1',
        rejectUnauthorized: false,
        servername: 'hub.example',
        cert,
        key,
        ...options,
      });
      socket.on('error', () => undefined);
      socket.once('secureConnect', () => resolve(socket));
      socket.once('close', () => resolve(socket));
    });
  const over = (socket: TLSSocket): Promise<void> =>
    new Promise((resolve) => {
      socket.resume();
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });
  /** Whether the hub answers on it: a keepalive is (RFC 5626 4.4.1). */
  const lives = (socket: TLSSocket): Promise<boolean> =>
    new Promise((resolve) => {
      socket.once('data', (chunk) => resolve(chunk.toString('latin1') === '\r\n'));
      socket.once('close', () => resolve(false));
      if (socket.destroyed) resolve(false);
      else socket.write('\r\n\r\n');
    });
  const business = () => exchange(actor('acme'), actor('bolt'));

  it.each<[what: string, options: ConnectionOptions]>([
    ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    [
      'no cipher in common',
      { maxVersion: 'TLSv1.2', ciphers: 'PSK-AES128-CBC-SHA', pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'x' }) },
    ],
  ])('%s: refused with one reason', async (_what, options) => {
    expect(await reasonsOf(async () => over(await dial(options)))).toEqual(['handshake-failed']);
    await business();
  });

  it.each<[what: string, options: ConnectionOptions]>([
    ['no server name', { servername: '' }],
    ['a server name of 255 letters', { servername: 'a'.repeat(255) }],
    ['a server name with wildcards of NATS', { servername: 'gh.*.>.hub.example' }],
    ['a server name that is a path', { servername: '../../etc/passwd' }],
    ['protocols nobody asked for', { ALPNProtocols: ['h2', 'x'.repeat(255)] }],
  ])('%s: no matter', async (_what, options) => {
    const socket = await dial(options);
    expect(await lives(socket)).toBe(true);
    socket.destroy();
    await business();
  });

  it('a session is never resumed: the certificate is looked at every time', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const versions = { minVersion: version, maxVersion: version };
      const first = connect({ port: port(), host: '127.0.0.1', rejectUnauthorized: false, cert: own.cert, key: own.key, ...versions });
      let session: Buffer | undefined;
      first.on('session', (one) => {
        session = one;
      });
      first.on('error', () => undefined);
      await new Promise((resolve) => first.once('secureConnect', resolve));
      expect(await lives(first)).toBe(true);
      session ??= first.getSession();
      first.destroy();
      const again = await dial({ ...versions, ...(session === undefined ? {} : { session }) });
      expect([await lives(again), again.isSessionReused()]).toEqual([true, false]);
      again.destroy();
      // Without its certificate it is nobody, session or not.
      const without = connect({
        port: port(),
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...versions,
        ...(session === undefined ? {} : { session }),
      });
      without.on('error', () => undefined);
      await over(without);
    }
    await business();
  });

  it('renegotiation is refused, and does not cost a handshake', async () => {
    const begun = () => hub().counted('ingress', 'guildhall_tls_handshakes_total', { result: 'begun' });
    const socket = await dial({ maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT });
    expect(await lives(socket)).toBe(true);
    const before = await begun();
    const refused = await new Promise((resolve) => {
      socket.once('error', () => resolve(true));
      socket.once('close', () => resolve(true));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error !== null));
    });
    expect([refused, await begun()]).toEqual([true, before]);
    socket.destroy();
    await business();
  });

  it('a chain of a hundred certificates of 100 KB: looked at once, and nobody waits for it', async () => {
    const { authority } = play();
    // Every one signed by the one before, as a real chain is; none of them is the leaf's.
    const links: string[] = [];
    for (let at = 0, above = authority; at < 100; at += 1) {
      above = await above.below(`between-${at}`);
      links.unshift(above.cert);
    }
    const junk = links.join('');
    const socket = await dial({ cert: `${own.cert}${junk}`, key: own.key });
    const alive = await lives(socket);
    socket.destroy();
    // The leaf is good: the rest is ignored, or the whole is refused for its size. Either is quick, and no matter to others.
    expect([true, false]).toContain(alive);
    await business();
  });

  it.each<[names: number, outcome: string]>([
    [1_000, 'believed'],
    [6_000, 'too large'],
  ])('a certificate with %i names: %s', async (names, outcome) => {
    const dns = ['acme.example', ...Array.from({ length: names }, (_, at) => `host-${at}.acme.example`)];
    const large = await play().authority.issue({ name: `large-${names}`, dns, uris: ['sip:acme.example'] });
    const found = await reasonsOf(async () => {
      const socket = await dial({ cert: large.cert, key: large.key });
      expect(await lives(socket)).toBe(outcome === 'believed');
      socket.destroy();
    });
    expect(found).toEqual(outcome === 'believed' ? [] : ['handshake-failed']);
    await business();
  });

  it.each<[when: string, cut: (socket: TLSSocket, plain: Socket) => void]>([
    ['right after the handshake', (socket) => socket.destroy()],
    ['with a reset', (_, plain) => plain.resetAndDestroy()],
    ['with close_notify and nothing else', (socket) => socket.end()],
    ['in the middle of a message', (socket) => socket.write('MESSAGE sip:bob@bolt.example SIP/2.0\r\nVia: ', () => socket.destroy())],
  ])('a connection that is closed early, %s, leaves nothing behind', async (_when, cut) => {
    const standing = () => hub().counted('ingress', 'guildhall_member_connections', { member: 'acme' });
    const before = await standing();
    for (let round = 0; round < 20; round += 1) {
      const plain = connectPlain(port(), '127.0.0.1').on('error', () => undefined);
      cut(await dial({ socket: plain, port: undefined }), plain);
    }
    await expect.poll(standing, soon).toBe(before);
    await business();
  });

  it('bytes behind close_notify are not heard', async () => {
    const plain = connectPlain(port(), '127.0.0.1');
    plain.on('error', () => undefined);
    const socket = await dial({ socket: plain, port: undefined });
    expect(await lives(socket)).toBe(true);
    const said = actor('acme').request('MESSAGE', 'sip:bob@bolt.example');
    await new Promise<void>((resolve) => socket.end(() => resolve()));
    plain.write(said.text);
    await over(socket);
    await business();
    expect(actor('bolt').unheard()).toEqual([]);
  });
});
