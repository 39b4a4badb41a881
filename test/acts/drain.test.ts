import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('an ingress is told to end, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} }, settings: { ingress: { drain: '10s' } } });

  it('what it took it finishes, what is new it refuses, nobody new gets in', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const port = acme.line().remotePort;
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    const ended = hub().ingresses[0]?.stop();
    for (;;) {
      const ping = acme.say('MESSAGE', 'sip:bob@nobody.test');
      if (outcome(await acme.hearFinal(ping)) === '503 hub-draining') break;
    }
    expect(await refusal(acme, acme.request('INVITE', 'sip:bob@bolt.example'))).toBe('503 hub-draining');
    await expect(acme.dial(port)).rejects.toThrow();
    bolt.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await acme.line().over;
    await ended;
  });

  if (topology.ingresses > 1) {
    it('the other one goes on', async () => {
      await actor('acme').dial(hub().ingresses[1]?.port ?? 0);
      await exchange(actor('acme'), actor('bolt'));
    });
  }
});

describe('a service that is told to end', () => {
  const { actor, hub } = perform({ apart: true, log: 'info', cast: { acme: {} } });

  it('says so once', async () => {
    const { ingresses, relays, policies } = hub();
    for (const one of [...ingresses, ...relays, ...policies]) {
      await one.stop();
      const lines = one.log().filter((line) => Object(line).msg === 'draining');
      expect(lines, one.id).toHaveLength(1);
    }
    await actor('acme').line().over;
  });
});
