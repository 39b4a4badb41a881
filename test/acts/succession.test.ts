import { ownerOf } from '@guildhall/chassis/rendezvous';
import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, hearRequest } from '../stage/exchange.js';
import type { Instance } from '../stage/hub.js';
import { perform } from '../stage/performance.js';

const topology = { ingresses: 2, relays: 2, policies: 2 };

describe('one of two is killed, and the other takes over', () => {
  describe('a relay', () => {
    const { actor, hub } = perform({ topology, apart: true, cast: { acme: {}, bolt: {}, crow: {} } });

    it('what it had not answered is said again by the next owner, with the same branch, and answered once', async () => {
      const acme = actor('acme');
      const bolt = actor('bolt');
      const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
      const first = await hearRequest(bolt, said);
      await relayOf('bolt').kill();
      const second = await hearRequest(bolt, said);
      expect(second.line).not.toBe(first.line);
      expect(second.text).toBe(first.text);
      bolt.answer(second, 200);
      expect((await acme.hearFinal(said)).status).toBe(200);
      await exchange(acme, bolt);
      await exchange(bolt, actor('crow'));
    });

    function relayOf(member: string): Instance {
      const owner = ownerOf(
        member,
        hub().relays.map((relay) => relay.id),
      );
      const found = hub().relays.find((relay) => relay.id === owner);
      if (found === undefined) throw new Error(`nobody owns ${member}`);
      return found;
    }
  });

  describe('a policy, then an ingress', () => {
    const { actor, hub } = perform({ topology, apart: true, cast: { acme: {}, bolt: {}, crow: {} } });

    it('questions nobody asked before are answered', async () => {
      await hub().policies[0]?.kill();
      await exchange(actor('acme'), actor('bolt'));
      await exchange(actor('crow'), actor('bolt'));
    });

    it('a dialog goes on by the ingress that lives', async () => {
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
});
