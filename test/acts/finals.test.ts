import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, answer } from '../stage/speech.js';

describe.each(topologies)('every request has one final answer, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: { ingress: { timeouts: { final: '1s', timerC: '1s' } } },
  });

  it('a member that says nothing: 504 with a reason, never 408, before the sender gives up (RFC 3261 16.7 step 6, RFC 4320 4.2)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = ['MESSAGE', 'SUBSCRIBE', 'OPTIONS', 'UNHEARDOF'].map((method) => acme.say(method, 'sip:bob@bolt.example'));
    for (const one of said) {
      const late = await hearRequest(bolt, one);
      const final = await acme.hearFinal(one);
      expect(outcome(final)).toBe('504 no-answer');
      expect(final.header('reason')).toContain('bolt');
      // Too late: it is dropped (RFC 4320 4.2), as the empty mailboxes show.
      bolt.answer(late, 200);
    }
    await exchange(acme, bolt);
  });

  it('an INVITE that nobody answers: 504 as well (RFC 3261 16.8)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    await hearRequest(bolt, invite);
    const final = await acme.hearFinal(invite);
    expect(outcome(final)).toBe('504 no-answer');
    acme.line().say(acknowledge(invite, final).text);
  });

  it('a member’s own 408 is told as 504 to anything but INVITE (RFC 4320 4.2), and as it came to INVITE', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const method of ['MESSAGE', 'SUBSCRIBE']) {
      const said = acme.say(method, 'sip:bob@bolt.example');
      bolt.answer(await hearRequest(bolt, said), 408);
      const final = await acme.hearFinal(said);
      expect(outcome(final)).toBe('504 no-answer');
      expect(final.header('reason')).toContain('bolt');
    }
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    bolt.answer(await hearRequest(bolt, invite), 408);
    const final = await acme.hearFinal(invite);
    expect(final.status).toBe(408);
    acme.line().say(acknowledge(invite, final).text);
    await bolt.hear('ACK');
  });

  it('a provisional answer to anything but INVITE is not passed on, and changes nothing (RFC 4320 4.1)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    bolt.answer(await hearRequest(bolt, said), 100);
    expect(outcome(await acme.hearFinal(said))).toBe('504 no-answer');
  });

  it('answers that nobody waits for are dropped: unknown branches, second finals, another member’s answers (RFC 6026 7.3, RFC 3261 17.1.3)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const crow = actor('crow');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);

    crow.line().say(answer(heard, 200, { tag: 'crow' }));
    bolt.line().say(answer(heard, 200, { tag: 'elsewhere' }).replace(/branch=z9hG4bK/, 'branch=z9hG4bKx'));
    bolt.answer(heard, 200, { tag: 'bolt' });
    expect((await acme.hearFinal(said)).header('to')).toContain('tag=bolt');
    bolt.answer(heard, 200, { tag: 'again' });
    bolt.answer(heard, 500, { tag: 'again' });
    await exchange(acme, bolt);
    await exchange(bolt, acme);
    await exchange(crow, acme);
  });

  it('a request said twice before its answer is passed on once, and answered once (RFC 3261 17.2.3)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    acme.line().say(said.text + said.text);
    // Behind its final answer it would be a new request (RFC 3261 17.2.2): the hub must have read the copies before that.
    const fence = acme.say('OPTIONS', `sip:${hub().domain}`);
    await acme.hearFinal(fence);
    bolt.answer(await hearRequest(bolt, said), 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await exchange(acme, bolt);
  });

  it('an answer goes back on the connection of its request, whatever the Via says (RFC 3261 18.2.2)', async () => {
    const acme = actor('acme');
    const crow = actor('crow');
    const { final } = await exchange(acme, actor('bolt'), {
      via: `SIP/2.0/TLS 127.0.0.1:${crow.port};branch=z9hG4bKelsewhere;received=127.0.0.1;rport=${crow.port}`,
    });
    expect(final.line).toBe(acme.line());
    await exchange(actor('bolt'), crow);
  });

  it('an answer whose connection is gone takes another connection of the same member (RFC 3261 18.2.2)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const second = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    second.say(said.text);
    const heard = await hearRequest(bolt, said);
    second.hangUp();
    await second.over;
    bolt.answer(heard, 200);
    expect((await acme.hearFinal(said)).line).toBe(acme.line());
  });
});
