import { createHash, createHmac } from 'node:crypto';
import type { UserHash } from '@guildhall/proto/records/record-user';
import { compress, firstState } from './sha256.js';

/** How many characters of base64url are kept of a hash: 96 bits. */
const characters = 16;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const blockBytes = 64;
/** What fits into one block with its end mark and length. */
const oneBlock = 55;
const ascii = /^[\0-\x7f]*$/;

/**
 * The hash that stands for users in records: HMAC-SHA256 with the hub's key, cut to 96 bits. Users are short and there may be a new one in each message:
 * the two halves of the key are hashed once, and a user costs two blocks and no call into OpenSSL, which takes several times as long.
 */
export function createUserHash(key: Uint8Array): UserHash {
  const inner = padded(key, 0x36);
  const outer = padded(key, 0x5c);
  const state = new Int32Array(8);
  const words = new Int32Array(64);

  /** One last block behind the padded key, of what is in `words` from the start, `bytes` long. */
  const end = (start: Int32Array, bytes: number): void => {
    state.set(start);
    words[15] = (blockBytes + bytes) * 8;
    compress(state, words);
  };

  return (user) => {
    if (user.length > oneBlock || !ascii.test(user)) {
      return createHmac('sha256', key).update(user, 'utf8').digest('base64url').slice(0, characters);
    }
    words.fill(0, 0, 16);
    for (let at = 0; at < user.length; at += 1) put(words, at, user.charCodeAt(at));
    put(words, user.length, 0x80);
    end(inner, user.length);
    words.fill(0, 0, 16);
    words.set(state);
    put(words, 32, 0x80);
    end(outer, 32);
    return base64url(state);
  };
}

/** The state of SHA-256 behind the key, padded and mixed with `pad` (RFC 2104). */
function padded(key: Uint8Array, pad: number): Int32Array {
  const short = key.length > blockBytes ? createHash('sha256').update(key).digest() : key;
  const words = new Int32Array(64);
  for (let at = 0; at < blockBytes; at += 1) put(words, at, (short[at] ?? 0) ^ pad);
  const state = firstState();
  compress(state, words);
  return state;
}

function put(words: Int32Array, at: number, byte: number): void {
  words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (24 - 8 * (at & 3)));
}

/** The first 96 bits of three words, six at a time. */
function base64url(state: Int32Array): string {
  let text = '';
  for (let bit = 0; bit < 96; bit += 6) {
    const at = bit >> 5;
    const left = 26 - (bit & 31);
    const word = state[at] ?? 0;
    const six = left >= 0 ? word >>> left : (word << -left) | ((state[at + 1] ?? 0) >>> (32 + left));
    text += alphabet.charAt(six & 63);
  }
  return text;
}
