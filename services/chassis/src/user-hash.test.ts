import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createUserHash } from './user-hash.js';

describe('the hash of a user', () => {
  it('is SHA-256 of the key in hex and the user, in UTF-8, cut to 96 bits', () => {
    const key = Buffer.alloc(32, 0x0b);
    const whole = createHash('sha256')
      .update(`${'0b'.repeat(32)}jürgen@acme.example`, 'utf8')
      .digest('base64url');
    expect(createUserHash(key)('jürgen@acme.example')).toBe(whole.slice(0, 16));
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
