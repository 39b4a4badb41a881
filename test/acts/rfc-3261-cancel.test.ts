import { describe, expect, it } from 'vitest';
import { exchange, hearRequest } from '../stage/exchange.js';
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
