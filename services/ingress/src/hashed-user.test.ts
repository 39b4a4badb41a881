import { packedColumn } from '@guildhall/chassis/packed-column';
import { createKeyedHash, createUserHash } from '@guildhall/chassis/user-hash';
import { RecordBatch, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { recordUser } from '@guildhall/proto/records/record-user';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { putHashedUser } from './hashed-user.js';

const key = Buffer.alloc(32, 7);
const keyed = createKeyedHash(key);
const hash = createUserHash(key);
const names = 10;

/** What is put of these, as a reader of names gets it; '' for what is not. */
function put(...uris: string[]): string[] {
  const column = packedColumn();
  const sizes = uris.map((uri) => putHashedUser(column, names, uri, keyed));
  const read = RecordBatch.decode(column.bytes.subarray(0, column.length)).names;
  const all = sizes.map((size) => (size === 0 ? '' : (read.shift() ?? 'nothing')));
  expect(read).toEqual([]);
  expect(all.map(({ length }) => length)).toEqual(sizes);
  return all;
}
const told = (uri: string): string => recordUser(uri, RecordPrivacy.HASHED, hash);

describe('a hashed user as bytes', () => {
  it.each([
    'tel:+4930',
    'sip:acme.example',
    'sip:@acme.example',
    'sip:alice@',
    'sip:alice@Acme.example',
    'sip:alice@acme.example.',
    'sip:alice@acme.example;x',
    'sip:alice:secret@acme.example',
    'sip:%61lice@acme.example',
    'SIP:alice@acme.example',
    'sip:alice@bob@acme.example',
    'sip:älice@acme.example',
    'sip:alice@[::1]',
    `sip:alice@${'a'.repeat(115)}`,
    'sip',
    '',
  ])('is left to others: %s', (uri) => {
    expect(put(uri)).toEqual(['']);
  });

  it.each(['sip:alice@acme.example', 'sips:a@b', "sip:A_.!~*'()&=+$,/-9@x-1.y", `sip:alice@${'a'.repeat(114)}`])(
    'is what a record keeps of %s',
    (uri) => {
      expect(put(uri)).toEqual([told(uri)]);
    },
  );

  it('is whole however many there are before it', () => {
    const uris = Array.from({ length: 300 }, (_, n) =>
      `sip:${'u'.repeat(1 + (n % 7))}${n}@${'h'.repeat(n % 90)}.example`.replace('@.', '@x.'),
    );
    expect(put(...uris)).toEqual(uris.map(told));
  });

  it('is the same as that of all others wherever it is put at all', () => {
    const uri = fc.stringMatching(/^sips?:[A-Za-z0-9_.%;:-]{1,20}@[a-zA-Z0-9.-]{1,30}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(uri, fc.string()), { maxLength: 40 }), (uris) => {
        for (const [index, text] of put(...uris).entries()) if (text !== '') expect(text).toBe(told(uris[index] ?? ''));
      }),
      { numRuns: 300 },
    );
  });
});
