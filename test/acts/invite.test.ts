import { describe, expect, it } from 'vitest';
import { exchangeWithin, openCall } from '../stage/call.js';
import { dialogOfCaller, within } from '../stage/dialog.js';
import { hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, cancel } from '../stage/speech.js';

describe.each(topologies)('calls, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} }, settings: { ingress: { timeouts: { timerC: '1s' } } } });

  it('answers a CANCEL of nothing, and of another member’s INVITE, with 481 (RFC 3261 9.2)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const crow = actor('crow');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    await acme.hearAnswer(invite, 100);

    const forged = { ...cancel(invite), from: '<sip:carol@crow.example>;tag=1' };
    crow.line().say(forged.text.replace(/From: [^\r]*/, `From: ${forged.from}`));
    expect(outcome(await crow.hearFinal(forged))).toBe('481 no-such-transaction');
    const other = cancel({ ...invite, branch: 'z9hG4bKother', via: invite.via.replace(invite.branch, 'z9hG4bKother') });
    acme.line().say(other.text);
    expect(outcome(await acme.hearFinal(other))).toBe('481 no-such-transaction');

    bolt.answer(heard, 486);
    acme.line().say(acknowledge(invite, await acme.hearFinal(invite)).text);
    await bolt.hear('ACK');
  });

  it('answers 100 at once, by itself, and passes no 100 on (RFC 3261 16.2, 16.7 step 5)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const trying = await acme.hearAnswer(invite, 100);
    expect(trying.header('to')).toBe(invite.to);
    const heard = await hearRequest(bolt, invite);
    bolt.answer(heard, 100);
    bolt.answer(heard, 180);
    expect((await acme.hearAnswer(invite, 180)).headers('via')).toEqual([expect.stringContaining(invite.branch)]);
    bolt.answer(heard, 603);
    acme.line().say(acknowledge(invite, await acme.hearFinal(invite)).text);
    await bolt.hear('ACK');
  });

  it('acknowledges a refusal on each hop: the relay to the callee, the caller to the hub (RFC 3261 17.1.1.3, 17.2.1)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const status of [302, 486, 500, 600]) {
      const invite = acme.say('INVITE', 'sip:bob@bolt.example');
      const heard = await hearRequest(bolt, invite);
      bolt.answer(heard, status, { tag: 'refused', headers: ['X-Own: 1'] });
      const ack = await bolt.hear('ACK');
      expect(ack.header('via')).toBe(heard.header('via'));
      expect(ack.headers('via')).toHaveLength(1);
      expect(ack.header('to')).toBe(`${invite.to};tag=refused`);
      expect(ack.header('cseq')).toBe('1 ACK');
      expect(ack.uri).toBe(heard.uri);
      const final = await acme.hearFinal(invite);
      expect(final.status).toBe(status);
      expect(final.header('x-own')).toBe('1');
      acme.line().say(acknowledge(invite, final).text);
    }
  });

  it('cancels: 200 to the CANCEL at once, a CANCEL with the INVITE’s branch onwards, and the 487 back (RFC 3261 9.2, 16.10)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example', { headers: ['Subject: never mind'] });
    const heard = await hearRequest(bolt, invite);
    bolt.answer(heard, 180);
    await acme.hearAnswer(invite, 180);
    const giveUp = cancel(invite);
    acme.line().say(giveUp.text);
    expect((await acme.hearFinal(giveUp)).status).toBe(200);
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    expect(cancelled.uri).toBe(heard.uri);
    expect(cancelled.header('cseq')).toBe('1 CANCEL');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    expect((await acme.hearFinal(invite)).status).toBe(487);
  });

  it('holds a CANCEL back until the callee has said something (RFC 3261 9.1)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    await acme.hearAnswer(invite, 100);
    const giveUp = cancel(invite);
    acme.line().say(giveUp.text);
    await acme.hearFinal(giveUp);
    expect(bolt.unheard()).toEqual([]);
    bolt.answer(heard, 100);
    const cancelled = await bolt.hear('CANCEL');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    expect((await acme.hearFinal(invite)).status).toBe(487);
  });

  it('passes on a 200 that crosses a CANCEL, and every other 2xx of a forked INVITE (RFC 3261 16.7 step 5, RFC 6026 8.4)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    bolt.answer(heard, 183);
    await acme.hearAnswer(invite, 100);
    await acme.hearAnswer(invite, 183);
    const giveUp = cancel(invite);
    acme.line().say(giveUp.text);
    await acme.hearFinal(giveUp);
    bolt.answer(await bolt.hear('CANCEL'), 200);
    bolt.answer(heard, 200, { tag: 'first', headers: ['Contact: <sip:bob@10.2.2.2>'] });
    const first = await acme.hearAnswer(invite, 200);
    bolt.answer(heard, 200, { tag: 'second', headers: ['Contact: <sip:bob@10.2.2.3>'] });
    const second = await acme.hearAnswer(invite, 200);
    expect(second.header('to')).toContain('tag=second');
    for (const final of [first, second]) {
      const ack = within(dialogOfCaller(invite, final), 'ACK', { cseq: 1 });
      acme.line().say(ack.text);
      expect((await hearRequest(bolt, ack)).header('to')).toBe(final.header('to'));
    }
  });

  it('leads ACK, re-INVITE, INFO, UPDATE and BYE by the route token to private Contact addresses, both ways (RFC 3261 16.12)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee, heardInvite, heardOk, heardAck, invite } = await openCall(acme, bolt);
    expect(heardInvite.headers('record-route')).toHaveLength(1);
    expect(heardInvite.header('record-route')).toMatch(/^<sip:g1\.[^@]+@hub\.example:\d+;transport=tls;lr>$/);
    expect(heardOk.headers('record-route')).toEqual(heardInvite.headers('record-route'));
    expect(heardAck.uri).toBe('sip:bob@10.2.2.2:5060');
    expect(heardAck.headers('route')).toEqual([]);
    // An ACK to a 2xx is a request of its own: a new branch above the sender's Via.
    expect(heardAck.headers('via')).toHaveLength(2);
    expect(heardAck.header('via')).not.toBe(heardInvite.header('via'));
    expect(heardAck.text).not.toContain(invite.branch);

    for (const method of ['INFO', 'UPDATE', 'MESSAGE']) {
      expect((await exchangeWithin(acme, caller, bolt, method)).uri).toBe('sip:bob@10.2.2.2:5060');
      expect((await exchangeWithin(bolt, callee, acme, method)).uri).toBe('sip:alice@10.1.1.1:5060');
    }
    const again = within(callee, 'INVITE', { cseq: 5, headers: ['Contact: <sip:bob@10.2.2.9>'] });
    bolt.line().say(again.text);
    const heardAgain = await hearRequest(acme, again);
    acme.answer(heardAgain, 200);
    await bolt.hearFinal(again);
    bolt.line().say(within(callee, 'ACK', { cseq: 5 }).text);
    expect((await acme.hear('ACK')).uri).toBe('sip:alice@10.1.1.1:5060');
    await exchangeWithin(bolt, callee, acme, 'BYE');
  });

  it('uses sips in its Record-Route where the Request-URI does (RFC 3261 16.6 step 4)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sips:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    expect(heard.header('record-route')).toMatch(/^<sips:g1\.[^@]+@hub\.example:\d+;lr>$/);
    bolt.answer(heard, 480);
    await bolt.hear('ACK');
    acme.line().say(acknowledge(invite, await acme.hearFinal(invite)).text);
  });

  it('ends a call that rings for ever: Timer C cancels it onwards and answers 504 (RFC 3261 16.8)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    bolt.answer(heard, 180);
    const cancelled = await bolt.hear('CANCEL');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    const final = await acme.hearFinal(invite);
    expect(outcome(final)).toBe('504 no-answer');
    acme.line().say(acknowledge(invite, final).text);
  });
});
