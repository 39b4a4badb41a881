import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressDomain, addressTag, parseAddress, splitValues } from './address.js';
import { isLoop, loopHash } from './branch.js';
import { checkRequest, checkResponse } from './check.js';
import { parseCSeq } from './cseq.js';
import { Header, headerId } from './header-name.js';
import { defaultLimits, type SipLimits } from './limits.js';
import {
  bodyBytes,
  headerCount,
  headerLineEnd,
  headerLineStart,
  headerValue,
  headerValueEnd,
  headerValueStart,
  isRequest,
  type Message,
  parseMessage,
  requestUri,
  wireBytes,
} from './message.js';
import { createMessageReader } from './reader.js';
import { writeAck, writeCancel, writeRequest } from './request.js';
import { canAnswer, writeResponse } from './response.js';
import { routeEntries } from './route.js';
import { bytesOf, sampleRequest, usualLines } from './sample-request.js';
import { SipError } from './sip-error.js';
import { parseUri, uriDomain } from './uri.js';
import { parseVia } from './via.js';

const seed = 20_261_122;

const token = fc.string({ unit: fc.constantFrom(..."abzAZ019-.!%*_+`'~"), minLength: 1, maxLength: 20 });
const fieldName = token.filter((name) => headerId(name, 0, name.length) !== Header.contentLength);
const latin1 = (without: string, maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength }).map((text) =>
    Array.from(text)
      .filter((letter) => !without.includes(letter))
      .join(''),
  );
const uri = fc.string({ unit: fc.constantFrom(...'abc:@;=/?&+$,[]#\u00fc'), minLength: 1, maxLength: 30 });
const newRequest = fc.record({
  method: token,
  uri,
  headers: fc.array(fc.tuple(fieldName, latin1('\r\n\0', 40)), { maxLength: 20 }),
  body: latin1('', 200),
});

describe('what is written is read', () => {
  it('request by request', () => {
    fc.assert(
      fc.property(newRequest, (request) => {
        const text = writeRequest(request);
        const m = parseMessage(bytesOf(text), defaultLimits);
        expect([m.method, requestUri(m), bodyBytes(m).toString('latin1')]).toEqual([request.method, request.uri, request.body]);
        const values = request.headers.map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''));
        expect(values.map((_, index) => headerValue(m, index))).toEqual(values);
        request.headers.forEach(([name, value], index) => {
          expect(m.head.slice(headerLineStart(m, index), headerLineEnd(m, index))).toBe(`${name}: ${value}\r\n`);
        });
        expect(wireBytes(m).equals(bytesOf(text))).toBe(true);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('response by response', () => {
    fc.assert(
      fc.property(newRequest, fc.integer({ min: 100, max: 699 }), latin1('\r\n\0', 20), token, (request, status, phrase, toTag) => {
        const headers = usualLines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
        const m = parseMessage(bytesOf(writeRequest({ ...request, headers })), defaultLimits);
        const response = parseMessage(bytesOf(writeResponse(m, status, { phrase, toTag })), defaultLimits);
        expect(response.status).toBe(status);
        expect(headerCount(response)).toBe(headers.length);
      }),
      { seed, numRuns: 200 },
    );
  });
});

/** A message, keepalives, or something near to them. */
const good = fc
  .record({ body: latin1('', 60), more: fc.array(fc.constantFrom('X: y', 'Subject: a\r\n b', 'm:', 'Route: <sip:a>')) })
  .map(sampleRequest);
const bad = fc.constantFrom(
  sampleRequest({ more: ['Subject: a\0b'] }),
  sampleRequest({ more: ['Subject'] }),
  sampleRequest({ more: ['l: 5'] }),
  sampleRequest({ start: 'MESSAGE sip:x  SIP/2.0' }),
  sampleRequest({ body: 'x'.repeat(900) }),
  'OPTIONS sip:x SIP/2.0\r\nVia: a\nb',
  `OPTIONS sip:x SIP/2.0\r\n${'a: b\r\n'.repeat(14)}\r\n`,
  `OPTIONS sip:x SIP/2.0\r\na: ${'b'.repeat(101)}\r\n\r\n`,
  `OPTIONS sip:${'x'.repeat(90)}`,
);
const mutated = fc
  .tuple(good, fc.array(fc.tuple(fc.nat(500), fc.constantFrom(...'\r\n\0 :;,<>"\\@%[]=x9\t\u00ff')), { maxLength: 6 }))
  .map(([text, changes]) => {
    let changed = text;
    for (const [at, letter] of changes) {
      const where = at % changed.length;
      changed = changed.slice(0, where) + letter + changed.slice(where + (at & 1));
    }
    return changed;
  });
const stream = fc
  .array(fc.oneof({ weight: 4, arbitrary: good }, { weight: 2, arbitrary: mutated }, bad, fc.constantFrom('\r\n\r\n', '\r\n')), {
    maxLength: 6,
  })
  .map((pieces) => pieces.join(''));
const smallLimits: SipLimits = { messageBytes: 900, headers: 12, headerLineBytes: 100, startLineBytes: 80 };

function eventsOf(text: string, cuts: readonly number[]): string[] {
  const events: string[] = [];
  const show = (m: Message | undefined) => (m === undefined ? '-' : `${m.method}|${m.status}|${m.head}|${bodyBytes(m).toString('latin1')}`);
  const reader = createMessageReader(smallLimits, {
    message: (m) => events.push(show(m)),
    ping: () => events.push('ping'),
    // Where chunks end decides how often this comes.
    pong: () => undefined,
    broken: (error, m) => events.push(`broken ${error.code} ${show(m)}`),
    refused: (error, m) => events.push(`refused ${error.code} ${show(m)}`),
  });
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (text.length + 1)).sort((a, b) => a - b), text.length]) {
    reader.feed(bytesOf(text.slice(from, cut)));
    expect(reader.buffered()).toBeLessThanOrEqual(smallLimits.messageBytes);
    from = cut;
  }
  return events;
}

describe('however the bytes are cut', () => {
  it('the same comes out', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (text, cuts) => {
        expect(eventsOf(text, cuts)).toEqual(eventsOf(text, []));
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it('byte by byte too', () => {
    fc.assert(
      fc.property(stream, (text) => {
        expect(
          eventsOf(
            text,
            Array.from(text, (_, at) => at),
          ),
        ).toEqual(eventsOf(text, []));
      }),
      { seed, numRuns: 100 },
    );
  });
});

/** Calls what may throw; anything but a SipError goes on up. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SipError)) throw error;
  }
}

const bareCharacter = /\0|\r(?!\n)|(?<!\r)\n/;

function useEverything(m: Message): void {
  checkRequest(m);
  checkResponse(m);
  loopHash(m);
  isLoop(m, new Set(['hub.example']), 1);
  attempt(() => parseUri(requestUri(m)));
  uriDomain(m, m.uriStart, m.uriEnd);
  attempt(() => routeEntries(m, Header.route));
  for (let index = 0; index < headerCount(m); index++) {
    const start = headerValueStart(m, index);
    const end = headerValueEnd(m, index);
    expect(headerLineStart(m, index) <= start && start <= end && end < headerLineEnd(m, index)).toBe(true);
    addressDomain(m, start, end);
    addressTag(m, start, end);
    splitValues(m, start, end);
    attempt(() => parseAddress(m, start, end));
    attempt(() => parseVia(m, start, end));
    attempt(() => parseCSeq(m, start, end));
  }
  attempt(() => writeCancel(m));
  attempt(() => writeAck(m, m));
  if (isRequest(m) && canAnswer(m)) {
    const answer = writeResponse(m, 400, { toTag: 'x' });
    expect(answer).not.toMatch(bareCharacter);
    expect(parseMessage(bytesOf(answer), { ...defaultLimits, headerLineBytes: 10_000 }).status).toBe(400);
  }
}

it('random mutation never throws anything but a SipError, and no answer carries a bare character', () => {
  fc.assert(
    fc.property(fc.oneof(mutated, stream, latin1('', 300)), (text) => {
      const reader = createMessageReader(defaultLimits, {
        message: useEverything,
        ping: () => undefined,
        pong: () => undefined,
        broken: (_, m) => m && useEverything(m),
        refused: (_, m) => useEverything(m),
      });
      reader.feed(bytesOf(text));
      attempt(() => parseMessage(bytesOf(text), defaultLimits));
      for (const part of [text, text.slice(0, 40)]) attempt(() => parseUri(part));
    }),
    { seed, numRuns: 1_500 },
  );
});

it('a value from a Message and the same value from text read alike', () => {
  const value = fc.string({ unit: fc.constantFrom(...'sip:ab@<>;,="\\ [].1/tag\t'), maxLength: 40 });
  fc.assert(
    fc.property(value, value, (before, text) => {
      const whole = `${before}<sip:${text}>;tag=${text}`;
      const source = { buffer: bytesOf(`xyz${whole}`), start: 3, head: whole };
      const [start, end] = [before.length, whole.length];
      expect(addressDomain(source, start, end)).toBe(addressDomain(whole, start, end));
      expect(addressTag(source, start, end)).toBe(addressTag(whole, start, end));
      expect(splitValues(source, start, end)).toEqual(splitValues(whole, start, end));
    }),
    { seed, numRuns: 500 },
  );
});
