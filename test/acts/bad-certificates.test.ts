import { X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { ListTurnedAwayRequest, type ListTurnedAwayResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { describe, expect, it } from 'vitest';
import { asked, openApi } from '../stage/admin.js';
import type { Identity } from '../stage/certificates.js';
import { runGuildhall } from '../stage/command.js';
import { exchange } from '../stage/exchange.js';
import { badCertificates } from '../stage/identities.js';
import { perform } from '../stage/performance.js';

/** What a person is told of each in plain words. */
const words: Readonly<Record<string, RegExp>> = {
  'untrusted-authority': /does not end in the community’s authority/,
  'not-for-clients': /may not be used as a client .*it is for serverAuth/,
  expired: /past its end \(valid to /,
  'name-of-no-member': /No name in the certificate belongs to a member \(expected one of acme\.example\)/,
  'wildcard-name': /wildcard, which SIP forbids .*\(only \*\.acme\.example\)/,
  revoked: /on a revocation list/,
  'not-yet-valid': /has not begun \(valid from /,
  'common-name-only': /no subject alternative name \(common name acme\.example\)/,
  'no-certificate': /presented no certificate/,
  'weak-key': /too weak \(RSA of 1024 bits\)/,
  'broken-chain': /missing or does not fit \(the certificate of its issuer CN=between is not in the file\)/,
};

describe('eleven bad certificates, eleven reasons', () => {
  const { actor, hub, play } = perform({
    cast: { acme: {}, bolt: {} },
    settings: { policy: { reload: '50ms' } },
  });
  /** Files of revocation lists made so far. */
  const lists: string[] = [];
  const bad: readonly [reason: string, issue: () => Promise<Identity | undefined>][] = [
    ...Object.entries(badCertificates).map(([reason, issue]): [string, () => Promise<Identity>] => [
      reason,
      () => issue(play().authority, 'acme.example', play().safe),
    ]),
    ['no-certificate', async () => undefined],
    ['revoked', () => revoked()],
  ];

  it('are all of the list', () => {
    expect(bad.map(([reason]) => reason).toSorted()).toEqual(Object.keys(words).toSorted());
  });

  it.each(bad)('%s: refused before a byte of SIP, counted, told to operators with what the certificate says', async (reason, issue) => {
    const identity = await issue();
    const before = await closed(reason);
    const { heard, source } = await knock(identity);
    expect(heard).toBe('');
    expect(await closed(reason)).toBe(before + 1);
    await expect.poll(async () => (await turnedAway(source)).map((one) => one.reason)).toEqual([reason]);
    const [told] = await turnedAway(source);
    if (identity === undefined) {
      expect(told).toMatchObject({ subject: '', names: [], usages: [] });
      return;
    }
    const leaf = new X509Certificate(identity.cert);
    const usages = reason === 'not-for-clients' ? ['serverAuth'] : ['serverAuth', 'clientAuth', 'sipDomain'];
    expect(told).toMatchObject({ subject: leaf.subject, issuer: leaf.issuer, spki: identity.pin, usages });
    expect(told?.names.toSorted()).toEqual((leaf.subjectAltName ?? '').split(', ').filter(Boolean).toSorted());
    expect(told?.member).toBe(reason === 'name-of-no-member' ? '' : 'acme');
  });

  it.each(bad)('%s: the doctor tells why, and how to mend it', async (reason, issue) => {
    const identity = await issue();
    const { code, out } = await doctor(identity);
    expect(code).toBe(4);
    const problems = out.split('\n').filter((line) => line.startsWith('problem'));
    // What the certificate itself shows, and what the hub says of the very connection.
    expect(problems.filter((line) => line.includes(`[${reason}]`)).some((line) => words[reason]?.test(line))).toBe(true);
    expect(problems.at(-1)).toMatch(new RegExp(`the hub says.*\\[${reason}\\]$`));
    expect(out).toContain('cure:');
  });

  it('and a good one: the doctor finds nothing', async () => {
    const { code, out } = await doctor(actor('acme').identity);
    expect(out.split('\n').filter((line) => line.startsWith('problem'))).toEqual([]);
    expect(out).toMatch(/^good {4}OPTIONS +the hub answered 200 OK/m);
    expect(code).toBe(0);
  });

  it('those it knows noticed nothing', async () => {
    await exchange(actor('acme'), actor('bolt'));
    await exchange(actor('bolt'), actor('acme'));
  });

  it('refusals lists them for an operator', async () => {
    const { code, out } = await runGuildhall(play().safe.folder.path, 'refusals', ...api(), '--member', 'acme', '--json');
    expect(code).toBe(0);
    const { connections } = JSON.parse(out);
    expect(new Set(connections.map((one: { reason: string }) => one.reason)).size).toBe(9);
  });

  /** A good certificate that its authority has put on its list. */
  async function revoked(): Promise<Identity> {
    const { authority, community } = play();
    const identity = await authority.issue({ name: 'revoked.acme', dns: ['acme.example'], uris: ['sip:acme.example'] });
    const serials = await hub().counted('policy', 'guildhall_policy_revoked_certificates');
    lists.push(await authority.revoke([identity.serial]));
    hub().rewrite({ ...community, crl: lists });
    await expect.poll(() => hub().counted('policy', 'guildhall_policy_revoked_certificates')).toBe(serials + 1);
    // What ingress knows of it shows in what it refuses.
    await expect
      .poll(async () => {
        const before = await closed('revoked');
        await knock(identity);
        return (await closed('revoked')) - before;
      })
      .toBe(1);
    return identity;
  }

  function closed(reason: string): Promise<number> {
    return hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason });
  }

  async function turnedAway(source: string) {
    const connection = openApi(hub());
    const request = ListTurnedAwayRequest.fromPartial({ source });
    const { connections } = await asked<ListTurnedAwayResponse>((done) => connection.admin.listTurnedAway(request, done)).finally(
      connection.close,
    );
    return connections;
  }

  /** Dials and talks at once; resolves when it is over. */
  async function knock(identity: Identity | undefined): Promise<{ heard: string; source: string }> {
    const heard: Buffer[] = [];
    let source = '';
    await new Promise<void>((resolve) => {
      const shown = identity === undefined ? {} : { cert: identity.cert, key: identity.key };
      const socket = connect({
        port: hub().ingresses[0]?.port ?? 0,
        host: '127.0.0.1',
        servername: hub().domain,
        ca: play().authority.cert,
        ...shown,
      });
      socket.once('secureConnect', () => socket.write(actor('acme').request('OPTIONS', `sip:${hub().domain}`).text));
      socket.once('connect', () => {
        source = `${socket.localAddress}:${socket.localPort}`;
      });
      socket.on('data', (chunk) => {
        heard.push(chunk);
        socket.destroy();
      });
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    });
    return { heard: Buffer.concat(heard).toString('latin1'), source };
  }

  /** How the API is asked by an operator. */
  function api(): string[] {
    const { authority } = play();
    const { folder } = play().safe;
    const token = folder.file('operator.token');
    writeFileSync(token, hub().operatorToken());
    chmodSync(token, 0o600);
    return [
      '--hub',
      hub().policies[0]?.addresses['grpc'] ?? '',
      '--ca',
      authority.certFile,
      '--hub-name',
      hub().domain,
      '--token-file',
      token,
    ];
  }

  function doctor(identity: Identity | undefined) {
    const [, grpc = '', , ca = '', , name = '', , token = ''] = api();
    const files = identity === undefined ? [] : ['--certificate', identity.certFile, '--key', identity.keyFile];
    const crl = lists.flatMap((path) => ['--crl', path]);
    const at = ['--hub', `127.0.0.1:${hub().ingresses[0]?.port}`, '--hub-name', name, '--ca', ca, '--domain', 'acme.example'];
    return runGuildhall(play().safe.folder.path, 'doctor', ...files, ...crl, ...at, '--api', grpc, '--token-file', token);
  }
});
