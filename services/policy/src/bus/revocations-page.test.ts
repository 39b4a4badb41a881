import { RevocationsPage } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { revocationsPage } from './revocations-page.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the pages of what is revoked', () => {
  it('are one empty page when nothing is', () => {
    expect(revocationsPage({ version: 3n, revoked: new Map() }, 0, 1000)).toEqual({ version: 3n, lists: [], next: 0 });
  });

  it('hold everything once, each within its size', () => {
    const serial = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => hex(bytes).replace(/^0+(?=.)/, ''));
    const lists = fc.dictionary(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex), fc.uniqueArray(serial, { maxLength: 60 }), {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(lists, fc.integer({ min: 150, max: 2_000 }), (table, size) => {
        const revoked = new Map(Object.entries(table));
        const found: string[] = [];
        let after = 0;
        do {
          const page = revocationsPage({ version: 1n, revoked }, after, size);
          expect(RevocationsPage.encode(page).finish().length).toBeLessThanOrEqual(size);
          for (const { issuer, serials } of page.lists) for (const one of serials) found.push(`${hex(issuer)} ${hex(one)}`);
          expect(page.next === 0 || page.next > after).toBe(true);
          after = page.next;
        } while (after !== 0);
        const even = (text: string) => {
          const digits = text.replace(/^0+/, '');
          return digits.length % 2 === 0 ? digits : `0${digits}`;
        };
        expect(found).toEqual([...revoked].flatMap(([issuer, serials]) => serials.map((one) => `${issuer} ${even(one)}`)));
      }),
    );
  });
});
