import { afterEach, describe, expect, it, vi } from 'vitest';
import { addressDomain, addressTag, parseAddress, splitValues } from './address.js';
import { isLoop, loopHash } from './branch.js';
import { checkRequest } from './check.js';
import { Header } from './header-name.js';
import type { SipLimits } from './limits.js';
import { headerCount, headerValueEnd, headerValueStart, type Message, parseMessage } from './message.js';
import { createMessageReader } from './reader.js';
import { routeEntries } from './route.js';
import { bytesOf } from './sample-request.js';
import { SipError } from './sip-error.js';
import { parseVia } from './via.js';

/** Wide enough to let the codec run into whatever it would run into. */
const wide: SipLimits = { messageBytes: 2 ** 24, headers: 2 ** 20, headerLineBytes: 2 ** 24, startLineBytes: 2 ** 24 };

/** A buffer that counts every look at one of its bytes. */
function counted(bytes: Buffer): { buffer: Buffer; looks(): number } {
  let looks = 0;
  const buffer = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { buffer, looks: () => looks };
}

function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SipError)) throw error;
  }
}

/** How often the readers of values look at a byte when each reads every value of the message. */
function looksAtValues(m: Message): number {
  const { buffer, looks } = counted(m.buffer);
  const source: Message = { ...m, buffer };
  checkRequest(source);
  loopHash(source);
  isLoop(source, new Set(['a']), loopHash(m));
  attempt(() => routeEntries(source, Header.route));
  for (let index = 0; index < headerCount(m); index++) {
    const start = headerValueStart(m, index);
    const end = headerValueEnd(m, index);
    addressDomain(source, start, end);
    addressTag(source, start, end);
    splitValues(source, start, end);
    attempt(() => parseAddress(source, start, end));
    for (let at = start; at >= 0; ) {
      const from = at;
      at = -1;
      attempt(() => {
        at = parseVia(source, from, end).next;
      });
    }
  }
  return looks();
}

const values: readonly string[] = [
  'SIP/2.0/UDP a,',
  'SIP/2.0/UDP a;b=c , ',
  ';b',
  ';branch=x',
  ';b="',
  '"',
  '\\"',
  '<',
  '>',
  '<sip:a>,',
  '<sip:a>;',
  'a ',
  ' \r\n ',
  ', ',
  ':',
  '@',
  'sip:a@',
  '%41',
  '[',
  '[::',
  '.',
  '1',
  ';tag=',
  '=',
];
const names = ['Via: SIP/2.0/UDP a', 'Via: ', 'From: ', 'To: <sip:', 'Route: ', 'CSeq: ', 'Call-ID: ', 'Max-Forwards: ', 'X: '];

describe('work grows with the bytes and no faster', () => {
  it.each(names)('one value that begins %j', (name) => {
    for (const value of values) {
      const text = (times: number) =>
        `A sip:${value.repeat(times).replace(/[ \r\n]/g, '')} SIP/2.0\r\n${name}${value.repeat(times)}x\r\nl: 0\r\n\r\n`;
      for (const times of [100, 800]) {
        const bytes = bytesOf(text(times));
        expect(looksAtValues(parseMessage(bytes, wide))).toBeLessThan(40 * bytes.length);
      }
    }
  });

  it.each(values)('many fields of %j', (value) => {
    for (const times of [50, 400]) {
      const bytes = bytesOf(`A sip:a SIP/2.0\r\n${`Via: ${value}\r\nRoute: ${value}\r\n`.repeat(times)}l: 0\r\n\r\n`);
      expect(looksAtValues(parseMessage(bytes, wide))).toBeLessThan(40 * bytes.length);
    }
  });
});

const heads: readonly string[] = ['a', 'a ', 'a: b\r\n', 'a: b\r\n c\r\n', ' \r\n ', ':', '\0', 'a\r\n', ' : \r\n', '\r\n', 'x: \t\r\n\t'];

describe('a head in pieces', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([1, 7, 1_000, 100_000])('of %i bytes is looked at and copied a bounded number of times', (size) => {
    for (const head of heads) {
      const bytes = bytesOf(`OPTIONS sip:a SIP/2.0\r\nl: 3\r\n${head.repeat(2_000)}\r\n\r\nabc`);
      let allocated = 0;
      const allocate = Buffer.allocUnsafe;
      vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((length) => {
        allocated += length;
        return allocate(length);
      });
      let looks = 0;
      const reader = createMessageReader(wide, {
        message: () => undefined,
        ping: () => undefined,
        pong: () => undefined,
        broken: () => undefined,
        refused: () => undefined,
      });
      for (let at = 0; at < bytes.length; at += size) {
        const chunk = counted(bytes.subarray(at, at + size));
        reader.feed(chunk.buffer);
        looks += chunk.looks();
      }
      // Once to frame, and in the chunk that holds the whole head again for fields and start line; more where a chunk begins.
      expect(looks).toBeLessThan(12 * bytes.length);
      expect(allocated).toBeLessThan(6 * bytes.length + 4_096);
      vi.restoreAllMocks();
    }
  });

  it('that passes a limit is neither kept nor looked at any more', () => {
    const limits: SipLimits = { messageBytes: 2_000, headers: 10, headerLineBytes: 500, startLineBytes: 100 };
    for (const text of [
      'x',
      'A sip:a SIP/2.0\r\nB: ',
      'A sip:a SIP/2.0\r\n',
      'A sip:a SIP/2.0\r\nB: c\r\n ',
      'A sip:a SIP/2.0\r\nl: 999\r\nl: 9\r\n\r\n',
    ]) {
      let broken = 0;
      const reader = createMessageReader(limits, {
        message: () => undefined,
        ping: () => undefined,
        pong: () => undefined,
        broken: () => {
          broken++;
        },
      });
      reader.feed(bytesOf(text));
      for (const flood of ['a: b\r\n', ' c\r\n', 'xyz']) for (let i = 0; i < 1_000; i++) reader.feed(bytesOf(flood));
      const after = counted(bytesOf('z'.repeat(10_000)));
      reader.feed(after.buffer);
      expect([broken, reader.buffered(), after.looks()]).toEqual([1, 0, 0]);
    }
  });
});
