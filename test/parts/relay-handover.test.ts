import { monotonic } from '@guildhall/chassis/clock';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import { createRoster } from '@guildhall/chassis/roster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;

beforeEach(async () => {
  relay = await startRelay({ timeouts: { handover: '100ms' } });
  bolt = await startBolt(relay);
});
afterEach(async () => {
  await bolt.close();
  await relay.close();
});

/** One message to a member, answered; the link it took. */
async function exchange(transaction: number, member: string) {
  const { text } = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>', callId: `c${transaction}` });
  relay.forward(text, { transaction, member });
  const heard = await bolt.hear('MESSAGE');
  bolt.answer(heard, 200);
  expect((await relay.outcome(transaction)).status).toBe(200);
  return heard.line;
}

/** What a far end asks on a link, once the relay has heard of an ingress to give it to. */
async function ask(line: Awaited<ReturnType<typeof exchange>>) {
  const entering = relay.entered();
  for (;;) {
    const asked = bolt.request('MESSAGE', 'sip:a@acme.example');
    line.say(asked.text);
    if ((await bolt.hearFinalUnless(asked, entering)) === undefined) return { asked, entered: await entering };
  }
}

/** Another relay, which owns these members from now on. */
function successor(...members: string[]) {
  const ids = Array.from({ length: 100 }, (_, index) => `relay-a${index}`);
  const id = ids.find((one) => members.every((member) => ownerOf(member, ['relay-1', one]) === one)) ?? '';
  return createRoster(relay.bus, { service: 'relay', id, epoch: 'e' }, {}, monotonic);
}

describe('a link whose member another relay owns now', () => {
  it('stays until what its far end asked is answered', async () => {
    const [line, idle] = [await exchange(1, 'bolt'), await exchange(2, 'crow')];
    expect(line).not.toBe(idle);
    const { asked, entered } = await ask(line);
    expect(entered).toMatchObject({ member: 'bolt', text: asked.text });
    const other = successor('bolt', 'crow');
    await idle.over;
    const response = `SIP/2.0 200 OK${asked.text.slice(asked.text.indexOf('\r\n')).replace(/To: [^\r]*/, '$&;tag=x')}`;
    relay.depart(entered.wire, 'bolt', response);
    expect((await bolt.hearFinal(asked)).line).toBe(line);
    await line.over;
    other.close();
  });

  it('is closed by a relay that ends only once what its far end asked is answered, by the relay itself at the end', async () => {
    const line = await exchange(1, 'bolt');
    const { asked } = await ask(line);
    await relay.relay.stop();
    const final = await bolt.hearFinal(asked);
    expect([final.status, final.header('reason')]).toEqual([503, expect.stringContaining('hub-draining')]);
    await line.over;
  });
});
