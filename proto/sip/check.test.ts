import { describe, expect, it } from 'vitest';
import { addressParts, checkRequest, checkResponse, readMaxForwards } from './check.js';
import { Header } from './header-name.js';
import { defaultLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { bytesOf, sampleRequest, usualLines, usualLinesBut } from './sample-request.js';

const parse = (text: string): Message => parseMessage(bytesOf(text), defaultLimits);

function verdict(text: string): string {
  const error = checkRequest(parse(text));
  return error === undefined ? 'sound' : `${error.code} ${error.status}`;
}

describe('checkRequest refuses', () => {
  it.each([
    ['http://bolt.example', 'scheme 416'],
    ['nobodyKnowsThisScheme:x', 'scheme 416'],
    ['urn:service:sos', 'scheme 416'],
    ['bob@bolt.example', 'uri 400'],
    ['<sip:bob@bolt.example>', 'uri 400'],
    ['sip:bob@bolt.example?Route=%3Csip:x%3E', 'uri 400'],
    ['sip:bob@', 'uri 400'],
    ['sip:', 'uri 400'],
    ['sip:2001:db8::10', 'uri 400'],
    ['sip:b%4', 'uri 400'],
    ['tel:', 'uri 400'],
    ['tel:bob', 'uri 400'],
    ['*', 'uri 400'],
  ])('Request-URI %s: %s', (uri, expected) => {
    expect(verdict(sampleRequest({ start: `MESSAGE ${uri} SIP/2.0` }))).toBe(expected);
  });

  it.each(['Via', 'From', 'To', 'Call-ID', 'CSeq'])('a request without %s', (name) => {
    const error = checkRequest(parse(sampleRequest({ lines: usualLinesBut(name, '') })));
    expect([error?.code, error?.message]).toEqual(['missing-header', `without ${name}`]);
  });

  it.each([
    'From: <sip:alice@acme.example>;tag=f1',
    'f: <sip:eve@evil.example>',
    'TO: <sip:bob@bolt.example>',
    'i: c1@acme.example',
    'cseq: 1 MESSAGE',
    'max-forwards: 70',
  ])('a second field: %s', (line) => {
    expect(verdict(sampleRequest({ more: [line] }))).toBe('repeated-header 400');
  });

  it.each([
    ['Event: presence', 'o: dialog'],
    ['Content-Type: text/plain', 'c: application/sdp'],
    ['Expires: 1', 'expires: 2'],
  ])('a second field: %s, %s', (...more) => {
    expect(verdict(sampleRequest({ more }))).toBe('repeated-header 400');
  });

  it.each([
    ['Via', 'Via: SIP/2.0/TLS a.example, x', 'via 400'],
    ['Via', 'Via: SIP/2.0/TLS', 'via 400'],
    ['Via', 'Via:', 'via 400'],
    ['From', 'From: <sip:alice@acme.example>, <sip:eve@evil.example>', 'address 400'],
    ['From', 'From: "Alice <sip:alice@acme.example>', 'address 400'],
    ['From', 'From:', 'address 400'],
    ['To', 'To: < sip:bob@bolt.example >', 'address 400'],
    ['To', 'To: Bell, Alexander <sip:bob@bolt.example>', 'address 400'],
    ['To', 'To: <sip:>', 'address 400'],
    ['Call-ID', 'Call-ID: a b', 'call-id 400'],
    ['Call-ID', 'Call-ID:', 'call-id 400'],
    ['CSeq', 'CSeq: 1 INVITE', 'cseq 400'],
    ['CSeq', 'CSeq: 1 MESSAGES', 'cseq 400'],
    ['CSeq', 'CSeq: 1 message', 'cseq 400'],
    ['CSeq', 'CSeq: 2147483648 MESSAGE', 'cseq 400'],
    ['CSeq', 'CSeq: MESSAGE', 'cseq 400'],
    ['Max-Forwards', 'Max-Forwards: 256', 'max-forwards 400'],
    ['Max-Forwards', 'Max-Forwards: -1', 'max-forwards 400'],
    ['Max-Forwards', 'Max-Forwards: 7 0', 'max-forwards 400'],
    ['Max-Forwards', 'Max-Forwards:', 'max-forwards 400'],
  ])('%s as %j: %s', (name, line, expected) => {
    expect(verdict(sampleRequest({ lines: usualLinesBut(name, line) }))).toBe(expected);
  });

  it('a broken Via below the first', () => {
    expect(verdict(sampleRequest({ more: ['Via: broken'] }))).toBe('via 400');
  });

  it('a broken Route', () => {
    expect(verdict(sampleRequest({ more: ['Route: sip:a.example;lr'] }))).toBe('address 400');
  });
});

describe('checkRequest lets pass', () => {
  it.each([
    ['the usual', sampleRequest()],
    ['no Max-Forwards', sampleRequest({ lines: usualLinesBut('Max-Forwards', '') })],
    ['Max-Forwards 0', sampleRequest({ lines: usualLinesBut('Max-Forwards', 'Max-Forwards: 0') })],
    ['Max-Forwards with zeros', sampleRequest({ lines: usualLinesBut('Max-Forwards', 'Max-Forwards: 0068') })],
    [
      'compact forms',
      sampleRequest({ lines: ['v: SIP/2.0/TLS a', 'f: sip:a@a.example', 't: sip:b@b.example', 'i: x', 'cseq: 1 MESSAGE'] }),
    ],
    ['a tel URI', sampleRequest({ start: 'MESSAGE tel:+1-201-555-0123 SIP/2.0' })],
    ['a question mark in the user part', sampleRequest({ start: 'MESSAGE sip:a?b@bolt.example SIP/2.0' })],
    ['other schemes in To', sampleRequest({ lines: usualLinesBut('To', 'To: <isbn:2983792873>') })],
    ['an unknown method', sampleRequest({ start: "!odd'~ sip:x SIP/2.0", lines: usualLinesBut('CSeq', "CSeq: 1 !odd'~") })],
    ['a Call-ID of odd characters', sampleRequest({ lines: usualLinesBut('Call-ID', 'Call-ID: w%Z-!.*_+\'@`~)(><:\\/"][?}{') })],
    ['several Routes', sampleRequest({ more: ['Route: <sip:a;lr>,<sip:b;lr>', 'Route: <sip:c;lr>'] })],
    ['broken fields that are not ours', sampleRequest({ more: ['Contact: <', 'Date: never', 'Record-Route: ,'] })],
  ])('%s', (_, text) => {
    expect(verdict(text)).toBe('sound');
  });
});

describe('checkResponse', () => {
  const response = (lines: readonly string[]) => checkResponse(parse(sampleRequest({ start: 'SIP/2.0 200 OK', lines })))?.code;

  it('drops what is broken and lets pass what is sound', () => {
    expect(response(usualLinesBut('CSeq', ''))).toBe('missing-header');
    expect(response(usualLinesBut('Via', 'Via: x'))).toBe('via');
    expect(response([...usualLines, 'From: <sip:eve@evil.example>'])).toBe('repeated-header');
    expect(response(usualLines)).toBeUndefined();
    expect(response(usualLinesBut('CSeq', 'CSeq: 4 ANYTHING'))).toBeUndefined();
  });
});

it.each([
  ['', -1],
  ['x', -1],
  ['1x', -1],
  ['256', -1],
  ['99999999999999999999', -1],
  ['0', 0],
  ['000255', 255],
])('Max-Forwards %j is %i', (text, hops) => {
  expect(readMaxForwards(text, 0, text.length)).toBe(hops);
});

describe('what a check found of From and To', () => {
  const from = (m: Message): string => {
    const spans = addressParts(m, Header.from);
    return spans === undefined ? 'none' : m.buffer.toString('latin1', spans.uriStart, spans.uriEnd);
  };
  const alice = parse(sampleRequest());

  it.each<[string, readonly string[]]>([
    ['sound', usualLinesBut('From', 'From: <sip:mallory@evil.example>')],
    [
      'refused for what stands behind it',
      usualLinesBut('From', 'From: <sip:mallory@evil.example>').map((line) => line.replace('1 MESSAGE', 'x')),
    ],
    ['refused for it', usualLinesBut('From', 'From: <sip:mallory@evil.example>;tag=1;tag=2')],
    ['without it', usualLinesBut('From', '')],
  ])('is of the message that is asked for, whatever was checked before: one that is %s', (_, lines) => {
    const mallory = parse(sampleRequest({ lines: [...lines] }));
    const alone = from(mallory);
    for (const check of [checkRequest, checkResponse]) {
      expect(checkRequest(alice)).toBeUndefined();
      check(mallory);
      expect(from(alice)).toBe('sip:alice@acme.example');
      expect(checkRequest(alice)).toBeUndefined();
      expect([from(mallory), from(alice), from(mallory)]).toEqual([alone, 'sip:alice@acme.example', alone]);
    }
  });
});
