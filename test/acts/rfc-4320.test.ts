import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('requests that are no INVITE (RFC 4320), %s', (_, topology) => {
  const { actor } = perform({
    topology,
    cast: { acme: {}, bolt: {} },
    settings: { ingress: { timeouts: { trying: '300ms', final: '2s' } } },
  });

  it('4.1: who is slow to answer is waited for with one 100 of the hub’s own, and with no other provisional', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const method of ['MESSAGE', 'BYE', 'UNHEARDOF']) {
      const said = acme.say(method, 'sip:bob@bolt.example');
      const heard = await hearRequest(bolt, said);
      const trying = await acme.hearAnswer(said, 100);
      expect(trying.header('to')).toBe(said.to);
      expect(trying.headers('via')).toHaveLength(1);
      bolt.answer(heard, 180);
      bolt.answer(heard, 200);
      expect((await acme.hear((message) => message.status > 0)).status).toBe(200);
    }
  });

  it('4.1: who is quick needs none', async () => {
    await exchange(actor('acme'), actor('bolt'));
  });

  it('4.2: nobody is told 408, by the hub or through it, and what comes too late is dropped', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const [silent, told] = [acme.say('MESSAGE', 'sip:bob@bolt.example'), acme.say('INFO', 'sip:bob@bolt.example')];
    const heard = await hearRequest(bolt, silent);
    bolt.answer(await hearRequest(bolt, told), 408);
    expect(outcome(await acme.hearFinal(told))).toBe('504 no-answer');
    expect(outcome(await acme.hearFinal(silent))).toBe('504 no-answer');
    bolt.answer(heard, 200);
    await exchange(acme, bolt);
  });
});
