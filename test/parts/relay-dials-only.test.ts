import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { request } from '../stage/speech.js';
import { doorTo, type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let next = 0;

/** Every story has a member of its own. */
let member = '';

function forward(method: string): number {
  next += 1;
  const { text } = request({ method, uri: 'sip:eve@edge.example', from: '<sip:alice@acme.example>;tag=a', callId: `call-${next}` });
  relay.forward(text, { transaction: next, member });
  return next;
}

beforeAll(async () => {
  relay = await startRelay();
  relay.door(doorTo(relay.authority));
});
beforeEach(() => {
  member = `edge-${next}`;
});
afterAll(() => relay.close());
afterEach(() => expect(relay.left()).toEqual([]));

describe('a member that only dials out', () => {
  it('is reached through the ingress that holds its connection, and answers the same way', async () => {
    relay.present([member]);
    const transaction = forward('MESSAGE');
    const carried = await relay.departed();
    expect(carried).toMatchObject({ wire: '', member });
    relay.arrived(member, carried.text.replace(/^[^\r]*/, 'SIP/2.0 200 OK'));
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('that lost one of its connections there is written to again, under the same branch and once', async () => {
    relay.present([member]);
    const transaction = forward('MESSAGE');
    const first = await relay.departed();
    relay.present([member]);
    const later = forward('MESSAGE');
    const second = await relay.departed();
    const again = await relay.departed();
    expect([second.text === first.text, again.text === first.text]).toEqual([false, true]);
    relay.arrived(member, second.text.replace(/^[^\r]*/, 'SIP/2.0 200 OK'));
    expect((await relay.outcome(later)).status).toBe(200);
    relay.present([member]);
    relay.arrived(member, again.text.replace(/^[^\r]*/, 'SIP/2.0 200 OK'));
    expect((await relay.outcome(transaction)).status).toBe(200);
    const next = forward('MESSAGE');
    const after = await relay.departed();
    expect(after.text).not.toBe(first.text);
    relay.arrived(member, after.text.replace(/^[^\r]*/, 'SIP/2.0 200 OK'));
    expect((await relay.outcome(next)).status).toBe(200);
  });

  it('that its ingress cannot write to is no hub’s trouble', async () => {
    relay.present([member]);
    const transaction = forward('MESSAGE');
    relay.arrived(member, (await relay.departed()).text.replace(/^[^\r]*/, 'SIP/2.0 503 Service Unavailable'));
    expect((await relay.outcome(transaction)).code).toBe('member-overloaded');
  });

  it('that leaves with a request unanswered is gone', async () => {
    relay.present([member]);
    const transaction = forward('MESSAGE');
    await relay.departed();
    relay.present([], [member]);
    expect((await relay.outcome(transaction)).code).toBe('member-unreachable');
  });
});
