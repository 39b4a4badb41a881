import { Header } from '@guildhall/proto/sip/header-name';
import { describe, expect, it } from 'vitest';
import { callIdOf, fieldOf, headEnd, headOnly, withoutCredentials } from './head-cut.js';

const head = [
  'MESSAGE sip:bob@bolt.example SIP/2.0',
  'f: <sip:alice@acme.example>;tag=1',
  'I : call-1@acme.example ',
  'CSeq: 1 MESSAGE',
  'Proxy-Authorization: Digest username="alice",',
  '  response="7ab3"',
  'AUTHORIZATION:Digest response="9f"',
  'Subject: authorization',
  'Content-Length: 6',
  '',
  '',
].join('\r\n');
const whole = Buffer.from(`${head}canary`, 'latin1');

describe('the head of a message', () => {
  it('ends with its empty line, wherever the message lies in its buffer', () => {
    const between = Buffer.concat([Buffer.from('x\r\n\r\nbody of another'), whole, Buffer.from('more\r\n\r\n')]);
    const start = 5 + 'body of another'.length;
    expect(headEnd(between, start, start + whole.length) - start).toBe(head.length);
    expect(headEnd(Buffer.from('no end\r\n'), 0, 8)).toBe(8);
    expect(headEnd(Buffer.from('a: b\r\n\r\n'), 0, 6)).toBe(6);
  });

  it('gives the Call-ID in its compact form and with white space before the colon', () => {
    expect(callIdOf(whole, 0, head.length)).toBe('call-1@acme.example');
    expect(fieldOf(whole, 0, head.length, Header.cseq)).toBe('1 MESSAGE');
    expect(fieldOf(whole, 0, head.length, Header.route)).toBe('');
    expect(callIdOf(Buffer.from('SIP/2.0 200 OK\r\nno colon\r\nCall-ID: x'), 0, 37)).toBe('x');
  });

  it('is kept without its body, and credentials are cut with their folded lines', () => {
    const { head: kept, bodyBytes } = headOnly(whole, 0, whole.length, 8_192);
    expect(bodyBytes).toBe(6);
    expect(kept.toString('latin1')).toBe(
      head
        .replace('Digest username="alice",\r\n  response="7ab3"', '(cut)')
        .replace('AUTHORIZATION:Digest response="9f"', 'AUTHORIZATION: (cut)'),
    );
    expect(kept.toString('latin1')).not.toContain('canary');
  });

  it('is cut beyond its bound', () => {
    expect(headOnly(whole, 0, whole.length, 20).head.toString('latin1')).toBe(head.slice(0, 20));
  });

  it('is a copy: the buffer it was read from is used again', () => {
    const bytes = Buffer.from(whole);
    const { head: kept } = headOnly(bytes, 0, bytes.length, 100);
    const same = withoutCredentials(bytes.subarray(0, 4));
    bytes.fill(0);
    expect([kept.toString('latin1', 0, 4), same.toString('latin1')]).toEqual(['MESS', 'MESS']);
  });
});
