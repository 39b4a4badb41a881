import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import type { Received } from '../stage/received.js';
import { answer, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, startRelay } from './relay-neighbours.js';

const large = 'x'.repeat(4_096);

let relay: Neighbours;
let bolt: Member;
let next = 0;

beforeAll(async () => {
  relay = await startRelay({ limits: { message: '2KiB' } });
  bolt = await startBolt(relay);
});
afterEach(() => {
  const left = [bolt.unheard(), relay.left()];
  bolt.forget();
  expect(left).toEqual([[], []]);
});
afterAll(async () => {
  await bolt.close();
  await relay.close();
});

function forward(method: string, body = ''): number {
  next += 1;
  const from = '<sip:a@acme.example>;tag=a';
  const { text } = request({ method, uri: 'sip:bob@bolt.example', from, callId: `call-${next}`, body });
  relay.forward(text, { transaction: next });
  return next;
}

describe('what an ingress lets through and this relay does not', () => {
  it('is refused as too large where it is a request', async () => {
    expect(await relay.outcome(forward('MESSAGE', large))).toMatchObject({ kind: 'gone', code: 'message-too-large' });
  });

  const ways: [way: string, say: (heard: Received, text: string) => void][] = [
    ['on a connection that the relay dialled', (heard, text) => heard.line.say(text)],
    ['on one that an ingress holds', (_, text) => relay.arrived('bolt', text)],
  ];
  it.each(ways)('is told as 502 where it is an answer, %s', async (_, say) => {
    const transaction = forward('MESSAGE');
    const heard = await bolt.hear('MESSAGE');
    say(heard, answer(heard, 200, { body: large }));
    const outcome = await relay.outcome(transaction);
    expect(outcome).toMatchObject({ kind: 'gone', code: 'bad-gateway' });
    expect(outcome.sentence).toContain('larger');
  });

  it.each(ways)('leaves a call to its end where it is provisional, %s', async (_, say) => {
    const transaction = forward('INVITE');
    const heard = await bolt.hear('INVITE');
    say(heard, answer(heard, 183, { body: large }));
    say(heard, answer(heard, 486));
    await bolt.hear('ACK');
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'final', status: 486 });
  });
});

describe('a relay that would take more than NATS does', () => {
  it('does not start', async () => {
    await expect(startRelay({ limits: { message: '1MiB' } })).rejects.toThrow(/limits\.message is 1048576, and NATS takes payloads of/);
  });
});
