import { describe, expect, it } from 'vitest';
import { createKeyedHash, createUserHash, hashCharacters } from './user-hash.js';

describe('the keyed hash', () => {
  const key = Uint8Array.from({ length: 16 }, (_, index) => index);
  const bytes = String.fromCharCode(...Array.from({ length: 64 }, (_, index) => index));

  it.each([
    [0, '726fdb47dd0e0e31'],
    [1, '74f839c593dc67fd'],
    [2, '0d6c8009d9a94f5a'],
    [3, '85676696d7fb7e2d'],
    [4, 'cf2794e0277187b7'],
    [5, '18765564cd99a68d'],
    [6, 'cbc9466e58fee3ce'],
    [7, 'ab0200f58b01d137'],
    [8, '93f5f5799a932462'],
    [15, 'a129ca6149be45e5'],
  ])('of the first %i numbers with the key 00 to 0f is as its authors give it', (length, expected) => {
    const hash = createKeyedHash(key);
    const told = () => [hash.high, hash.low].map((half) => half.toString(16).padStart(8, '0')).join('');
    hash.of(bytes, 0, length);
    expect(told()).toBe(expected);
    hash.of(`xyz${bytes}`, 3, 3 + length);
    expect(told()).toBe(expected);
  });
});

describe('the hash of a user', () => {
  it('is its 8 bytes, little end first, in base64url', () => {
    const key = Buffer.alloc(32, 0x0b);
    const keyed = createKeyedHash(key);
    const user = Buffer.from('jürgen@acme.example', 'utf8').toString('latin1');
    keyed.of(user, 0, user.length);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE((BigInt(keyed.high) << 32n) | BigInt(keyed.low));
    expect(createUserHash(key)('jürgen@acme.example')).toBe(bytes.toString('base64url'));
    expect(bytes.toString('base64url')).toHaveLength(hashCharacters);
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
