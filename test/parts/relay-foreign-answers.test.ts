import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { answer, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;
let next = 0;

beforeAll(async () => {
  relay = await startRelay();
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

const usual = 'SIP/2.0/TLS proxy.invalid:5061;branch=z9hG4bKsender';

function forward(method: string, via = usual): number {
  next += 1;
  const from = '<sip:a@acme.example>;tag=a';
  const { text } = request({ method, uri: 'sip:bob@bolt.example', from, callId: `call-${next}`, via });
  relay.forward(text, { transaction: next });
  return next;
}

describe('an answer to the right try', () => {
  /** How the sender's Via, which was seen of 192.0.2.1, comes back. */
  const others: [what: string, change: (text: string) => string][] = [
    ['another branch', (text) => text.replace('z9hG4bKsender', 'z9hG4bKforged')],
    ['a longer branch', (text) => text.replace('z9hG4bKsender', 'z9hG4bKsender1')],
    ['no branch', (text) => text.replace(';branch=z9hG4bKsender', '')],
    ['another host', (text) => text.replace('proxy.invalid', 'other.invalid')],
    ['another port', (text) => text.replace('proxy.invalid:5061', 'proxy.invalid:5062')],
    ['no port', (text) => text.replace('proxy.invalid:5061', 'proxy.invalid')],
    [
      'another one before it',
      (text) => text.replace('Via: SIP/2.0/TLS proxy', 'Via: SIP/2.0/TLS x.invalid;branch=z9hG4bKx, SIP/2.0/TLS proxy'),
    ],
    ['a second branch', (text) => text.replace('z9hG4bKsender', 'z9hG4bKsender;branch=z9hG4bKforged')],
    ['what is no Via', (text) => text.replace('Via: SIP/2.0/TLS proxy', 'Via: SIP/3.0/TLS proxy')],
  ];
  it.each(others)('with %s for the sender’s is told as bad-gateway', async (_, change) => {
    const transaction = forward('MESSAGE');
    const heard = await bolt.hear('MESSAGE');
    heard.line.say(change(answer(heard, 200)));
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'bad-gateway' });
  });

  it('of a call leaves it to its end where it is provisional, and ends it acknowledged where it refuses', async () => {
    const transaction = forward('INVITE');
    const heard = await bolt.hear('INVITE');
    heard.line.say(answer(heard, 180).replace('z9hG4bKsender', 'z9hG4bKforged'));
    heard.line.say(answer(heard, 486).replace('z9hG4bKsender', 'z9hG4bKforged'));
    await bolt.hear('ACK');
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'bad-gateway' });
  });

  it('of a call that was answered is left out, and the next 2xx passes', async () => {
    const transaction = forward('INVITE');
    const heard = await bolt.hear('INVITE');
    bolt.answer(heard, 200);
    heard.line.say(answer(heard, 200).replace('z9hG4bKsender', 'z9hG4bKforged'));
    heard.line.say(answer(heard, 200, { tag: 'other' }));
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'final', status: 200 });
    expect((await relay.outcome(transaction)).text).toContain('tag=other');
  });

  const same: [what: string, change: (text: string) => string][] = [
    ['spelled otherwise', (text) => text.replace('SIP/2.0/TLS proxy.invalid:5061;', 'SIP / 2.0 / TLS Proxy.INVALID : 5061 ; x=y ; ')],
    ['and more parameters', (text) => text.replace('z9hG4bKsender', 'z9hG4bKsender;x="a, b"')],
    ['in one field with ours', (text) => text.replace(/\r\nVia: (SIP\/2.0\/TLS proxy)/, ', $1')],
  ];
  it.each(same)('with the sender’s Via %s passes', async (_, change) => {
    const transaction = forward('MESSAGE', `${usual};rport`);
    const heard = await bolt.hear('MESSAGE');
    heard.line.say(change(answer(heard, 200)));
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'final', status: 200 });
  });

  it('to a sender of RFC 2543, whose branch may be another’s too, needs its Call-ID and CSeq as well', async () => {
    const old = 'SIP/2.0/TLS proxy.invalid:5061;rport;branch=1';
    for (const [from, to] of [
      [/Call-ID: .*/, 'Call-ID: forged'],
      [/CSeq: 1 /, 'CSeq: 2 '],
      [/x^/, ''],
    ] as const) {
      const transaction = forward('MESSAGE', old);
      const heard = await bolt.hear('MESSAGE');
      heard.line.say(answer(heard, 200).replace(from, to));
      expect(await relay.outcome(transaction)).toMatchObject(to === '' ? { kind: 'final' } : { kind: 'gone', code: 'bad-gateway' });
    }
  });
});
