import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;

beforeEach(async () => {
  relay = await startRelay({ timeouts: { backoffFirst: '1m', backoffMost: '1m' }, limits: { linksPerProxy: 2 } });
  bolt = await startBolt(relay);
});
afterEach(async () => {
  await bolt.close();
  await relay.close();
});

function say(transaction: number): void {
  const { text } = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>', callId: `c${transaction}` });
  relay.forward(text, { transaction });
}

async function exchange(transaction: number) {
  say(transaction);
  const heard = await bolt.hear('MESSAGE');
  bolt.answer(heard, 200);
  expect((await relay.outcome(transaction)).status).toBe(200);
  return heard.line;
}

describe('one of two links to a proxy', () => {
  it('that is lost and cannot be redialled leaves what it carried to the other, under the same branch', async () => {
    await exchange(1);
    await expect.poll(() => bolt.accepted().length).toBe(2);
    // Numbers take the links in turn; on each something was heard, so that its loss is none of its own making.
    const [one, other] = [await exchange(2), await exchange(3)];
    expect(one).not.toBe(other);
    say(5);
    const heard = await bolt.hear('MESSAGE');
    expect(heard.line).toBe(other);
    bolt.shutDoor();
    other.cut();
    const again = await bolt.hear('MESSAGE');
    expect([again.line === one, again.text]).toEqual([true, heard.text]);
    bolt.answer(again, 200);
    expect((await relay.outcome(5)).status).toBe(200);
  });
});
