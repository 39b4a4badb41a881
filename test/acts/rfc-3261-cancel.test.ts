import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Received } from '../stage/received.js';
import { acknowledge, answer, cancel, type Request } from '../stage/speech.js';

describe.each(topologies)('a call that is cancelled while its callee’s connection is lost (RFC 3261 9.1), %s', (_, topology) => {
  // A callee a story: a link that is lost twice within a second is left alone for a while.
  const { actor } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: { relay: { timeouts: { backoffFirst: '10ms', backoffMost: '50ms' } } },
  });

  const invite = async (callee: Member, status: number): Promise<{ said: Request; heard: Received }> => {
    const acme = actor('acme');
    await exchange(acme, callee);
    const said = acme.say('INVITE', `sip:bob@${callee.domain}`);
    const heard = await hearRequest(callee, said);
    await acme.hearAnswer(said, 100);
    if (status > 100) {
      callee.answer(heard, status);
      await acme.hearAnswer(said, status);
    }
    return { said, heard };
  };
  const giveUp = async (said: Request): Promise<void> => {
    const gone = cancel(said);
    actor('acme').line().say(gone.text);
    expect((await actor('acme').hearFinal(gone)).status).toBe(200);
  };
  /** What was said before has reached the relay: this went the same way after it. */
  const fence = async (callee: Member): Promise<void> => {
    await exchange(actor('acme'), callee);
  };
  /** The callee takes the CANCEL and refuses the INVITE that came with this branch. */
  const giveIn = async (callee: Member, said: Request, heard: Received): Promise<void> => {
    const cancelled = await callee.hear('CANCEL');
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    callee.answer(cancelled, 200);
    cancelled.line.say(answer(heard, 487));
    await callee.hear('ACK');
    const final = await actor('acme').hearFinal(said);
    expect(final.status).toBe(487);
    actor('acme').line().say(acknowledge(said, final).text);
  };

  it('9.1: before it rang: the INVITE is said again, and cancelled when it rings', async () => {
    const bolt = actor('bolt');
    const { said, heard } = await invite(bolt, 100);
    await giveUp(said);
    await fence(bolt);
    await bolt.cutAccepted();
    const again = await hearRequest(bolt, said);
    expect(again.text).toBe(heard.text);
    bolt.answer(again, 180);
    await giveIn(bolt, said, again);
  });

  it('9.1: while it rang: the CANCEL that went with the connection is said again on the next one, and the INVITE is not', async () => {
    const crow = actor('crow');
    const { said, heard } = await invite(crow, 180);
    await giveUp(said);
    await crow.hear('CANCEL');
    crow.shutDoor();
    await crow.cutAccepted();
    await crow.listen();
    await giveIn(crow, said, heard);
  });
});

describe.each(topologies)(
  'a call that ended for its caller while its callee rings on, and could not be told (RFC 3261 9.1, 16.7 step 10), %s',
  (_, topology) => {
    const { actor } = perform({
      topology,
      cast: { acme: {}, bolt: {}, dora: { dialsOnly: true } },
      settings: { relay: { timeouts: { backoffFirst: '10ms', backoffMost: '50ms' } } },
    });

    const ring = async (callee: Member): Promise<{ said: Request; heard: Received }> => {
      const acme = actor('acme');
      const said = acme.say('INVITE', `sip:bob@${callee.domain}`);
      const heard = await hearRequest(callee, said);
      callee.answer(heard, 180);
      await acme.hearAnswer(said, 100);
      await acme.hearAnswer(said, 180);
      return { said, heard };
    };
    const end = async (said: Request, told: string): Promise<void> => {
      const final = await actor('acme').hearFinal(said);
      expect(outcome(final)).toBe(told);
      actor('acme').line().say(acknowledge(said, final).text);
    };
    /** The callee stops to ring; its caller hears nothing more of it. */
    const giveIn = async (callee: Member, heard: Received): Promise<void> => {
      const cancelled = await callee.hear('CANCEL');
      expect(cancelled.headers('via')).toEqual([heard.header('via')]);
      callee.answer(cancelled, 200);
      cancelled.line.say(answer(heard, 487));
      await callee.hear('ACK');
      await exchange(actor('acme'), callee);
    };

    it('since its proxy was away: it is cancelled when the proxy is back', async () => {
      const bolt = actor('bolt');
      await exchange(actor('acme'), bolt);
      const { said, heard } = await ring(bolt);
      bolt.shutDoor();
      await bolt.cutAccepted();
      await end(said, '500 member-unreachable');
      await bolt.listen();
      await giveIn(bolt, heard);
    });

    it.each([
      ['before its caller gives up', false],
      ['as its caller gives up', true],
    ])('since its only connection, which it dialled itself, was gone %s: it is cancelled over the next', async (_when, cancels) => {
      const dora = actor('dora');
      const { said, heard } = await ring(dora);
      const { remotePort: port } = dora.line();
      if (cancels) {
        const gone = cancel(said);
        actor('acme').line().say(gone.text);
        expect((await actor('acme').hearFinal(gone)).status).toBe(200);
        await dora.hear('CANCEL');
      }
      dora.line().hangUp();
      await dora.line().over;
      await end(said, cancels ? '487 cancelled' : '500 member-unreachable');
      await dora.dial(port);
      await giveIn(dora, heard);
    });
  },
);

describe('a call whose ingress dies while it rings', () => {
  const { actor, hub } = perform({ apart: true, cast: { acme: {}, bolt: {} } });

  it('is cancelled, since its caller would hear of no answer (RFC 3261 9.1)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    await exchange(acme, bolt);
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    bolt.answer(heard, 180);
    await acme.hearAnswer(said, 100);
    await acme.hearAnswer(said, 180);
    await hub().ingresses[0]?.kill();
    await hub().ingresses[0]?.revive();
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
  });
});
