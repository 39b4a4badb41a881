import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('NATS goes and comes back, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('while it is away: 503 with Retry-After and a reason, and readiness says so; then all is well by itself', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    await exchange(acme, bolt);
    await hub().nats.kill();
    await hub().ingresses.reduce(async (before, ingress) => {
      await before;
      await until(ingress, false);
    }, Promise.resolve());
    for (const uri of ['sip:bob@bolt.example', 'sip:bob@nobody.test']) {
      const said = acme.say('MESSAGE', uri);
      const final = await acme.hearFinal(said);
      expect(outcome(final)).toBe('503 hub-unavailable');
      expect(Number(final.header('retry-after'))).toBeGreaterThan(0);
    }
    expect(await refusal(acme, acme.request('INVITE', 'sip:bob@bolt.example'))).toBe('503 hub-unavailable');

    await hub().nats.revive();
    for (const one of [...hub().ingresses, ...hub().relays, ...hub().policies]) await until(one, true);
    await exchange(acme, bolt);
    await exchange(bolt, acme);
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:bob@nobody.test'))).toBe('404 unknown-domain');
  });

  it('what it swallowed is said again under the same branch, or answered', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    await hub().nats.kill();
    // A relay that takes over says it again: a copy with anything but the same branch, and a second final, are found unheard.
    bolt.answerAlways(heard, 200);
    await hub().nats.revive();
    expect((await acme.hearFinal(said, 15_000)).status).toBe(200);
    const later = acme.say('MESSAGE', 'sip:bob@bolt.example');
    bolt.answerAlways(await hearRequest(bolt, later), 200);
    expect((await acme.hearFinal(later)).status).toBe(200);
  });
});

describe('NATS is away for less than the patience', () => {
  const settings = { ingress: { timeouts: { bus: '10s' } } };
  const { actor, hub } = perform({ settings, cast: { acme: {}, bolt: {} } });

  it('what comes meanwhile waits for its return: of a known pair, and of one that nobody asked about yet', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    await exchange(acme, bolt);
    await hub().nats.kill();
    for (const ingress of hub().ingresses) await until(ingress, false);
    const known = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const unknown = bolt.say('MESSAGE', 'sip:alice@acme.example');
    await hub().nats.revive();
    bolt.answer(await hearRequest(bolt, known), 200);
    expect((await acme.hearFinal(known)).status).toBe(200);
    acme.answer(await hearRequest(acme, unknown), 202);
    expect((await bolt.hearFinal(unknown)).status).toBe(202);
  });
});

/** Asks /readyz until it says what it is to say. */
async function until(one: { readonly addresses: Readonly<Record<string, string>> }, ready: boolean): Promise<void> {
  const patience = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://${one.addresses['admin']}/readyz`);
    const reasons = await answer.text();
    if (answer.ok === ready) return;
    if (Date.now() > patience) throw new Error(`still ${answer.status}: ${reasons}`);
  }
}
