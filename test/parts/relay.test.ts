import { downstreamBranch } from '@guildhall/proto/sip/branch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { answer, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, source, startRelay } from './relay-neighbours.js';

const bob = 'sip:bob@bolt.example';
const alice = '<sip:alice@acme.example>;tag=a';
const senderVia = 'SIP/2.0/TLS proxy.invalid:5061;branch=z9hG4bKsender';

let relay: Neighbours;
let bolt: Member;
let next = 0;

function say(method: string, words: { headers?: string[]; cseq?: number; body?: string } = {}): { text: string; transaction: number } {
  next += 1;
  return { text: request({ method, uri: bob, from: alice, via: senderVia, callId: `call-${next}`, ...words }).text, transaction: next };
}

beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.close());

beforeEach(async () => {
  bolt = await startBolt(relay);
  const asked = relay.asked();
  relay.change();
  // A relay that knew bolt asks again; one that did not asks with the first forward.
  if (next > 0) await expect.poll(() => relay.asked()).toBeGreaterThan(asked);
});
afterEach(async () => {
  expect(bolt.unheard()).toEqual([]);
  expect(relay.left()).toEqual([]);
  await bolt.close();
});

describe('a MESSAGE', () => {
  it('goes out with our Via, one hop less, and comes back without our Via, all else byte for byte', async () => {
    const { text, transaction } = say('MESSAGE', {
      headers: ['X-Odd :  one,\r\n two', 'ms-edge-proxy-message-trust: x'],
      body: 'hello\u00ff',
    });
    relay.forward(text, { transaction, recordRoute: '<sip:g1.t@hub.example:5061;transport=tls;lr>' });
    const heard = await bolt.hear('MESSAGE');
    const ours = `SIP/2.0/TLS hub.example:5061;branch=${downstreamBranch('e1', transaction, 7, 0)}`;
    expect(heard.text).toBe(
      text
        .replace('\r\n', `\r\nVia: ${ours}\r\nRecord-Route: <sip:g1.t@hub.example:5061;transport=tls;lr>\r\n`)
        .replace(senderVia, `${senderVia};received=${source.host}`)
        .replace('Max-Forwards: 70', 'Max-Forwards: 69')
        .replace('ms-edge-proxy-message-trust: x\r\n', ''),
    );
    bolt.answer(heard, 200, { headers: ['Server: bolt'], body: 'done' });
    const outcome = await relay.outcome(transaction);
    expect([outcome.kind, outcome.status]).toEqual(['final', 200]);
    expect(outcome.text).toBe(answer(heard, 200, { headers: ['Server: bolt'], body: 'done' }).replace(`Via: ${ours}\r\n`, ''));
  });

  it('sent twice reaches the member once', async () => {
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    relay.forward(text, { transaction });
    const heard = await bolt.hear('MESSAGE');
    const last = say('OPTIONS');
    relay.forward(last.text, { transaction: last.transaction });
    bolt.answer(await bolt.hear('OPTIONS'), 200);
    bolt.answer(heard, 202);
    expect((await relay.outcome(transaction)).status).toBe(202);
    expect((await relay.outcome(last.transaction)).status).toBe(200);
  });

  it('gets no provisional, and only the first final', async () => {
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('MESSAGE');
    for (const status of [100, 180, 404, 200]) bolt.answer(heard, status);
    expect((await relay.outcome(transaction)).status).toBe(404);
    const last = say('MESSAGE');
    relay.forward(last.text, { transaction: last.transaction });
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    await relay.outcome(last.transaction);
  });

  it('whose answer has lost the sender’s Via ends as bad-gateway', async () => {
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('MESSAGE');
    heard.line.say(answer(heard, 200).replace(/Via: SIP\/2.0\/TLS proxy[^\n]*\n/, ''));
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'bad-gateway' });
  });

  it('for a member that is no longer active ends at once, and its links are closed', async () => {
    const before = say('MESSAGE');
    relay.forward(before.text, { transaction: before.transaction });
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    await relay.outcome(before.transaction);
    relay.door({ open: false });
    relay.change();
    await heard.line.over;
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'target-not-active' });
  });

  it('is answered over another connection of the member just as well, but not by another member', async () => {
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('MESSAGE');
    relay.arrived('acme', answer(heard, 403));
    relay.arrived('bolt', answer(heard, 200));
    expect((await relay.outcome(transaction)).status).toBe(200);
  });
});

describe('an INVITE', () => {
  it('rings, is answered, and a second 2xx passes too (RFC 6026)', async () => {
    const { text, transaction } = say('INVITE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('INVITE');
    for (const status of [100, 180, 200, 200, 486]) bolt.answer(heard, status);
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'provisional', status: 180 });
    expect((await relay.outcome(transaction)).status).toBe(200);
    expect((await relay.outcome(transaction)).status).toBe(200);
    const ack = request({ method: 'ACK', uri: 'sip:bob@10.0.0.1', from: alice, via: senderVia, callId: `call-${next}` });
    relay.forward(ack.text, { transaction: 4_000_000 + transaction, kind: 'ack' });
    expect((await bolt.hear('ACK')).uri).toBe('sip:bob@10.0.0.1');
  });

  it('that rings without end does not fill the caller’s connection, and is answered still', async () => {
    const { text, transaction } = say('INVITE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('INVITE');
    const rings = 64;
    for (let i = 0; i < rings; i += 1) bolt.answer(heard, 180, { headers: [`Subject: ${'x'.repeat(8000)}`] });
    bolt.answer(heard, 200);
    let passed = 0;
    for (let outcome = await relay.outcome(transaction); outcome.kind === 'provisional'; outcome = await relay.outcome(transaction))
      passed += 1;
    expect(passed).toBeGreaterThan(16);
    expect(passed).toBeLessThanOrEqual((256 * 1024) / 8000);
  });

  it('refused is acknowledged hop by hop with its own branch', async () => {
    const { text, transaction } = say('INVITE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 486, { tag: 'busy' });
    const ack = await bolt.hear('ACK');
    expect(ack.headers('via')).toEqual([heard.header('via')]);
    expect([ack.uri, ack.header('to'), ack.header('cseq')]).toEqual([bob, `<${bob}>;tag=busy`, '1 ACK']);
    expect((await relay.outcome(transaction)).status).toBe(486);
  });

  it('cancelled before it rings waits for a provisional (RFC 3261 9.1)', async () => {
    const { text, transaction } = say('INVITE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('INVITE');
    const cancel = request({
      method: 'CANCEL',
      uri: bob,
      from: alice,
      via: senderVia,
      headers: ['Reason: SIP;cause=200;text="elsewhere"'],
    });
    relay.forward(cancel.text, { transaction, kind: 'cancel' });
    const between = say('MESSAGE');
    relay.forward(between.text, { transaction: between.transaction });
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    await relay.outcome(between.transaction);
    expect(bolt.unheard()).toEqual([]);
    bolt.answer(heard, 180);
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    expect(cancelled.header('reason')).toBe('SIP;cause=200;text="elsewhere"');
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    expect((await relay.outcome(transaction)).status).toBe(180);
    expect((await relay.outcome(transaction)).status).toBe(487);
  });

  it('cancelled while it rings is cancelled at once; a CANCEL of nothing is ignored', async () => {
    const { text, transaction } = say('INVITE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 180);
    await relay.outcome(transaction);
    const cancel = request({ method: 'CANCEL', uri: bob, from: alice, via: senderVia });
    relay.forward(cancel.text, { transaction: transaction + 9_000_000, kind: 'cancel' });
    relay.forward(cancel.text, { transaction, kind: 'cancel' });
    bolt.answer(await bolt.hear('CANCEL'), 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    expect((await relay.outcome(transaction)).status).toBe(487);
  });
});

describe('on a link the relay dialled', () => {
  it('a request enters at an ingress and its answer leaves on that link', async () => {
    const { text, transaction } = say('MESSAGE');
    relay.forward(text, { transaction });
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    await relay.outcome(transaction);
    const asked = bolt.request('MESSAGE', 'sip:alice@acme.example');
    heard.line.say(asked.text);
    const carried = await relay.entered();
    expect(carried).toMatchObject({ from: 'relay-1', member: 'bolt', source: `127.0.0.1:${bolt.port}`, text: asked.text });
    const reply = asked.text.replace('MESSAGE sip:alice@acme.example SIP/2.0', 'SIP/2.0 200 OK');
    relay.depart(carried.wire, 'acme', reply.replace('200 OK', '403 Not Yours'));
    relay.depart(carried.wire, 'bolt', reply);
    expect((await bolt.hearAnswer(asked, 200)).line).toBe(heard.line);
  });
});
