import { ownerOf } from '@guildhall/chassis/rendezvous';
import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';

describe('one of two is killed, and the other takes over', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 2, policies: 2 },
    apart: true,
    cast: { acme: {}, bolt: {}, crow: {} },
  });

  it('a relay: what it had not answered is said again by the next owner, with the same branch, and answered once', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const first = await hearRequest(bolt, said);
    const { relays } = hub();
    const owner = ownerOf(
      'bolt',
      relays.map((relay) => relay.id),
    );
    await relays.find((relay) => relay.id === owner)?.kill();
    const second = await hearRequest(bolt, said);
    expect(second.line).not.toBe(first.line);
    expect(second.text).toBe(first.text);
    bolt.answer(second, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await exchange(acme, bolt);
  });

  it('a policy: questions that nobody asked before are answered', async () => {
    await hub().policies[0]?.kill();
    await exchange(actor('bolt'), actor('crow'));
    await exchange(actor('crow'), actor('acme'));
  });

  it('an ingress: a dialog goes on by the one that lives', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller } = await openCall(acme, bolt);
    await hub().ingresses[0]?.kill();
    await acme.line().over;
    const line = await acme.dial(hub().ingresses[1]?.port ?? 0);
    const bye = within(caller, 'BYE');
    line.say(bye.text);
    bolt.answer(await hearRequest(bolt, bye), 200);
    expect((await acme.hearFinal(bye)).status).toBe(200);
  });
});
