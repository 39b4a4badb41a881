import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUserHash } from './user-hash.js';

const asOpenSsl = (key: Uint8Array, user: string): string =>
  createHmac('sha256', key).update(user, 'utf8').digest('base64url').slice(0, 16);

describe('the hash of a user', () => {
  it('is HMAC-SHA256, whatever the key and the user', () => {
    const keys = fc.uint8Array({ minLength: 1, maxLength: 100 });
    const users = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }));
    fc.assert(
      fc.property(keys, users, (key, user) => {
        expect(createUserHash(key)(user)).toBe(asOpenSsl(key, user));
      }),
      { numRuns: 500 },
    );
  });

  it.each([0, 1, 54, 55, 56, 63, 64, 65, 200])('is so for a user of %i characters', (length) => {
    const key = Buffer.alloc(32, 7);
    expect(createUserHash(key)('u'.repeat(length))).toBe(asOpenSsl(key, 'u'.repeat(length)));
  });

  it('is as RFC 4231 has it', () => {
    const whole = Buffer.from('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'hex');
    expect(createUserHash(Buffer.alloc(20, 0x0b))('Hi There')).toBe(whole.toString('base64url').slice(0, 16));
  });

  it('does not remember the user before', () => {
    const hash = createUserHash(Buffer.alloc(32, 1));
    const first = hash('alice@acme.example');
    hash('a much longer user with a name@far.example');
    expect(hash('alice@acme.example')).toBe(first);
  });
});
