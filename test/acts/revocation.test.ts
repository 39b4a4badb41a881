import { writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { becomes, exchange, reach, settle } from '../stage/exchange.js';
import { hubCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('trust changes under way, %s', (_, topology) => {
  /** Serial numbers of the authorities between, by the member that uses one. */
  const between = new Map<string, string>();
  const { actor, hub, play } = perform({
    topology,
    cast: {
      acme: {},
      bolt: {},
      crow: {},
      dora: {
        identity: async (authority) => {
          const issuing = await authority.below('Dora Issuing CA');
          between.set('dora', issuing.serial);
          return issuing.issue({ name: 'dora', dns: ['sip.dora.example'], uris: ['sip:dora.example'], attachAuthority: true });
        },
      },
    },
    settings: { policy: { reload: '50ms' }, ingress: { reload: '20ms' }, relay: { timeouts: { backoffMost: '200ms' } } },
  });

  it('a certificate is revoked: the member’s connections close in both directions, others’ stay; then it is forgiven', async () => {
    await putOut('crow', () => actor('crow').identity.serial);
  });

  it('an authority between is revoked: so is everything below it', async () => {
    await putOut('dora', () => between.get('dora') ?? '');
  });

  it('a list that the community’s authority has not signed says nothing', async () => {
    const impostor = await play().safe.authority('impostor');
    const before = await hub().counted('policy', 'guildhall_policy_membership_changes_total');
    hub().rewrite({ ...play().community, crl: [await impostor.revoke([actor('crow').identity.serial])] });
    await expect.poll(() => hub().counted('policy', 'guildhall_policy_membership_changes_total')).toBeGreaterThan(before);
    await exchange(actor('crow'), actor('acme'));
    hub().rewrite(play().community);
  });

  it('the hub gets another certificate: new handshakes see it, lines live on, and a broken one is refused', async () => {
    const lines = [actor('acme').line(), actor('bolt').line()];
    const before = await shown();
    const served = await certificates('served');
    const identity = await hubCertificate(play().authority, hub().domain);
    await expect.poll(shown).not.toEqual(before);
    await expect.poll(async () => (await certificates('served')) >= served + hub().ingresses.length).toBe(true);
    const after = await shown();
    expect(new Set(after).size).toBe(1);

    const refused = await certificates('refused');
    writeFileSync(identity.certFile, 'not a certificate');
    await expect.poll(async () => (await certificates('refused')) >= refused + hub().ingresses.length).toBe(true);
    expect(await shown()).toEqual(after);
    writeFileSync(identity.certFile, identity.cert);
    await exchange(actor('acme'), actor('bolt'));
    expect([actor('acme').line(), actor('bolt').line()]).toEqual(lines);
    expect(await certificates('not-served')).toBe(0);
  });

  it('a member changes its pinned key: both are good meanwhile, then only the next one', async () => {
    const own = await play().safe.authority('bolt-own');
    const next = await own.issue({ name: 'next', uris: ['sip:bolt.example'], usages: ['server'] });
    const pin = (...pins: string[]) =>
      hub().rewrite({ ...play().community, members: play().community.members.map((one) => (one.id === 'bolt' ? { ...one, pins } : one)) });
    pin(next.pin);
    await expect.poll(() => answered(next)).toBe(true);
    await exchange(actor('acme'), actor('bolt'));
    const line = await hold(next);
    pin();
    await line.over;
    await expect.poll(() => answered(next)).toBe(false);
    await exchange(actor('acme'), actor('bolt'));
  });

  /** Revokes what `serial` names, sees the member out, and lets it in again. */
  async function putOut(id: string, serial: () => string): Promise<void> {
    const [acme, bolt, member] = [actor('acme'), actor('bolt'), actor(id)];
    const lines = [acme.line(), bolt.line()];
    await exchange(acme, member);
    await exchange(member, acme);
    const port = member.line().remotePort;
    const accepted = [...member.accepted()];
    expect(accepted.length).toBeGreaterThan(0);
    hub().rewrite({ ...play().community, crl: [await play().authority.revoke([serial()])] });
    await member.line().over;
    for (const line of accepted) await line.over;
    const refused = await member.dial(port);
    await refused.over;
    await becomes(acme, member, '500 member-untrusted');
    await exchange(acme, bolt);
    expect([acme.line(), bolt.line()]).toEqual(lines);
    expect(await hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'revoked' })).toBeGreaterThan(1);
    expect(await hub().counted('relay', 'guildhall_relay_untrusted_total', { reason: 'revoked' })).toBeGreaterThan(0);

    hub().rewrite(play().community);
    await settle(member, port);
    await reach(acme, member);
    await exchange(member, acme);
  }

  function certificates(result: string): Promise<number> {
    return hub().counted('ingress', 'guildhall_ingress_certificates_total', { result });
  }

  /** Fingerprints that the ingresses show. */
  function shown(): Promise<string[]> {
    return Promise.all(
      hub().ingresses.map(
        ({ port }) =>
          new Promise<string>((resolve, reject) => {
            const { cert, key } = actor('acme').identity;
            const socket = connect({ port, host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key }, () => {
              resolve(socket.getPeerCertificate().fingerprint256);
              socket.destroy();
            });
            socket.once('error', reject);
          }),
      ),
    );
  }

  /** Opens a connection with this certificate that stays; `over` resolves when the hub ends it. */
  async function hold(identity: { readonly cert: string; readonly key: string }): Promise<{ over: Promise<void> }> {
    const { cert, key } = identity;
    const port = hub().ingresses[0]?.port ?? 0;
    const socket = connect({ port, host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key });
    socket.on('error', () => {});
    const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await new Promise<void>((resolve) => {
      socket.once('secureConnect', () => socket.write('\r\n\r\n'));
      socket.once('data', () => resolve());
    });
    return { over };
  }

  /** Whether a keepalive on a connection with this certificate is answered. */
  async function answered({ cert, key }: { readonly cert: string; readonly key: string }): Promise<boolean> {
    return new Promise((resolve) => {
      const port = hub().ingresses[0]?.port ?? 0;
      const socket = connect({ port, host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key });
      socket.on('error', () => {});
      socket.once('secureConnect', () => socket.write('\r\n\r\n'));
      socket.once('data', () => {
        resolve(true);
        socket.destroy();
      });
      socket.once('close', () => resolve(false));
    });
  }
});
