import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, type Identity, openSafe } from '../stage/certificates.js';
import { type Hub, startHub } from '../stage/hub.js';
import { hubCertificate, memberCertificate } from '../stage/identities.js';
import { type KamailioProxy, startKamailio } from '../stage/kamailio.js';
import { startMember } from '../stage/member.js';
import { topologies } from '../stage/play.js';
import { freePort } from '../stage/port.js';
import { registerUser } from '../stage/registration.js';
import { playSipp, type SippResult, startSipp } from '../stage/sipp.js';
import { kamailioTool, sippTool } from '../stage/tools.js';

const names = ['acme', 'bolt', 'crow'] as const;
type Name = (typeof names)[number];

const missing = [
  ...((await kamailioTool()) === undefined ? ['kamailio with its TLS module'] : []),
  ...((await sippTool()) === undefined ? ['sipp'] : []),
];
const without =
  missing.length === 0
    ? ''
    : ` (SKIPPED: no ${missing.join(' and no ')} here; on Debian: apt-get install kamailio kamailio-tls-modules sip-tester)`;
if (without !== '') process.stderr.write(`test/interop${without}\n`);

describe.skipIf(missing.length > 0).each(topologies)(`members behind Kamailio, users played by SIPp, %s${without}`, (_, topology) => {
  const safe = openSafe();
  const proxies = new Map<Name, KamailioProxy>();
  const identities = new Map<Name, Identity>();
  let authority: Authority | undefined;
  let hub: Hub | undefined;

  beforeAll(async () => {
    authority = await safe.authority('community');
    const ports = new Map<Name, number>();
    for (const name of names) ports.set(name, await freePort());
    hub = await startHub({
      domain: 'hub.example',
      authority,
      identity: await hubCertificate(authority, 'hub.example'),
      community: {
        members: names.map((id) => ({
          id,
          domains: [`${id}.example`],
          proxies: [{ host: '127.0.0.1', port: ports.get(id) ?? 0, name: `sip.${id}.example` }],
        })),
      },
      topology,
      settings: { relay: { timeouts: { connect: '1s' } } },
    });
    for (const [index, name] of names.entries()) {
      const domain = `${name}.example`;
      const ingress = hub.ingresses[index % hub.ingresses.length];
      const address = { host: '127.0.0.1', port: ingress?.port ?? 0, name: 'hub.example' };
      const identity = await memberCertificate(authority, domain);
      identities.set(name, identity);
      proxies.set(name, await startKamailio({ domain, identity, authority, hub: address, tlsPort: ports.get(name) ?? 0 }));
    }
  });

  afterAll(async () => {
    for (const one of proxies.values()) await one.close();
    await hub?.close();
    safe.close();
  });

  it.each(['spoofed-from', 'unknown-domain', 'foreign-route'])('%s is refused', async (scenario) => {
    for (const [name, other] of [
      ['acme', 'bolt'],
      ['bolt', 'acme'],
    ] as const) {
      const far = scenario === 'unknown-domain' ? 'bob@nobody.example' : `bob@${other}.example`;
      const words = { me: `alice@${name}.example`, far, forged: `bob@${other}.example` };
      expect(await playSipp({ scenario, proxyPort: proxy(name).userPort, words })).toEqual(well);
    }
  });

  it('a member that dials another member directly is not heard by its proxy', async () => {
    const identity = identities.get('bolt');
    if (identity === undefined || authority === undefined) throw new Error('bolt has no certificate');
    const bolt = await startMember({
      id: 'bolt',
      domain: 'bolt.example',
      identity,
      authority,
      hubName: 'sip.acme.example',
      dialsOnly: true,
    });
    await bolt.dial(proxy('acme').tlsPort);
    const said = bolt.say('MESSAGE', 'sip:alice-message@acme.example');
    expect((await bolt.hearFinal(said)).status).toBe(403);
    await bolt.close();
  });

  it.each(['message', 'options', 'subscribe', 'call', 'cancel', 'busy'])('%s, both ways at once', async (story) => {
    const played = await Promise.all([play(story, 'acme', 'bolt'), play(story, 'bolt', 'acme')]);
    expect(played.flat()).toEqual([well, well, well, well]);
  });

  it('a member is killed: its senders get one final answer with a reason, other pairs notice nothing', async () => {
    expect(await play('message', 'acme', 'crow')).toEqual([well, well]);
    const phone = await silentPhone();
    await registerUser('carol', 'crow.example', phone.port, proxy('crow').userPort);
    const others = play('message', 'acme', 'bolt', { calls: 150, rate: 50 });
    const words = { me: 'alice@acme.example', far: 'carol@crow.example' };
    const inFlight = await startSipp({ scenario: 'unreachable-member', proxyPort: proxy('acme').userPort, words });
    await phone.rung;
    await proxy('crow').kill();
    expect(await inFlight.over).toEqual(well);
    for (let turn = 0; turn < 3; turn++) {
      expect(await playSipp({ scenario: 'unreachable-member', proxyPort: proxy('acme').userPort, words })).toEqual(well);
    }
    expect(await others).toEqual([well, well]);
    phone.close();
  });

  const well: SippResult = { exitCode: 0, errors: '' };

  function proxy(name: Name): KamailioProxy {
    const found = proxies.get(name);
    if (found === undefined) throw new Error(`${name} has no proxy`);
    return found;
  }

  /** One story between Alice at `from` and Bob at `to`, each with a phone of their own. */
  async function play(story: string, from: Name, to: Name, load: { calls?: number; rate?: number } = {}): Promise<SippResult[]> {
    const alice = `alice-${story}`;
    const bob = `bob-${story}`;
    const there = { me: `${bob}@${to}.example`, far: `${alice}@${from}.example` };
    const answering = await startSipp({ scenario: `${story}-answers`, proxyPort: proxy(to).userPort, words: there, ...load });
    await registerUser(bob, `${to}.example`, answering.port, proxy(to).userPort);
    const here = { me: there.far, far: there.me };
    const sending = await startSipp({ scenario: `${story}-sends`, proxyPort: proxy(from).userPort, words: here, ...load });
    await registerUser(alice, `${from}.example`, sending.port, proxy(from).userPort);
    return Promise.all([sending.over, answering.over]);
  }
});

/** A phone that takes what comes and never answers. */
async function silentPhone(): Promise<{ port: number; rung: Promise<unknown>; close(): void }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, rung: new Promise((resolve) => socket.once('message', resolve)), close: () => socket.close() };
}
