import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, hearRequest, outcome, reach, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, answer, cancel } from '../stage/speech.js';

describe.each(topologies)('a connection serves both ways (RFC 5923), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, dora: { dialsOnly: true } } });

  it('a member that only dials out and has hung up cannot be reached: 500 at once', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const port = dora.line().remotePort;
    dora.line().hangUp();
    await dora.line().over;
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:dan@dora.example'))).toBe('500 member-unreachable');
    await dora.dial(port);
  });

  it('who comes in by a link the hub dialled is checked as anybody is', async () => {
    const bolt = actor('bolt');
    const { request } = await exchange(actor('acme'), bolt);
    const forged = bolt.request('MESSAGE', 'sip:alice@acme.example', { from: '<sip:alice@acme.example>' });
    expect(await refusal(bolt, forged, request.line)).toBe('403 from-not-yours');
    const lost = bolt.request('MESSAGE', 'sip:alice@nobody.test');
    expect(await refusal(bolt, lost, request.line)).toBe('404 unknown-domain');
  });

  it('a request on a link the hub dialled is passed on, and its answer comes back on that link', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const said = bolt.request('MESSAGE', 'sip:alice@acme.example');
    request.line.say(said.text);
    acme.answer(await hearRequest(acme, said), 200);
    expect((await bolt.hearFinal(said)).line).toBe(request.line);
  });

  it('a whole call by such a link: 100, CANCEL, 487, ACK', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const invite = bolt.request('INVITE', 'sip:alice@acme.example');
    request.line.say(invite.text);
    await bolt.hearAnswer(invite, 100);
    const heard = await hearRequest(acme, invite);
    acme.answer(heard, 180);
    await bolt.hearAnswer(invite, 180);
    const giveUp = cancel(invite);
    request.line.say(giveUp.text);
    expect((await bolt.hearFinal(giveUp)).status).toBe(200);
    acme.answer(await acme.hear('CANCEL'), 200);
    acme.answer(heard, 487);
    await acme.hear('ACK');
    const final = await bolt.hearFinal(invite);
    expect(final.status).toBe(487);
    request.line.say(acknowledge(invite, final).text);
  });

  it('a member that only dials out hears and answers over the connection it opened', async () => {
    const dora = actor('dora');
    const { request } = await exchange(actor('acme'), dora);
    expect(request.line).toBe(dora.line());
    expect(dora.accepted()).toEqual([]);
    await exchange(dora, actor('acme'));
    await exchange(dora, actor('bolt'));
  });

  it('it may change its connection, and the instance it dials: what comes next finds the new one', async () => {
    const dora = actor('dora');
    const before = dora.line();
    const after = await dora.dial(hub().ingresses.at(-1)?.port ?? 0);
    // Once the hub has heard of it, the old one may go.
    await exchange(dora, actor('acme'));
    before.cut();
    await before.over;
    await reach(actor('acme'), dora);
    const { request } = await exchange(actor('bolt'), dora);
    expect(request.line).toBe(after);
    await dora.dial(hub().ingresses[0]?.port ?? 0);
  });

  it('a call with it, both ways', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const { caller, callee } = await openCall(acme, dora);
    const bye = within(callee, 'BYE');
    dora.line().say(bye.text);
    acme.answer(await hearRequest(acme, bye), 200);
    await dora.hearFinal(bye);
    const late = within(caller, 'INFO');
    acme.line().say(late.text);
    dora.answer(await hearRequest(dora, late), 481);
    expect((await acme.hearFinal(late)).status).toBe(481);
    await openCall(dora, acme);
  });

  it('a call from it that is refused, and one that it refuses', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    for (const [from, to] of [
      [acme, dora],
      [dora, acme],
    ] as const) {
      const invite = from.say('INVITE', `sip:x@${to.domain}`);
      const heard = await hearRequest(to, invite);
      to.answer(heard, 486);
      expect((await to.hear('ACK')).header('via')).toBe(heard.header('via'));
      const final = await from.hearFinal(invite);
      expect(outcome(final)).toBe('486');
      from.line().say(acknowledge(invite, final).text);
    }
  });

  it('its answers count only from itself', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const heard = await hearRequest(dora, said);
    actor('bolt')
      .line()
      .say(answer(heard, 200, { tag: 'bolt' }));
    await exchange(actor('bolt'), acme);
    dora.answer(heard, 200, { tag: 'dora' });
    expect((await acme.hearFinal(said)).header('to')).toContain('tag=dora');
  });
});
