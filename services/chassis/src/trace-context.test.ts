import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contextOfForward,
  headThreshold,
  readTraceparent,
  sampleKey,
  spanIdOf,
  tracedForward,
  traceHighOf,
  traceIdOf,
  traceLowOf,
  traceparent,
} from './trace-context.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    ['', 'nothing'],
    ['00', 'too little'],
    [`00-${traceId}-${spanId}`, 'no flags'],
    [`00-${traceId.toUpperCase()}-${spanId}-01`, 'capitals'],
    [`00-${'0'.repeat(32)}-${spanId}-01`, 'no trace'],
    [`00-${traceId}-${'0'.repeat(16)}-01`, 'no span'],
    [`ff-${traceId}-${spanId}-01`, 'the version that is none'],
    [`00-${traceId}-${spanId}-01-more`, 'more than version 00 has'],
    [`00-${traceId}-${spanId}-1`, 'half a flag'],
    [`00-${traceId}-${spanId}-01\r\nx: y`, 'more than a line'],
  ])('says nothing as %j: %s', (text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });

  it('is read as it is written, and of later versions what is known', () => {
    for (const sampled of [true, false]) {
      const context = { traceId, spanId, sampled };
      expect(readTraceparent(traceparent(context))).toEqual(context);
    }
    expect(readTraceparent(`01-${traceId}-${spanId}-03-later`)).toEqual({ traceId, spanId, sampled: true });
  });
});

describe('a forward', () => {
  it('carries its trace as bytes', () => {
    const entry = tracedForward(7, traceId, spanId);
    expect([entry.entry, entry.traceId.length, entry.spanId.length]).toEqual([7, 16, 8]);
    expect(contextOfForward(entry)).toEqual({ traceId, spanId, sampled: true });
  });

  it.each([
    ['no bytes', 0, 0],
    ['too few', 15, 8],
    ['too many', 16, 9],
    ['nothing but zeros', 16, 8],
  ])('of %s carries none', (_, trace, span) => {
    expect(contextOfForward({ traceId: Buffer.alloc(trace), spanId: Buffer.alloc(span) })).toBeUndefined();
  });
});

describe('trace ids', () => {
  const high = traceHighOf('abcdefghij');

  it('are of 32 digits, never 0, and no two are the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (serial, further) => {
        const id = traceIdOf(high, serial);
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        expect(traceLowOf(serial)).toBe(BigInt(`0x${id.slice(16)}`));
        expect(traceLowOf(serial)).not.toBe(0n);
        expect(traceLowOf(serial + further)).not.toBe(traceLowOf(serial));
      }),
    );
  });

  it('of another incarnation are others', () => {
    expect(traceHighOf('abcdefghik')).not.toBe(high);
    expect(traceHighOf('abcdefghij')).toBe(high);
  });

  it('give each place of a trace a span of its own', () => {
    const places = [1, 2, 3, 255].map((place) => spanIdOf(traceId, place));
    expect(new Set(places).size).toBe(4);
    for (const id of places) expect(readTraceparent(`00-${traceId}-${id}-01`)).toBeDefined();
  });
});

describe('head sampling', () => {
  it('takes nobody at 0 and everybody at 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (serial) => {
        expect(sampleKey(serial) < headThreshold(0)).toBe(false);
        expect(sampleKey(serial) < headThreshold(1)).toBe(true);
      }),
    );
  });

  it.each([0.001, 0.01, 0.1, 0.5])('takes the part of %d of any run', (ratio) => {
    const threshold = headThreshold(ratio);
    for (const from of [1, 123_456, 2 ** 32 - 5_000]) {
      let taken = 0;
      for (let serial = from; serial < from + 10_000; serial += 1) if (sampleKey(serial) < threshold) taken += 1;
      expect(Math.abs(taken - ratio * 10_000)).toBeLessThan(10);
    }
  });
});
