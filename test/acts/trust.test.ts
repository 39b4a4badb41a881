import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../stage/certificates.js';
import { exchange } from '../stage/exchange.js';
import { badCertificates, memberCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('nobody is heard before it is known, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    cast: {
      acme: {},
      bolt: {},
      dora: { entry: { status: 'suspended' }, offstage: true },
      // The operator knows of its old certificate and accepts the common name.
      echo: {
        entry: { acceptCommonName: true },
        identity: (authority) => authority.issue({ name: 'echo', commonName: 'sip.echo.example' }),
      },
      fern: { identity: async (_, safe) => memberCertificate(await safe.authority('own'), 'fern.example'), pinned: true },
    },
    settings: { ingress: { timeouts: { handshake: '500ms' } } },
  });

  it.each(Object.entries(badCertificates))('%s', async (reason, issue) => {
    const { authority, safe } = play();
    await refused(reason, await issue(authority, 'acme.example', safe));
  });

  it('names-of-several-members', async () => {
    const both = ['sip:acme.example', 'sip:bolt.example'];
    await refused('names-of-several-members', await play().authority.issue({ name: 'both', uris: both }));
  });

  it('member-not-active', async () => {
    await refused('member-not-active', await play().authority.issue({ name: 'dora', uris: ['sip:dora.example'] }));
  });

  it('no-certificate', async () => {
    await refused('no-certificate', undefined);
  });

  it('handshake-timeout: a peer that connects and says nothing', async () => {
    const before = await closed('handshake-timeout');
    const socket = connect(port(), '127.0.0.1');
    await new Promise((resolve) =>
      socket
        .once('close', resolve)
        .on('error', () => {})
        .resume(),
    );
    expect(await closed('handshake-timeout')).toBe(before + 1);
  });

  it('handshake-failed: SIP without TLS, and garbage', async () => {
    for (const bytes of [
      actor('acme').request('MESSAGE', 'sip:bob@bolt.example').text,
      '\x16\x03\x01\xff\xffgarbage',
      'GET / HTTP/1.1\r\n\r\n',
    ]) {
      const before = await closed('handshake-failed');
      const socket = connect(port(), '127.0.0.1', () => socket.write(bytes, 'latin1'));
      await new Promise((resolve) =>
        socket
          .once('close', resolve)
          .on('error', () => {})
          .resume(),
      );
      expect(await closed('handshake-failed')).toBe(before + 1);
    }
  });

  it('handshake-failed: TLS 1.1', async () => {
    const before = await closed('handshake-failed');
    const { cert, key } = actor('acme').identity;
    const socket = connectTls({
      port: port(),
      host: '127.0.0.1',
      cert,
      key,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
    expect(await closed('handshake-failed')).toBe(before + 1);
  });

  it('TLS 1.2 is good enough, but not to negotiate anew under way', async () => {
    const { cert, key } = actor('acme').identity;
    const options = { port: port(), host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key };
    const socket = connectTls({ ...options, maxVersion: 'TLSv1.2' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const failure = new Promise((resolve) => socket.once('error', resolve));
    const answered = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('latin1'))));
    socket.write(actor('acme').request('OPTIONS', `sip:${hub().domain}`).text);
    expect(await answered).toMatch(/^SIP\/2\.0 200 /);
    socket.renegotiate({}, () => {});
    expect(await failure).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    socket.destroy();
  });

  it('a common name where the operator accepts it, and a pinned key whoever signed it, are known', async () => {
    for (const known of ['echo', 'fern']) {
      await exchange(actor(known), actor('acme'));
      await exchange(actor('acme'), actor(known));
    }
  });

  it('and those it knows notice nothing', async () => {
    await exchange(actor('acme'), actor('bolt'));
    await exchange(actor('bolt'), actor('acme'));
  });

  function port(): number {
    return hub().ingresses[0]?.port ?? 0;
  }

  function closed(reason: string): Promise<number> {
    return hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason });
  }

  /** Dials with a certificate and talks at once: not a byte may come back, and the reason is counted. */
  async function refused(reason: string, identity: Identity | undefined): Promise<void> {
    const before = await closed(reason);
    const shown = identity === undefined ? {} : { cert: identity.cert, key: identity.key };
    const heard: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const socket = connectTls({ port: port(), host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, ...shown }, () => {
        socket.write(actor('acme').request('MESSAGE', 'sip:bob@bolt.example').text);
      });
      socket.on('data', (chunk) => heard.push(chunk));
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    });
    expect(Buffer.concat(heard).toString('latin1')).toBe('');
    expect(await closed(reason)).toBe(before + 1);
  }
});
