import { describe, expect, it } from 'vitest';
import { createUserHash } from './user-hash.js';

describe('the hash of a user', () => {
  it('is as RFC 4231 has it', () => {
    const whole = Buffer.from('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'hex');
    expect(createUserHash(Buffer.alloc(20, 0x0b))('Hi There')).toBe(whole.toString('base64url').slice(0, 16));
  });

  it('is another with another key', () => {
    expect(createUserHash(Buffer.alloc(32, 1))('alice@acme.example')).not.toBe(createUserHash(Buffer.alloc(32, 2))('alice@acme.example'));
  });

  it('does not remember the user before', () => {
    const hash = createUserHash(Buffer.alloc(32, 1));
    const first = hash('alice@acme.example');
    hash('a much longer user with a name@far.example');
    expect(hash('alice@acme.example')).toBe(first);
  });
});
