import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutbox } from './outbox.js';

describe('an outbox', () => {
  it('is empty at first, and after a take', () => {
    const outbox = createOutbox(16);
    expect(outbox.take().length).toBe(0);
    outbox.text('abc');
    expect(outbox.length()).toBe(3);
    expect(outbox.take().toString('latin1')).toBe('abc');
    expect(outbox.length()).toBe(0);
    expect(outbox.take().length).toBe(0);
  });

  it.each([0, 1, 16, 4096])('starting with %d bytes gives exactly what was appended, whatever the sizes and takes', (initial) => {
    const append = fc.oneof(
      fc.record({
        kind: fc.constant('text' as const),
        value: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 300 }),
      }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }), start: fc.nat(10), cut: fc.nat(10) }),
      fc.record({ kind: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(append, { maxLength: 60 }), (appends) => {
        const outbox = createOutbox(initial);
        const taken: Buffer[] = [];
        const expected: Buffer[] = [];
        for (const one of appends) {
          if (one.kind === 'take') taken.push(outbox.take());
          if (one.kind === 'text') {
            outbox.text(one.value);
            expected.push(Buffer.from(one.value, 'latin1'));
          }
          if (one.kind === 'bytes') {
            const source = Buffer.from(one.value);
            const start = Math.min(one.start, source.length);
            const end = Math.max(start, source.length - one.cut);
            outbox.bytes(source, start, end);
            expected.push(source.subarray(start, end));
          }
        }
        taken.push(outbox.take());
        // Only now: what was taken first must not have been written over by what came later.
        expect(Buffer.concat(taken).equals(Buffer.concat(expected))).toBe(true);
      }),
    );
  });

  it('copies, so that its source may be reused', () => {
    const outbox = createOutbox(16);
    const source = Buffer.from('abcdef');
    outbox.bytes(source, 1, 4);
    source.fill(0);
    expect(outbox.take().toString()).toBe('bcd');
  });

  it('does not keep the size of a burst', () => {
    const outbox = createOutbox(1024);
    outbox.text('x'.repeat(1_000_000));
    outbox.take();
    for (let turn = 0; turn < 4000; turn += 1) {
      outbox.text('y'.repeat(600));
      outbox.take();
    }
    outbox.text('z');
    expect(outbox.take().buffer.byteLength).toBeLessThan(16_384);
  });
});
