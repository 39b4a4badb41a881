import { createHmac } from 'node:crypto';
import { TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { LRUCache } from 'lru-cache';
import { decodeRouteToken, type Mac, type RouteToken, type TokenFault } from './route-token.js';

/** The keys of route tokens as policy gave them last. */
export interface TokenKeyRing {
  /** The id of the key that signs; '' before any was learned. */
  newest(): string;
  readonly mac: Mac;
  /** Reads a token, from memory if it was read before. Hot path: no crypto then. */
  read(text: string): RouteToken | TokenFault;
  /** Takes policy's answer; false, and nothing changes, when it holds no usable key. */
  learn(answer: Uint8Array): boolean;
  /** Whether a token was met that some other key must have signed; asking resets it. */
  wantsMore(): boolean;
}

/** Bytes of an HMAC-SHA256 that go into a token, and the least that a key may have. */
const macBytes = 16;
const keyBytes = 16;
const keyIdShape = /^[A-Za-z0-9_-]{1,32}$/;
/** Tokens remembered as good, one a pair of members and usage. */
const remembered = 20_000;

/** A ring without keys. */
export function createTokenKeyRing(): TokenKeyRing {
  const keys = new Map<string, Buffer>();
  const good = new LRUCache<string, RouteToken>({ max: remembered });
  let newest = '';
  let unknown = false;

  const mac: Mac = (keyId, text) => {
    const secret = keys.get(keyId);
    if (secret === undefined) return undefined;
    return createHmac('sha256', secret).update(text, 'latin1').digest().subarray(0, macBytes).toString('base64url');
  };

  return {
    newest: () => newest,
    mac,
    read(text) {
      const known = good.get(text);
      if (known !== undefined) return known;
      const token = decodeRouteToken(text, mac);
      if (typeof token !== 'string') good.set(text, token);
      else if (token === 'unknown-key') unknown = true;
      return token;
    },
    learn(answer) {
      const usable = TokenKeys.decode(answer).keys.filter((key) => keyIdShape.test(key.id) && key.secret.length >= keyBytes);
      const first = usable[0];
      if (first === undefined) return false;
      const same = usable.length === keys.size && usable.every((key) => keys.get(key.id)?.equals(key.secret) === true);
      newest = first.id;
      if (same) return true;
      keys.clear();
      for (const key of usable) keys.set(key.id, key.secret);
      // A token of a key that was withdrawn is good no longer.
      good.clear();
      return true;
    },
    wantsMore() {
      const wanted = unknown;
      unknown = false;
      return wanted;
    },
  };
}
