import { readFileSync, writeFileSync } from 'node:fs';
import { leafOf } from '@guildhall/chassis/authority/authority';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import { issueIdentity, makeAuthority } from '@guildhall/cli/trust/authority-files';
import { joinHub } from '@guildhall/cli/trust/join-hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, openSafe } from '../stage/certificates.js';
import { runGuildhall } from '../stage/command.js';
import { type Hub, startHub } from '../stage/hub.js';
import { hubCertificate } from '../stage/identities.js';
import { type KamailioProxy, startKamailio } from '../stage/kamailio.js';
import { freePort } from '../stage/port.js';
import { registerUser } from '../stage/registration.js';
import { startSipp } from '../stage/sipp.js';
import { kamailioTool, sippTool } from '../stage/tools.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

const missing = [
  ...((await kamailioTool()) === undefined ? ['kamailio with its TLS module'] : []),
  ...((await sippTool()) === undefined ? ['sipp'] : []),
];
const without = missing.length === 0 ? '' : ` (SKIPPED: no ${missing.join(' and no ')} here)`;

describe.skipIf(missing.length > 0)(`Kamailio as an enrolled member${without}`, () => {
  const safe = openSafe();
  const { folder } = safe;
  const proxies = new Map<string, KamailioProxy>();
  let hub: Hub | undefined;

  beforeAll(async () => {
    const authority = await safe.authority('community');
    const ca = folder.file('ca');
    const now = Date.now();
    await makeAuthority(ca, { name: 'Steel Guild CA', days: 365, crlDays: 7, now });
    const shown = await issueIdentity(ca, { domains: ['hub.example'], hosts: [] }, { days: 90, now });
    const certificate = { cert: folder.file('door.crt'), key: folder.file('door.key') };
    writeFileSync(certificate.cert, shown.chain);
    writeFileSync(certificate.key, shown.key, { mode: 0o600 });
    const port = await freePort();
    const ports = new Map([
      ['acme', await freePort()],
      ['bolt', await freePort()],
    ]);
    hub = await startHub({
      domain: 'hub.example',
      authority,
      identity: await hubCertificate(authority, 'hub.example'),
      community: {
        members: [...ports].map(([id, tlsPort]) => ({
          id,
          domains: [`${id}.example`],
          proxies: [{ host: '127.0.0.1', port: tlsPort, name: `sip.${id}.example` }],
        })),
      },
      settings: { policy: { authority: { folder: ca, check: '50ms' }, enrolment: { port, certificate } } },
    });
    for (const [id, tlsPort] of ports) {
      const { out } = await operator('member', 'invite', id, '--json');
      const token: unknown = JSON.parse(out).token;
      const { files } = await joinHub({
        hub: `https://127.0.0.1:${port}`,
        hubName: 'hub.example',
        token: String(token),
        domains: [`${id}.example`],
        names: [`sip.${id}.example`],
        folder: folder.file(id),
      });
      const cert = readFileSync(files.certificate, 'latin1');
      const leaf = leafOf(cert);
      const identity: Identity = {
        cert,
        key: readFileSync(files.key, 'latin1'),
        certFile: files.certificate,
        keyFile: files.key,
        pin: spkiSha256(leaf),
        serial: serialNumberOf(leaf),
      };
      // What the member was handed is all that it trusts: the hub's own certificate is of another authority of the community.
      const trusted = { ...authority, cert: readFileSync(files.authority, 'latin1') };
      const address = { host: '127.0.0.1', port: hub.ingresses[0]?.port ?? 0, name: 'hub.example' };
      proxies.set(id, await startKamailio({ domain: `${id}.example`, identity, authority: trusted, hub: address, tlsPort }));
    }
  });

  afterAll(async () => {
    for (const one of proxies.values()) await one.close();
    await hub?.close();
    safe.close();
  });

  it('exchanges messages with another', async () => {
    const well = { exitCode: 0, errors: '' };
    expect(await message('acme', 'bolt')).toEqual([well, well]);
    expect(await message('bolt', 'acme')).toEqual([well, well]);
  });

  it('is put out once its certificate is revoked', async () => {
    const closed = () => hub?.counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'revoked' });
    expect(await closed()).toBe(0);
    expect((await operator('certificate', 'revoke', '--member', 'acme', '--why', 'shown')).code).toBe(0);
    await expect.poll(closed, soon).toBeGreaterThan(0);
  });

  /** A verb of the operator's. */
  function operator(...args: string[]) {
    if (hub === undefined) throw new Error('no hub');
    writeFileSync(folder.file('operator.token'), hub.operatorToken(), { mode: 0o600 });
    const grpc = hub.policies[0]?.addresses['grpc'] ?? '';
    const access = [
      '--hub',
      grpc,
      '--ca',
      hub.authority.certFile,
      '--hub-name',
      'hub.example',
      '--token-file',
      folder.file('operator.token'),
    ];
    return runGuildhall(folder.path, ...args, ...access);
  }

  /** A message from Alice at `from` to Bob at `to`, each with a phone of their own. */
  async function message(from: string, to: string) {
    const port = (name: string) => proxies.get(name)?.userPort ?? 0;
    const there = { me: `bob@${to}.example`, far: `alice@${from}.example` };
    const answering = await startSipp({ scenario: 'message-answers', proxyPort: port(to), words: there });
    await registerUser('bob', `${to}.example`, answering.port, port(to));
    const here = { me: there.far, far: there.me };
    const sending = await startSipp({ scenario: 'message-sends', proxyPort: port(from), words: here });
    return Promise.all([sending.over, answering.over]);
  }
});
