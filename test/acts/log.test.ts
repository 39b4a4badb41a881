import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { explain } from '../stage/admin.js';
import type { Identity } from '../stage/certificates.js';
import { exchange, outcome } from '../stage/exchange.js';
import { badCertificates } from '../stage/identities.js';
import { perform } from '../stage/performance.js';

const until = new Date(Date.now() + 3_600_000).toISOString();

describe('the log tells what those are told whom the hub refuses', () => {
  const { actor, hub, play } = perform({
    apart: true,
    log: 'info',
    model: 'limited-clearinghouse',
    cast: {
      acme: {},
      bolt: {},
      crow: {},
      dora: { entry: { status: 'suspended', statusReason: 'dues "not" paid', statusUntil: until }, offstage: true },
      echo: { entry: { status: 'quarantined', statusReason: 'it floods' }, offstage: true },
    },
    agreements: [{ members: ['acme', 'bolt'], mode: 'redirect' }],
    rules: [
      { id: 'no-calls', from: { any: true }, to: { any: true }, methods: ['INVITE'], action: 'deny', reason: 'quiet, please' },
      { id: 'no-dan', from: { any: true }, to: { user: 'dan@crow.example' }, action: 'deny' },
    ],
    settings: { policy: { reload: '50ms' } },
  });
  const logged = (line: object) =>
    expect.poll(() => hub().ingresses.flatMap((one) => one.log())).toContainEqual(expect.objectContaining(line));

  it.each([
    ['INVITE', 'sip:bob@crow.example', '403 denied-by-rule', 'quiet, please'],
    ['MESSAGE', 'sip:dan@crow.example', '403 denied-by-rule', 'Rule no-dan denies MESSAGE'],
    ['MESSAGE', 'sip:dan@dora.example', '403 target-not-active', `suspended until ${until.slice(0, 19)}`],
    ['MESSAGE', 'sip:dan@dora.example', '403 target-not-active', 'dues "not" paid'],
    ['MESSAGE', 'sip:eve@echo.example', '403 target-not-active', 'quarantined: it floods'],
    ['MESSAGE', 'sip:bob@nobody.test', '404 unknown-domain', 'nobody.test'],
    ['MESSAGE', 'sip:bob@bolt.example', '302 direct-partner', 'bolt'],
  ])('%s to %s: %s, the same sentence in the answer, in explain and in the log', async (method, to, expected, words) => {
    const acme = actor('acme');
    const final = await acme.hearFinal(acme.say(method, to));
    if (method === 'INVITE') acme.forget();
    expect(outcome(final)).toBe(expected);
    const { code, sentence, status } = await explain(hub(), { from: 'sip:alice@acme.example', to, method });
    expect(`${status} ${code}`).toBe(expected);
    expect(sentence).toContain(words);
    expect(final.header('reason')).toBe(`SIP;cause=${status};text="${code}: ${sentence.replace(/["\\]/g, '\\$&')}"`);
    await logged({ level: 'info', msg: 'request refused', member: 'acme', code, status, sentence });
  });

  it('what ingress itself refuses, and what fails on the way', async () => {
    const acme = actor('acme');
    const posing = await acme.hearFinal(acme.say('MESSAGE', 'sip:bob@crow.example', { from: '<sip:carol@crow.example>' }));
    expect(outcome(posing)).toBe('403 from-not-yours');
    await logged({ member: 'acme', code: 'from-not-yours', sentence: expect.stringContaining('crow.example'), status: 403 });
    actor('crow').shutDoor();
    await actor('crow').cutAccepted();
    const failed = await acme.hearFinal(acme.say('MESSAGE', 'sip:bob@crow.example'));
    expect(outcome(failed)).toBe('500 member-unreachable');
    const [, sentence] = /text="member-unreachable: (.*)"$/.exec(failed.header('reason')) ?? [];
    await logged({ member: 'acme', code: 'member-unreachable', sentence, status: 500 });
    await actor('crow').listen();
  });

  it('many of a kind are one line with their number', async () => {
    const acme = actor('acme');
    const all = Array.from({ length: 30 }, () => acme.say('MESSAGE', 'sip:bob@many.test'));
    for (const said of all) expect(outcome(await acme.hearFinal(said))).toBe('404 unknown-domain');
    const counts = () =>
      hub()
        .ingresses.flatMap((one) => one.log())
        .map((line) => Object(line))
        .filter((line) => String(line.sentence).includes('many.test'))
        .map((line) => Number(line.count));
    await expect.poll(() => counts().reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(counts().length).toBeLessThan(10);
  });

  it.each<[string, () => Promise<Identity>]>([
    ...Object.entries(badCertificates).map(([reason, issue]): [string, () => Promise<Identity>] => [
      reason,
      () => issue(play().authority, 'acme.example', play().safe),
    ]),
    ['revoked', () => revoked()],
  ])('a bad certificate, %s: with subject, alternative names, issuer and usages', async (reason, issue) => {
    const identity = await issue();
    const leaf = new X509Certificate(identity.cert);
    const names = (leaf.subjectAltName ?? '').split(', ').filter(Boolean).toSorted();
    await knock(identity);
    await logged({
      reason,
      subject: leaf.subject,
      issuer: leaf.issuer,
      sans: expect.toSatisfy((sans: string) => sans.split(' ').filter(Boolean).toSorted().join() === names.join()),
      eku: reason === 'not-for-clients' ? 'serverAuth' : 'serverAuth clientAuth sipDomain',
      cure: expect.stringMatching(/\S/),
    });
  });

  it('and what goes well is not in it', async () => {
    await exchange(actor('crow'), actor('acme'));
    const carol = actor('crow');
    await carol.hearFinal(carol.say('MESSAGE', 'sip:bob@last.test'));
    await logged({ member: 'crow', code: 'unknown-domain', sentence: expect.stringContaining('last.test'), count: 1 });
    const ofCrow = hub()
      .ingresses.flatMap((one) => one.log())
      .filter((line) => Object(line).msg === 'request refused' && Object(line).member === 'crow');
    expect(ofCrow).toHaveLength(1);
  });

  /** A good certificate that its authority has put on its list, which the hub knows. */
  async function revoked(): Promise<Identity> {
    const { authority, community } = play();
    const identity = await authority.issue({ name: 'revoked.acme', dns: ['acme.example'], uris: ['sip:acme.example'] });
    hub().rewrite({ ...community, crl: [await authority.revoke([identity.serial])] });
    await expect.poll(() => hub().counted('policy', 'guildhall_policy_revoked_certificates')).toBe(1);
    await expect
      .poll(async () => {
        await knock(identity);
        return hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'revoked' });
      })
      .toBeGreaterThan(0);
    return identity;
  }

  /** Dials, and resolves when the hub has closed the connection. */
  function knock({ cert, key }: Identity): Promise<void> {
    return new Promise((resolve) => {
      const port = hub().ingresses[0]?.port ?? 0;
      const socket = connect({ port, host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key });
      // What is believed stays open until it says so.
      socket.once('secureConnect', () => socket.write('\r\n\r\n'));
      socket.once('data', () => socket.destroy());
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
    });
  }
});
