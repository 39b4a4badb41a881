import { expect, it } from 'vitest';
import { clientHello, longestHello } from './client-hello.js';

const hello = (length: number): Buffer => {
  const bytes = Buffer.alloc(5 + length, 0xab);
  bytes.set([22, 3, 1, length >> 8, length & 0xff, 1]);
  return bytes;
};

it.each<[what: string, bytes: Buffer | string]>([
  ['SIP in the clear', 'OPTIONS sip:hub.example SIP/2.0\r\n'],
  ['a keepalive', '\r\n\r\n'],
  ['an SSL 2 hello', Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ['another record of TLS', Buffer.from([23, 3, 3, 0, 4])],
  ['an alert', Buffer.from([21, 3, 1, 0, 2])],
  ['another version', Buffer.from([22, 2])],
  ['no length', Buffer.from([22, 3, 1, 0, 0])],
  ['too great a length', Buffer.from([22, 3, 1, 0x40, 1])],
  ['another message of the handshake', Buffer.from([22, 3, 3, 0, 9, 2])],
])('%s is no hello', (_what, bytes) => {
  expect(clientHello(Buffer.from(bytes))).toBe('no-tls');
});

it('a hello is whole with its last byte and not before, and what follows is no matter', () => {
  const whole = hello(517);
  for (let length = 0; length < whole.length; length += 1) expect(clientHello(whole.subarray(0, length))).toBe('more');
  expect(clientHello(whole)).toBe('whole');
  expect(clientHello(Buffer.concat([whole, Buffer.from([20, 3, 3, 0, 1, 1])]))).toBe('whole');
  expect(clientHello(hello(16_384))).toBe('whole');
  expect(hello(16_384).length).toBe(longestHello);
});
