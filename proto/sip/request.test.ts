import { describe, expect, it } from 'vitest';
import { defaultLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { writeAck, writeCancel, writeRequest } from './request.js';
import { bytesOf, sampleRequest } from './sample-request.js';
import { SipError } from './sip-error.js';

const parse = (text: string): Message => parseMessage(bytesOf(text), defaultLimits);

describe('writeRequest', () => {
  it.each([
    [{ method: 'A B', uri: 'sip:x', headers: [] }],
    [{ method: '', uri: 'sip:x', headers: [] }],
    [{ method: 'A', uri: '', headers: [] }],
    [{ method: 'A', uri: 'sip:x y', headers: [] }],
    [{ method: 'A', uri: 'sip:x\r\nX:', headers: [] }],
    [{ method: 'A', uri: 'sip:x', headers: [['X', 'a\r\nY: b']] }],
    [{ method: 'A', uri: 'sip:x', headers: [['X', 'a\0']] }],
    [{ method: 'A', uri: 'sip:x', headers: [['X:', 'a']] }],
    [{ method: 'A', uri: 'sip:x', headers: [['', 'a']] }],
  ] as const)('refuses %j', (request) => {
    expect(() => writeRequest(request)).toThrow(SipError);
  });

  it('writes what is read back', () => {
    const text = writeRequest({ method: 'OPTIONS', uri: 'sip:bolt.example', headers: [['Via', 'SIP/2.0/TLS a']], body: 'b\u00fc' });
    expect(text).toBe('OPTIONS sip:bolt.example SIP/2.0\r\nVia: SIP/2.0/TLS a\r\nContent-Length: 2\r\n\r\nb\u00fc');
    expect(parse(text).method).toBe('OPTIONS');
  });
});

const invite = parse(
  sampleRequest({
    start: 'INVITE sip:bob@10.0.0.1;x=y SIP/2.0',
    lines: [
      'Via: SIP/2.0/TLS hub.example;branch=z9hG4bKe.1.2 , SIP/2.0/TLS a.example;branch=z9hG4bKa',
      'Via: SIP/2.0/TLS c.example;branch=z9hG4bKc',
      'Route: <sip:r1.example;lr>,<sip:r2.example;lr>',
      'f: <sip:alice@acme.example>;tag=f1',
      'Max-Forwards: 12',
      'To: <sip:bob@bolt.example>',
      'Route: <sip:r3.example;lr>',
      'Call-ID: c1',
      'CSeq: 0007 INVITE',
      'Subject: private',
    ],
  }),
);

describe('hop by hop', () => {
  it('CANCEL repeats the INVITE as it was sent (RFC 3261 9.1)', () => {
    expect(writeCancel(invite, 'SIP;cause=200')).toBe(
      [
        'CANCEL sip:bob@10.0.0.1;x=y SIP/2.0',
        'Via: SIP/2.0/TLS hub.example;branch=z9hG4bKe.1.2',
        'Max-Forwards: 70',
        'Route: <sip:r1.example;lr>,<sip:r2.example;lr>',
        'Route: <sip:r3.example;lr>',
        'f: <sip:alice@acme.example>;tag=f1',
        'To: <sip:bob@bolt.example>',
        'Call-ID: c1',
        'CSeq: 7 CANCEL',
        'Reason: SIP;cause=200',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    expect(() => writeCancel(invite, 'x\r\ny')).toThrow(SipError);
  });

  it('ACK takes To from the response (RFC 3261 17.1.1.3)', () => {
    const response = parse(sampleRequest({ start: 'SIP/2.0 486 Busy Here', lines: ['To: <sip:bob@bolt.example>;tag=t9'] }));
    const ack = writeAck(invite, response);
    expect(ack.startsWith('ACK sip:bob@10.0.0.1;x=y SIP/2.0\r\nVia: SIP/2.0/TLS hub.example;branch=z9hG4bKe.1.2\r\n')).toBe(true);
    expect(ack).toContain('\r\nTo: <sip:bob@bolt.example>;tag=t9\r\n');
    expect(ack).toContain('\r\nCSeq: 7 ACK\r\n');
    expect(ack).not.toContain('Subject');
    expect(parse(ack).method).toBe('ACK');
  });

  it('refuses an INVITE that lacks what they copy', () => {
    expect(() => writeCancel(parse(sampleRequest({ lines: ['Via: SIP/2.0/TLS a'] })))).toThrow(SipError);
    expect(() => writeAck(invite, parse(sampleRequest({ start: 'SIP/2.0 486 Busy', lines: [] })))).toThrow(SipError);
  });
});
