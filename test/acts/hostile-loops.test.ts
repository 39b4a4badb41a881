import { describe, expect, it, vi } from 'vitest';
import { exchange } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Received } from '../stage/received.js';
import { fresh } from '../stage/speech.js';

/** A request as a forking proxy sends it on: to another user of another domain, with a Via of its own on top (RFC 3261 16.6). */
function fork(heard: Received, domain: string): string {
  return heard.text
    .replace(/^MESSAGE \S+/, `MESSAGE sip:${fresh('u')}@${domain}`)
    .replace('\r\nVia:', `\r\nVia: SIP/2.0/TLS fork.invalid;branch=${fresh('z9hG4bK')}\r\nVia:`);
}

describe.each(topologies)('amplification, %s', { timeout: 90_000 }, (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: { domains: ['acme.example', 'acme.test'] }, bolt: {}, crow: {}, dora: {} },
    settings: { ingress: { limits: { requestsPerSecond: 200, inFlightPerMember: 400 }, timeouts: { final: '8s' } } },
  });

  /** Requests that a bound of their sender kept out: its rate, or its share of a hub that has too much to do. */
  const kept = async () => {
    const codes = ['rate-limit', 'in-flight-limit', 'hub-overloaded'];
    const counts = await Promise.all(codes.map((code) => hub().counted('ingress', 'guildhall_ingress_refusals_total', { code })));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  /** Waits until nothing of the storm is under way, and forgets what came of it. */
  const settled = async (...members: readonly Member[]) => {
    await vi.waitFor(async () => expect(await hub().counted('ingress', 'guildhall_ingress_in_flight')).toBe(0), { timeout: 30_000 });
    for (const member of members) {
      await member.hearFinal(member.say('OPTIONS', 'sip:hub.example'));
      member.forget();
    }
    await exchange(actor('crow'), actor('dora'));
  };

  it('a member that sends back two requests, to others of its own users, for each it gets: a spiral that its own rate ends (RFC 5393)', async () => {
    const acme = actor('acme');
    let forking = true;
    let heard = 0;
    const branches = (async () => {
      while (forking) {
        const one = await acme.hear(
          (message: Received) => message.method === 'MESSAGE' || message.status >= 500 || message.status === 482 || message.status === 483,
        );
        heard += 1;
        if (one.method === 'MESSAGE' && forking) for (const domain of ['acme.example', 'acme.test']) acme.line().say(fork(one, domain));
      }
    })();
    acme.say('MESSAGE', 'sip:first@acme.test');
    const had = await kept();
    await vi.waitFor(
      async () => {
        await exchange(actor('crow'), actor('dora'));
        expect(await kept()).toBeGreaterThan(had + 50);
      },
      { timeout: 30_000, interval: 20 },
    );
    forking = false;
    acme.line().say(acme.request('MESSAGE', 'sip:last@acme.test').text);
    await branches;
    expect(heard).toBeGreaterThan(10);
    await settled(acme);
  });

  it('two members that fork to each other: their own rates end it, and the others’ words come through', async () => {
    const pair: readonly (readonly [Member, string])[] = [
      [actor('bolt'), 'acme.example'],
      [actor('acme'), 'bolt.example'],
    ];
    let forking = true;
    const echo = async ([member, domain]: readonly [Member, string]) => {
      while (forking) {
        const one = await member.hear((message: Received) => message.method === 'MESSAGE' || message.status >= 400);
        if (one.method === 'MESSAGE' && forking)
          for (let copy = 0; copy < 3; copy += 1) member.line().say(rename(fork(one, domain), one, member));
      }
    };
    /** Each says its own name, or its request would go nowhere. */
    const rename = (text: string, one: Received, member: Member) =>
      text.replace(`From: ${one.header('from')}`, `From: <sip:x@${member.domain}>;tag=1`);
    const echoes = pair.map(echo);
    actor('acme').say('MESSAGE', 'sip:bob@bolt.example');
    const had = await kept();
    await vi.waitFor(
      async () => {
        await exchange(actor('crow'), actor('dora'));
        expect(await kept()).toBeGreaterThan(had + 100);
      },
      { timeout: 30_000, interval: 20 },
    );
    forking = false;
    for (const [member] of pair) member.line().say(member.request('MESSAGE', 'sip:x@nobody.test').text);
    await Promise.all(echoes);
    await settled(...pair.map(([member]) => member));
  });

  it('a request that a member sends back unchanged, under a new branch of its own each time: 482 each time, or less where its rate ends it', async () => {
    const acme = actor('acme');
    const { request: heard, said } = await exchange(acme, acme, { method: 'MESSAGE' });
    expect(said.uri).toBe('sip:bob@acme.example');
    let loops = 0;
    for (let time = 0; time < 100; time += 1) {
      acme.line().say(heard.text.replace('Via:', `Via: SIP/2.0/TLS again.invalid;branch=${fresh('z9hG4bK')}\r\nVia:`));
      const { status } = await acme.hear((message) => message.status >= 400);
      expect([482, 503]).toContain(status);
      if (status === 482) loops += 1;
    }
    expect(loops).toBeGreaterThan(0);
    acme.forget();
  });
});
