import { describe, expect, it } from 'vitest';
import { hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('requests that are no INVITE (RFC 4320), %s', (_, topology) => {
  const { actor } = perform({
    topology,
    cast: { acme: {}, bolt: {} },
    settings: { ingress: { timeouts: { trying: '300ms' } } },
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
});
