import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, reach } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';

describe('who answers, when something breaks', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 1, policies: 1 },
    apart: true,
    cast: { acme: {}, bolt: {}, crow: {}, dora: {}, echo: {} },
    settings: { ingress: { timeouts: { ask: '1s' } }, relay: { timeouts: { backoffFirst: '10ms', backoffMost: '50ms' } } },
  });

  it('a proxy that resets after each request: 500, after two copies under one branch; then it is found again', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    await exchange(acme, dora);
    const said = acme.say('MESSAGE', 'sip:dan@dora.example');
    const first = await hearRequest(dora, said);
    await dora.cutAccepted();
    const second = await hearRequest(dora, said);
    expect(second.text).toBe(first.text);
    await dora.cutAccepted();
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('500 member-unreachable');
    expect(final.header('reason')).toContain('dora');
    await reach(acme, dora);
  });

  it('the only policy: known pairs go on with the last verdict, unknown ones get 503 with Retry-After; then all is well by itself', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    await exchange(acme, bolt);
    const [policy] = hub().policies;
    await policy?.kill();
    await exchange(acme, bolt);
    const said = acme.say('MESSAGE', 'sip:carol@crow.example');
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('503 hub-unavailable');
    expect(Number(final.header('retry-after'))).toBeGreaterThan(0);
    await exchange(acme, bolt);
    await policy?.revive();
    await reach(acme, actor('crow'));
  });

  it('an ingress: who is connected elsewhere notices nothing, whoever was there comes back and is served', async () => {
    const [first, second] = hub().ingresses;
    // Neighbours in the cast dial different ones.
    const acme = actor('acme');
    const bolt = actor('bolt');
    expect([acme.line().remotePort, bolt.line().remotePort]).toEqual([first?.port, second?.port]);
    const lost = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, lost);
    const said = bolt.say('MESSAGE', 'sip:alice@acme.example');
    const kept = await hearRequest(acme, said);
    await first?.kill();
    await acme.line().over;
    acme.answer(kept, 200);
    expect((await bolt.hearFinal(said)).status).toBe(200);
    bolt.answer(heard, 200);
    await acme.dial(second?.port ?? 0);
    await exchange(acme, bolt);
    await exchange(bolt, acme);
  });
});
