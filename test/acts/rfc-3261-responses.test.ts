import { describe, expect, it } from 'vitest';
import { hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge } from '../stage/speech.js';

describe.each(topologies)('the best answer of several proxies (RFC 3261 16.7), %s', (_, topology) => {
  const { actor } = perform({
    topology,
    cast: { acme: {}, bolt: { spares: ['bolt-2'] }, crow: { spares: ['crow-2'] }, dora: { spares: ['dora-2'] } },
    settings: { relay: { timeouts: { connect: '500ms', attempt: '500ms' } } },
  });

  it('16.7 step 6: a 503 and a 404 are a 404, and a 503 and a 200 a 200', async () => {
    const acme = actor('acme');
    for (const status of [404, 407, 603, 200]) {
      const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
      actor('bolt').answer(await hearRequest(actor('bolt'), said), 503);
      actor('bolt-2').answer(await hearRequest(actor('bolt-2'), said), status, { headers: ['Proxy-Authenticate: Digest realm="b"'] });
      const final = await acme.hearFinal(said);
      expect(final.status).toBe(status);
      expect(final.header('proxy-authenticate')).toBe('Digest realm="b"');
    }
  });

  it('16.7 step 6, 17.1.1.3: a refused INVITE is acknowledged under the branch of each try, and the caller hears of one', async () => {
    const acme = actor('acme');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const first = await hearRequest(actor('bolt'), said);
    actor('bolt').answer(first, 503, { tag: 'first' });
    const ack = await actor('bolt').hear('ACK');
    expect(ack.headers('via')).toEqual([first.header('via')]);
    expect(ack.header('to')).toContain('tag=first');
    const second = await hearRequest(actor('bolt-2'), said);
    expect(second.header('via')).not.toBe(first.header('via'));
    actor('bolt-2').answer(second, 486, { tag: 'second' });
    expect((await actor('bolt-2').hear('ACK')).headers('via')).toEqual([second.header('via')]);
    const final = await acme.hearFinal(said);
    expect([final.status, /tag=(.*)/.exec(final.header('to'))?.[1]]).toEqual([486, 'second']);
    acme.line().say(acknowledge(said, final).text);
  });

  it('16.7 step 6: a 503 and a proxy that refuses connections are a 500 that says both', async () => {
    const acme = actor('acme');
    actor('dora-2').shutDoor();
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    actor('dora').answer(await hearRequest(actor('dora'), said), 503);
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('500 member-overloaded');
    expect(final.header('reason')).toContain('the proxies of dora answered 503, and the others could not be reached');
  });

  it('16.7 step 5: a 6xx is the end: the next proxy is not asked', async () => {
    const acme = actor('acme');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    actor('bolt').answer(await hearRequest(actor('bolt'), said), 600);
    await actor('bolt').hear('ACK');
    const final = await acme.hearFinal(said);
    expect(final.status).toBe(600);
    acme.line().say(acknowledge(said, final).text);
  });

  it('16.7 step 10: whoever was given up for another proxy and rings late is cancelled, and its 2xx would still count', async () => {
    const acme = actor('acme');
    const said = acme.say('INVITE', 'sip:carol@crow.example');
    const slow = await hearRequest(actor('crow'), said);
    const quick = await hearRequest(actor('crow-2'), said);
    expect(quick.header('via')).not.toBe(slow.header('via'));
    actor('crow').answer(slow, 180);
    const cancelled = await actor('crow').hear('CANCEL');
    expect(cancelled.headers('via')).toEqual([slow.header('via')]);
    actor('crow').answer(cancelled, 200);
    actor('crow').answer(slow, 487);
    await actor('crow').hear('ACK');
    actor('crow-2').answer(quick, 200, { tag: 'quick' });
    expect((await acme.hearFinal(said)).header('to')).toContain('tag=quick');
  });
});
