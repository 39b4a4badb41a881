import { monotonic } from '@guildhall/chassis/clock';
import { createRoster } from '@guildhall/chassis/roster';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { subjects } from '@guildhall/proto/subjects';
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

function say(transaction: number, method = 'MESSAGE'): void {
  const { text } = request({ method, uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>', callId: `c${transaction}` });
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

describe('what an ingress was given to write and did not hear', () => {
  it('is given to it again while it is there', async () => {
    relay.door({ proxies: [], anchors: [] });
    const there = createRoster(relay.bus, { service: 'ingress', id: 'ingress-2', epoch: 'e2' }, {}, monotonic);
    const present = { ingress: 'ingress-2', epoch: 'e2', full: true, connected: ['edge'], left: [] };
    const announcing = setInterval(() => relay.bus.publish(subjects.present, Presence.encode(present).finish()), 100);
    const unheard = () => relay.metrics().then((text) => /bus_failures_total\{[^}]*unheard[^}]*\} (\d+)/.exec(text)?.[1] ?? '0');
    const { text } = request({ method: 'MESSAGE', uri: 'sip:eve@edge.example', from: '<sip:a@acme.example>' });
    relay.forward(text, { transaction: 1, member: 'edge' });
    await expect.poll(unheard).not.toBe('0');
    const written = new Promise<string>((resolve) => {
      relay.bus.subscribe(subjects.depart('ingress', 'ingress-2'), (payload) =>
        resolve(Buffer.from(WireBatch.decode(payload).wire).toString()),
      );
    });
    expect(await written).toContain('MESSAGE sip:eve@edge.example');
    clearInterval(announcing);
    there.close();
  });
});

describe('a relay whose drain is over', () => {
  /** Ends it with a call that rings and a message that nobody answered. */
  async function end(): Promise<readonly string[]> {
    await exchange(1);
    say(2, 'INVITE');
    const invite = await bolt.hear('INVITE');
    bolt.answer(invite, 180);
    expect((await relay.outcome(2)).status).toBe(180);
    say(3);
    await bolt.hear('MESSAGE');
    await relay.relay.stop();
    await invite.line.over;
    await relay.bus.settled();
    return relay.left();
  }

  it('leaves what is unanswered to whoever owns its members then, without a word of it', async () => {
    const other = createRoster(relay.bus, { service: 'relay', id: 'relay-2', epoch: 'e' }, {}, monotonic);
    await exchange(9);
    expect(await end()).toEqual([]);
    other.close();
  });

  it('gives it up where there is nobody', async () => {
    expect(await end()).toEqual(['gone 2 0member-unreachable', 'gone 3 0member-unreachable']);
  });
});
