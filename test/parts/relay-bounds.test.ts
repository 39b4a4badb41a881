import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { answer, fresh, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;

beforeEach(async () => {
  relay = await startRelay({ limits: { transactionsPerMember: 3, linkUnasked: 500 } });
  bolt = await startBolt(relay);
});
afterEach(async () => {
  await bolt.close();
  await relay.close();
});

function say(transaction: number, member: string): void {
  const { text } = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>', callId: `c${transaction}` });
  relay.forward(text, { transaction, member });
}

describe('a member that is silent', () => {
  it('has only so many requests at a time, and leaves the room for others; what is answered makes room again', async () => {
    for (const transaction of [1, 2, 3, 4]) say(transaction, 'bolt');
    expect(await relay.outcome(4)).toMatchObject({ kind: 'gone', code: 'member-queue-full' });
    const heard = await bolt.hear('MESSAGE');
    say(5, 'bolt-too');
    for (let index = 0; index < 3; index += 1) {
      const next = index === 0 ? heard : await bolt.hear('MESSAGE');
      bolt.answer(next, 200);
    }
    for (const transaction of [1, 2, 3]) expect((await relay.outcome(transaction)).status).toBe(200);
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    expect((await relay.outcome(5)).status).toBe(200);
    say(6, 'bolt');
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    expect((await relay.outcome(6)).status).toBe(200);
  });
});

describe('a member that says what nobody asked for', () => {
  it('is read at a rate, what it says meanwhile waits with it, and its answers come all the same', async () => {
    say(1, 'bolt');
    const first = await bolt.hear('MESSAGE');
    bolt.answer(first, 200);
    expect((await relay.outcome(1)).status).toBe(200);
    say(2, 'bolt');
    const second = await bolt.hear('MESSAGE');
    const stray = () => answer(first, 200).replace(/branch=z9hG4bK[^\r\n;]*/, `branch=${fresh('z9hG4bK')}`);
    const began = performance.now();
    // A second's worth at once, and two seconds' more.
    for (let piece = 0; piece < 30; piece += 1) first.line.say(Array.from({ length: 50 }, stray).join(''));
    bolt.answer(second, 200);
    expect((await relay.outcome(2)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(1_000);
    expect(await relay.metrics()).toMatch(/guildhall_relay_dropped_total\{[^}]*stray-response[^}]*\} 1500\b/);
  });
});
