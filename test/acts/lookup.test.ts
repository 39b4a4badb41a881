import { describe, expect, it, vi } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import { federate } from '../stage/federation.js';
import { memberCertificate } from '../stage/identities.js';
import type { Role } from '../stage/play.js';

/** A member that is found by DNS only. */
const looked = (id: string): Role => ({ entry: { proxies: [], lookup: `${id}.example` }, dials: false });

describe('members that are found by DNS', () => {
  const { actor, ground } = federate(['hub'], ({ dns }) => ({
    hub: {
      settings: {
        relay: {
          dns: { servers: [dns.address], timeout: '300ms', tries: 1, fresh: '1s', absent: '100ms' },
          timeouts: { attempt: '500ms' },
        },
      },
      cast: {
        acme: {},
        first: { ...looked('first'), spares: ['second'] },
        weighed: { ...looked('weighed'), spares: ['heavy'] },
        pointed: looked('pointed'),
        windows: looked('windows'),
        borrowed: { ...looked('borrowed'), doorIdentity: (authority) => memberCertificate(authority, 'hoster.test') },
        hosted: looked('hosted'),
        lasting: looked('lasting'),
        nobody: { ...looked('nobody'), offstage: true },
        none: { ...looked('none'), offstage: true },
        silent: { ...looked('silent'), offstage: true },
      },
    },
  }));

  /** Every proxy stands under a foreign name: what is authenticated is the name that was looked up. */
  const target = 'proxy.hoster.test';
  const there = () => ground().dns.set('A', target, ['127.0.0.1']);

  it('the lowest priority first; refused, the next one, and silent, the next one under another branch', async () => {
    there();
    const [first, second, acme] = [actor('first'), actor('second'), actor('acme')];
    ground().dns.set('SRV', '_sips._tcp.first.example', [
      { target, port: second.port, priority: 20 },
      { target, port: first.port, priority: 10 },
    ]);
    await exchange(acme, first);

    const said = acme.say('MESSAGE', 'sip:bob@first.example');
    const unanswered = await hearRequest(first, said);
    const again = await hearRequest(second, said);
    expect(again.header('via')).not.toBe(unanswered.header('via'));
    second.answer(again, 200);
    await acme.hearAnswer(said, 200);

    first.shutDoor();
    await first.cutAccepted();
    const further = acme.say('MESSAGE', 'sip:bob@first.example');
    second.answer(await hearRequest(second, further), 200);
    await acme.hearAnswer(further, 200);
  });

  it('by weight among equals', async () => {
    there();
    const [light, heavy, acme] = [actor('weighed'), actor('heavy'), actor('acme')];
    ground().dns.set('SRV', '_sips._tcp.weighed.example', [
      { target, port: light.port, weight: 0 },
      { target, port: heavy.port, weight: 65_535 },
    ]);
    // A weight of 0 is chosen once in millions.
    for (let count = 0; count < 20; count += 1) {
      const said = acme.say('MESSAGE', 'sip:bob@weighed.example');
      heavy.answer(await hearRequest(heavy, said), 200);
      await acme.hearAnswer(said, 200);
    }
  });

  it('NAPTR says under which name to look', async () => {
    there();
    const { dns } = ground();
    dns.set('NAPTR', 'pointed.example', [
      { service: 'SIP+D2T', replacement: '_sip._tcp.pointed.example' },
      { service: 'SIPS+D2T', preference: 2, replacement: '_other._tcp.hoster.test' },
    ]);
    dns.set('SRV', '_sip._tcp.pointed.example', [{ target, port: actor('acme').port }]);
    dns.set('SRV', '_other._tcp.hoster.test', [{ target, port: actor('pointed').port }]);
    await exchange(actor('acme'), actor('pointed'));
  });

  it('what Microsoft’s servers publish will do', async () => {
    there();
    ground().dns.set('SRV', '_sipfederationtls._tcp.windows.example', [{ target, port: actor('windows').port }]);
    await exchange(actor('acme'), actor('windows'));
  });

  it('a certificate of the name that DNS led to is not good enough', async () => {
    there();
    ground().dns.set('SRV', '_sips._tcp.borrowed.example', [{ target, port: actor('borrowed').port }]);
    const said = actor('acme').say('MESSAGE', 'sip:bob@borrowed.example');
    const final = await actor('acme').hearFinal(said);
    expect(outcome(final)).toBe('500 member-untrusted');
  });

  it('however many write at once, DNS is asked once', async () => {
    there();
    const [acme, hosted] = [actor('acme'), actor('hosted')];
    ground().dns.set('SRV', '_sips._tcp.hosted.example', [{ target, port: hosted.port }]);
    const all = Array.from({ length: 25 }, () => acme.say('MESSAGE', 'sip:bob@hosted.example'));
    for (const said of all) hosted.answer(await hearRequest(hosted, said), 200);
    for (const said of all) await acme.hearAnswer(said, 200);
    expect(ground().dns.asked('SRV', '_sips._tcp.hosted.example')).toBe(1);
  });

  it('DNS names nobody, says that there is nobody, or says nothing: each an answer that tells so', async () => {
    const acme = actor('acme');
    const { dns } = ground();
    dns.set('SRV', '_sips._tcp.none.example', [{ target: '.', port: 0 }]);
    for (const domain of ['nobody.example', 'none.example']) {
      const final = await acme.hearFinal(acme.say('MESSAGE', `sip:bob@${domain}`));
      expect(outcome(final), domain).toBe('500 member-not-located');
      expect(final.header('reason'), domain).toContain('names no proxy');
    }
    try {
      dns.behave('silent');
      const final = await acme.hearFinal(acme.say('MESSAGE', 'sip:bob@silent.example'));
      expect(outcome(final)).toBe('500 member-not-located');
      expect(final.header('reason')).toContain('did not answer');
    } finally {
      dns.behave('answer');
    }
  });

  it('what was found serves on while DNS fails', async () => {
    there();
    const { dns } = ground();
    const name = '_sips._tcp.lasting.example';
    dns.set('SRV', name, [{ target, port: actor('lasting').port }]);
    await exchange(actor('acme'), actor('lasting'));
    try {
      dns.behave('fail');
      const before = dns.asked('SRV', name);
      await vi.waitFor(() => expect(dns.asked('SRV', name)).toBeGreaterThan(before), 30_000);
      await exchange(actor('acme'), actor('lasting'));
    } finally {
      dns.behave('answer');
    }
  });
});
