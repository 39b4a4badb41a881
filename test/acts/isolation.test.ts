import { afterEach, describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, reach, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge } from '../stage/speech.js';

describe.each(topologies)('a sick member costs only its own traffic, %s', (_, topology) => {
  const { actor } = perform({
    topology,
    // A proxy that failed is left alone for a while, so a story that makes one fail has a member to itself.
    cast: {
      acme: {},
      bolt: {},
      crow: { spares: ['crow-2', 'crow-3'] },
      dora: {},
      echo: { spares: ['echo-2'] },
      fern: { spares: ['fern-2'] },
      gull: { spares: ['gull-2'] },
    },
    settings: {
      ingress: { timeouts: { final: '4s' } },
      relay: { timeouts: { connect: '500ms', attempt: '500ms', backoffFirst: '10ms', backoffMost: '50ms' } },
    },
  });

  afterEach(async () => {
    // The others noticed nothing.
    await exchange(actor('bolt'), actor('acme'));
  });

  it('a 503 of its only proxy becomes a 500 that names it, and no Retry-After (RFC 3261 16.7 step 6)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const method of ['MESSAGE', 'INVITE']) {
      const said = acme.say(method, 'sip:bob@bolt.example');
      bolt.answer(await hearRequest(bolt, said), 503, { headers: ['Retry-After: 3600'] });
      const final = await acme.hearFinal(said);
      expect(outcome(final)).toBe('500 member-overloaded');
      expect(final.header('reason')).toContain('bolt');
      expect(final.header('retry-after')).toBe('');
      if (method === 'INVITE') {
        await bolt.hear('ACK');
        acme.line().say(acknowledge(said, final).text);
      }
    }
  });

  it('a member that refuses connections: a quick 500 that names it; when it listens again it is found (RFC 3261 16.9)', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    dora.shutDoor();
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('500 member-unreachable');
    expect(final.header('reason')).toContain('dora');
    await dora.listen();
    await reach(acme, dora);

    dora.shutDoor();
    await dora.cutAccepted();
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:dan@dora.example'))).toBe('500 member-unreachable');
    await dora.listen();
    await reach(acme, dora);
  });

  it('a proxy that answers 503 is passed over: the next one gets the request under a new branch (RFC 3263 4.3)', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:carol@crow.example');
    const first = await hearRequest(actor('crow'), said);
    actor('crow').answer(first, 503);
    const second = await hearRequest(actor('crow-2'), said);
    expect(second.header('via')).not.toBe(first.header('via'));
    expect(second.headers('via').slice(1)).toEqual(first.headers('via').slice(1));
    actor('crow-2').answer(second, 503);
    const third = await hearRequest(actor('crow-3'), said);
    actor('crow-3').answer(third, 202);
    expect((await acme.hearFinal(said)).status).toBe(202);
  });

  it('when all of its proxies answer 503, one 500 (RFC 3261 16.7 step 6)', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:carol@crow.example');
    for (const name of ['crow', 'crow-2', 'crow-3']) actor(name).answer(await hearRequest(actor(name), said), 503);
    expect(outcome(await acme.hearFinal(said))).toBe('500 member-overloaded');
  });

  it('a refusal that is not 503 is the answer: no other proxy is asked (RFC 3263 4.3)', async () => {
    const acme = actor('acme');
    for (const status of [403, 404, 480, 500, 603]) {
      const said = acme.say('MESSAGE', 'sip:carol@crow.example');
      actor('crow').answer(await hearRequest(actor('crow'), said), status);
      expect((await acme.hearFinal(said)).status).toBe(status);
    }
  });

  it('a proxy that refuses connections is passed over (RFC 3263 4.3)', async () => {
    const acme = actor('acme');
    actor('echo').shutDoor();
    const said = acme.say('MESSAGE', 'sip:eve@echo.example');
    actor('echo-2').answer(await hearRequest(actor('echo-2'), said), 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('a proxy that says nothing is passed over (RFC 3263 4.3)', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:fay@fern.example');
    await hearRequest(actor('fern'), said);
    actor('fern-2').answer(await hearRequest(actor('fern-2'), said), 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('a connection lost in the middle of a request, and not to be had again: the next proxy gets it (RFC 3263 4.3)', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:gil@gull.example');
    await hearRequest(actor('gull'), said);
    actor('gull').shutDoor();
    await actor('gull').cutAccepted();
    actor('gull-2').answer(await hearRequest(actor('gull-2'), said), 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });
});
