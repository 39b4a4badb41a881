import { describe, expect, it } from 'vitest';
import { dialogOfCaller, within } from '../stage/dialog.js';
import { hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge } from '../stage/speech.js';

describe.each(topologies)('Timer C (RFC 3261 16.8), %s', (_, topology) => {
  const { actor } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: { ingress: { timeouts: { final: '1s', timerC: '3s' } } },
  });

  /** A second goes by: the hub’s own, by a request that nobody answers. */
  const second = async () => {
    const said = actor('acme').say('MESSAGE', 'sip:carol@crow.example');
    await hearRequest(actor('crow'), said);
    expect(outcome(await actor('acme').hearFinal(said))).toBe('504 no-answer');
  };

  it('16.7 step 2: begins anew with every 101 to 199, and with no 100', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const [rings, tries] = [acme.say('INVITE', 'sip:bob@bolt.example'), acme.say('INVITE', 'sip:bob@bolt.example')];
    const ringing = await hearRequest(bolt, rings);
    const trying = await hearRequest(bolt, tries);
    for (const status of [180, 183]) {
      await second();
      bolt.answer(ringing, status);
      bolt.answer(trying, 100);
    }
    const over = await acme.hearFinal(tries);
    expect(outcome(over)).toBe('504 no-answer');
    acme.line().say(acknowledge(tries, over).text);
    // It did ring, as far as the relay knows: 16.8.
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.header('call-id')).toBe(tries.callId);
    bolt.answer(cancelled, 200);
    bolt.answer(trying, 487);
    await bolt.hear('ACK');
    bolt.answer(ringing, 486);
    await bolt.hear('ACK');
    const final = await acme.hearFinal(rings);
    expect(final.status).toBe(486);
    acme.line().say(acknowledge(rings, final).text);
  });

  it('16.8, 9.1: an INVITE that nobody began to answer ends with 504; who begins late is cancelled', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('504 no-answer');
    acme.line().say(acknowledge(said, final).text);
    expect(bolt.unheard()).toEqual([]);
    bolt.answer(heard, 180);
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.header('reason')).toContain('cause=504');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
  });

  it('16.8, 16.7 step 5: a 200 that crosses the CANCEL of Timer C is passed on, and the call stands', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    bolt.answer(heard, 180);
    const cancelled = await bolt.hear('CANCEL');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 200, { headers: ['Contact: <sip:bob@10.2.2.2>'] });
    const final = await acme.hearFinal(said);
    expect(final.status).toBe(200);
    const ack = within(dialogOfCaller(said, final), 'ACK', { cseq: said.cseq });
    acme.line().say(ack.text);
    await hearRequest(bolt, ack);
  });
});
