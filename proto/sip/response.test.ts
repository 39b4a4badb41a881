import { describe, expect, it } from 'vitest';
import { defaultLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { canAnswer, writeResponse } from './response.js';
import { bytesOf, sampleRequest, usualLines, usualLinesBut } from './sample-request.js';
import { SipError } from './sip-error.js';

const parse = (text: string): Message => parseMessage(bytesOf(text), defaultLimits);
const request = parse(
  sampleRequest({ lines: ['v: SIP/2.0/TLS b.example;branch=z9hG4bKb', ...usualLines], more: ['Timestamp: 54', 'Subject: x'] }),
);

describe('writeResponse refuses', () => {
  it.each([
    [{ phrase: 'a\r\nX: y' }],
    [{ phrase: 'a\nb' }],
    [{ phrase: 'a\0b' }],
    [{ phrase: 'caf\u0119' }],
    [{ toTag: 'a b' }],
    [{ toTag: '' }],
    [{ toTag: 'a\r\nX: y' }],
    [{ headers: ['X: a\r\nY: b'] }],
    [{ headers: ['X: a\rb'] }],
    [{ headers: ['no colon'] }],
    [{ headers: [': no name'] }],
    [{ headers: ['a b: c'] }],
    [{ headers: ['X: a', '\r\n'] }],
  ])('%j', (options) => {
    expect(() => writeResponse(request, 400, options)).toThrow(SipError);
  });

  it.each([0, 99, 700, 200.5, Number.NaN])('status %d', (status) => {
    expect(() => writeResponse(request, status, {})).toThrow(SipError);
  });
});

describe('writeResponse', () => {
  it('copies what a response must have, byte for byte, and tags To', () => {
    expect(writeResponse(request, 403, { toTag: 'h1', headers: ['Warning: 399 hub.example "no"'], phrase: 'Not You' })).toBe(
      [
        'SIP/2.0 403 Not You',
        'v: SIP/2.0/TLS b.example;branch=z9hG4bKb',
        ...usualLines.filter((line) => !line.startsWith('Max-')).map((line) => (line.startsWith('To') ? `${line};tag=h1` : line)),
        'Warning: 399 hub.example "no"',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });

  it('gives 100 no tag but the Timestamp', () => {
    const text = writeResponse(request, 100, { toTag: 'h1' });
    expect(text.startsWith('SIP/2.0 100 Trying\r\n')).toBe(true);
    expect(text).toContain('\r\nTimestamp: 54\r\n');
    expect(text).not.toContain('h1');
  });

  it.each([
    ['To: <sip:bob@bolt.example>;tag=t', 'To: <sip:bob@bolt.example>;tag=t'],
    ['t: sip:bob@bolt.example', 't: sip:bob@bolt.example;tag=h1'],
    ['To: "a;tag=no" <sip:bob@bolt.example;tag=no>', 'To: "a;tag=no" <sip:bob@bolt.example;tag=no>;tag=h1'],
    ['To: <sip:bob@bolt.example> \r\n ;x=y  ', 'To: <sip:bob@bolt.example> \r\n ;x=y;tag=h1'],
  ])('tags %j only where there is none', (line, expected) => {
    const text = writeResponse(parse(sampleRequest({ lines: usualLinesBut('To', line) })), 404, { toTag: 'h1' });
    expect(text).toContain(`\r\n${expected}\r\n`);
  });

  it('reads as a response', () => {
    const m = parse(writeResponse(request, 200, {}));
    expect([m.status, m.method]).toEqual([200, '']);
  });
});

it('canAnswer wants all that a response copies, and no ACK', () => {
  expect(canAnswer(request)).toBe(true);
  for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
    expect(canAnswer(parse(sampleRequest({ lines: usualLinesBut(name, '') })))).toBe(false);
  }
  expect(canAnswer(parse(sampleRequest({ start: 'ACK sip:x SIP/2.0' })))).toBe(false);
  expect(canAnswer(parse(sampleRequest({ start: 'SIP/2.0 200 OK' })))).toBe(false);
});
