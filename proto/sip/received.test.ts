import { describe, expect, it } from 'vitest';
import { readSender, receivedVia, receivedViaIfSound } from './received.js';
import { SipError } from './sip-error.js';

const octets = (head: string) => ({ buffer: Buffer.from(head, 'latin1'), start: 0, head });
const told = (via: string, source: string) => receivedVia(octets(via), 0, via.length, readSender(source));

describe('a Via that cannot be read', () => {
  const broken = 'SIP/2.0/TLS';
  it('throws, or stays as it came where that is to be expected', () => {
    expect(() => told(broken, '192.0.2.7:40001')).toThrow(SipError);
    expect(receivedViaIfSound(octets(broken), 0, broken.length, readSender('192.0.2.7:40001'))).toBeUndefined();
  });
});

describe('what the topmost Via is told of its sender', () => {
  it.each<[via: string, source: string, leaves: string | undefined]>([
    ['SIP/2.0/TLS a.example;branch=z9hG4bKa', '', undefined],
    ['SIP/2.0/TLS a.example;branch=z9hG4bKa', 'nonsense', undefined],
    ['SIP/2.0/TLS 192.0.2.7;branch=z9hG4bKa', '192.0.2.7:40001', undefined],
    ['SIP/2.0/TLS [2001:db8::7];branch=z9hG4bKa', '[2001:db8::7]:40001', undefined],
    ['SIP/2.0/TLS a.example;branch=z9hG4bKa', '[2001:db8::7]:40001', 'SIP/2.0/TLS a.example;branch=z9hG4bKa;received=2001:db8::7'],
    [
      'SIP/2.0/TLS a.example;branch=z9hG4bKa , SIP/2.0/TLS b',
      '192.0.2.7:40001',
      'SIP/2.0/TLS a.example;branch=z9hG4bKa;received=192.0.2.7 , SIP/2.0/TLS b',
    ],
    [
      'SIP/2.0/TLS 192.0.2.7;rport;branch=z9hG4bKa',
      '192.0.2.7:40001',
      'SIP/2.0/TLS 192.0.2.7;rport=40001;branch=z9hG4bKa;received=192.0.2.7',
    ],
  ])('%s from %s', (via, source, leaves) => {
    expect(told(via, source)).toBe(leaves);
  });
});
