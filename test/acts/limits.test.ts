import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Received } from '../stage/received.js';

describe.each(topologies)('everything is bounded, %s', (_, topology) => {
  describe('requests in flight and connections', () => {
    const { actor } = perform({
      topology,
      cast: { acme: {}, bolt: {}, crow: {} },
      settings: { ingress: { limits: { inFlightPerConnection: 5, connectionsPerMember: 3 } } },
    });

    it('more unanswered requests on a connection than agreed: 503 with Retry-After, and only there', async () => {
      const acme = actor('acme');
      const bolt = actor('bolt');
      const said = Array.from({ length: 8 }, () => acme.say('MESSAGE', 'sip:bob@bolt.example'));
      const turnedAway: Received[] = [];
      for (const one of said.slice(5)) turnedAway.push(await acme.hearFinal(one));
      expect(turnedAway.map(outcome)).toEqual(Array(3).fill('503 in-flight-limit'));
      for (const one of turnedAway) expect(Number(one.header('retry-after'))).toBeGreaterThan(0);
      await exchange(actor('crow'), acme);
      for (const one of said.slice(0, 5)) bolt.answer(await hearRequest(bolt, one), 200);
      for (const one of said.slice(0, 5)) expect((await acme.hearFinal(one)).status).toBe(200);
      await exchange(acme, bolt);
    });

    it('more connections than agreed: closed, and the others stay', async () => {
      const acme = actor('acme');
      const port = acme.line().remotePort;
      const others = [await acme.dial(port), await acme.dial(port)];
      const last = await acme.dial(port);
      await last.over;
      for (const line of others) line.cut();
      await exchange(acme, actor('bolt'));
    });
  });

  describe('requests a second', () => {
    const { actor } = perform({ topology, cast: { acme: {}, bolt: {} }, settings: { ingress: { limits: { requestsPerSecond: 20 } } } });

    it('a member that says more than agreed: 503 with Retry-After for the rest', async () => {
      const acme = actor('acme');
      const said = Array.from({ length: 60 }, () => acme.request('OPTIONS', 'sip:hub.example'));
      acme.line().say(said.map((one) => one.text).join(''));
      const outcomes: string[] = [];
      for (const one of said) outcomes.push(outcome(await acme.hearFinal(one)));
      const turnedAway = outcomes.filter((one) => one === '503 rate-limit').length;
      expect(outcomes.filter((one) => one === '200').length + turnedAway).toBe(60);
      expect(turnedAway).toBeGreaterThan(20);
      expect(turnedAway).toBeLessThanOrEqual(40);
    });
  });

  describe('a member that does not read', () => {
    const { actor } = perform({
      topology,
      cast: { acme: {}, bolt: {}, crow: {} },
      settings: { ingress: { timeouts: { final: '2s' } }, relay: { limits: { linkBytes: '64KiB' } } },
    });

    it('what does not fit on its link is refused at once; other pairs notice nothing', async () => {
      const acme = actor('acme');
      const bolt = actor('bolt');
      const { request } = await exchange(acme, bolt);
      request.line.freeze();
      const body = 'x'.repeat(60_000);
      const said = Array.from({ length: 200 }, () => acme.request('MESSAGE', 'sip:bob@bolt.example', { body }));
      for (const one of said) acme.line().say(one.text);
      await exchange(actor('crow'), acme);
      const outcomes = new Set<string>();
      for (const one of said) outcomes.add(outcome(await acme.hearFinal(one)));
      expect(outcomes).toEqual(new Set(['500 member-queue-full', '504 no-answer']));
      request.line.cut();
      acme.forget();
      bolt.forget();
    });
  });
});

describe('a relay that passes on less than its ingresses', () => {
  const { actor } = perform({
    cast: { acme: {}, bolt: {}, dora: { dialsOnly: true } },
    settings: { relay: { limits: { message: '2KiB' } } },
  });
  const body = 'x'.repeat(4_096);

  it.each(['bolt', 'dora'])('larger requests are refused as such, larger answers of %s are told as 502', async (name) => {
    const acme = actor('acme');
    const callee = actor(name);
    expect(await refusal(acme, acme.request('MESSAGE', `sip:bob@${callee.domain}`, { body }))).toBe('513 message-too-large');
    const said = acme.say('MESSAGE', `sip:bob@${callee.domain}`);
    callee.answer(await hearRequest(callee, said), 200, { body });
    expect(outcome(await acme.hearFinal(said))).toBe('502 bad-gateway');
    await exchange(acme, callee);
  });
});
