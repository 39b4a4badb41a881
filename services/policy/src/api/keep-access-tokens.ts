import { randomBytes } from 'node:crypto';
import { isSameHash, readTokenText, secretHash, tokenBytes, tokenText } from '@guildhall/chassis/api/access-token-text';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { StoredToken, Token } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { accessTokenKey } from '@guildhall/proto/subjects';
import type { AccessTokens, KeptToken, TokenOrder } from './access-tokens.js';
import { storeFault } from './store-fault.js';

/** How tokens are kept. */
export interface TokenKeeping {
  /** Time of day in ms. */
  wall(): number;
  /** A value of the bucket is no token: it is left out. */
  unusable(key: string): void;
  /** So many are kept at most. */
  readonly most: number;
}

/** The tokens, and how to stop following their bucket. */
export interface KeptTokens extends AccessTokens {
  stop(): void;
}

interface Held {
  readonly stored: StoredToken;
  readonly token: Token;
  readonly revision: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const usualLife = { access: 365 * dayMs, enrolment: 7 * dayMs } as const;
const longestLife = 10 * 365 * dayMs;
/** Ended ones are shown for so long, then forgotten. */
const rememberedMs = 90 * dayMs;
const longestNote = 200;
const mostNames = 32;

const scopes = {
  access: /^(operator|dashboard|member:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$/,
  enrolment: /^enrol:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
} as const;

const unknown = () => new ApiFault('denied', 'This is no token of this hub.', 'give the whole text as it was told, or ask for another one');

/**
 * Follows the bucket `access-tokens`, so that a token is looked up without asking and one that was revoked is refused by every instance
 * at once. While NATS is away what was known last stays good; nothing can be made, used or revoked then. Rejects with a KeyValueError.
 */
export async function keepAccessTokens(bucket: KeyValue, { wall, unusable, most }: TokenKeeping): Promise<KeptTokens> {
  const held = new Map<string, Held>();
  const take = (key: string, value: Uint8Array, revision: number): void => {
    // What this instance wrote itself may be told again, later.
    if ((held.get(key)?.revision ?? 0) > revision) return;
    const read = readStored(key, value);
    if (read === undefined) {
      held.delete(key);
      unusable(key);
    } else held.set(key, { ...read, revision });
  };
  const stop = await bucket.watch({
    entry({ key, value, revision, deleted }) {
      if (deleted) held.delete(key);
      else take(key, value, revision);
    },
    current: () => undefined,
  });

  const told = async <T>(act: Promise<T>): Promise<T> => {
    try {
      return await act;
    } catch (thrown) {
      if (!(thrown instanceof KeyValueError)) throw thrown;
      if (thrown.code === 'conflict') throw new ApiFault('conflict', 'Somebody else changed this token first.', 'look at it again', thrown);
      throw storeFault(thrown, 'The tokens cannot be written', 'try again');
    }
  };
  const write = async (stored: StoredToken, token: Token, previousRevision: number): Promise<Token> => {
    const value = StoredToken.encode({ ...stored, token }).finish();
    const revision = await told(bucket.put(accessTokenKey(token.id), value, { previousRevision }));
    take(token.id, value, revision);
    return token;
  };
  const forgetOld = async (): Promise<void> => {
    const before = wall() - rememberedMs;
    const old = [...held].filter(([, { token }]) => endOf(token) < before);
    for (const [key, { revision }] of old) await told(bucket.delete(accessTokenKey(key), { previousRevision: revision }));
    for (const [key] of old) held.delete(key);
  };
  const good = (found: Held | undefined, hash: Uint8Array, kind: TokenOrder['kind']): Held => {
    if (found === undefined || found.token.kind !== kind || !isSameHash(hash, found.stored.hash)) throw unknown();
    const why = whyEnded(found.token, wall());
    if (why !== undefined)
      throw new ApiFault('denied', `The token ${found.token.id} ${why}.`, 'ask an operator of the hub for another one');
    return found;
  };
  const whole = (text: string, kind: TokenOrder['kind']): Held => {
    const parts = readTokenText(text);
    if (parts?.kind !== kind) throw unknown();
    return good(held.get(parts.id), secretHash(parts.secret), kind);
  };

  return {
    stop,
    async create(order) {
      const refusal = refusalOf(order);
      if (refusal !== undefined) throw new ApiFault('invalid', refusal);
      await forgetOld();
      if (held.size >= most) {
        throw new ApiFault('limit', `There are ${held.size} tokens already.`, 'revoke some that nobody needs; ended ones go after 90 days');
      }
      const now = wall();
      const id = randomBytes(tokenBytes.id).toString('hex');
      const secret = randomBytes(tokenBytes.secret).toString('hex');
      const token = Token.fromPartial({
        id,
        kind: order.kind,
        scope: order.scope,
        note: order.note,
        createdBy: order.createdBy,
        created: time(now),
        expires: time(now + (order.expiresMs === 0 ? usualLife[order.kind] : order.expiresMs)),
      });
      await write(StoredToken.fromPartial({ hash: secretHash(secret), names: [...(order.names ?? [])] }), token, 0);
      return { token, secret: tokenText({ kind: order.kind, id, secret, authoritySha256: order.authoritySha256 ?? '' }) };
    },
    async find(text, kind) {
      return kept(whole(text, kind));
    },
    async findHashed(id, hash) {
      return kept(good(held.get(id), hash, 'access'));
    },
    async use(text, usedBy) {
      const found = whole(text, 'enrolment');
      const token = { ...found.token, used: time(wall()) };
      try {
        await write({ ...found.stored, usedBy }, token, found.revision);
      } catch (thrown) {
        if (!(thrown instanceof ApiFault && thrown.code === 'conflict')) throw thrown;
        throw new ApiFault('denied', `The token ${token.id} was used already.`, 'ask an operator of the hub for another one', thrown);
      }
      return kept({ ...found, token });
    },
    async list(endedToo) {
      const now = wall();
      const tokens = [...held.values()].map(({ token }) => token).filter((token) => endedToo || whyEnded(token, now) === undefined);
      return tokens.sort((one, other) => (`${one.created} ${one.id}` < `${other.created} ${other.id}` ? -1 : 1));
    },
    async revoke(id, why, by) {
      const found = held.get(id);
      if (found === undefined) throw new ApiFault('not-found', 'There is no token of this id.', 'see guildhall token list');
      if (found.token.revoked !== '') return found.token;
      const token = { ...found.token, revoked: time(wall()) };
      return write({ ...found.stored, revokedBy: by, revokedWhy: why }, token, found.revision);
    },
  };
}

function refusalOf({ kind, scope, note, expiresMs, names = [] }: TokenOrder): string | undefined {
  if (!scopes[kind].test(scope)) {
    return kind === 'access' ? 'A scope is operator, dashboard or member:ID.' : 'An enrolment token is for one member: enrol:ID.';
  }
  if (note.length > longestNote) return `A note has at most ${longestNote} characters.`;
  if (!(expiresMs >= 0 && expiresMs <= longestLife)) return 'A token ends within 10 years.';
  if (names.length > mostNames) return `A token vouches for at most ${mostNames} names.`;
  return undefined;
}

function kept({ token, stored }: Held): KeptToken {
  const [, member = ''] = token.scope.split(':');
  return { token, names: stored.names, member };
}

function whyEnded(token: Token, now: number): string | undefined {
  if (token.revoked !== '') return `was revoked at ${token.revoked}`;
  if (token.used !== '') return `was used already, at ${token.used}`;
  // Put so that a date that cannot be read ends it.
  return now < Date.parse(token.expires) ? undefined : `ended at ${token.expires}`;
}

/** When it ended or will, ms; one whose date cannot be read has ended long ago. */
function endOf(token: Token): number {
  const ends = [token.expires, token.revoked, token.used].filter((at) => at !== '').map((at) => Date.parse(at) || 0);
  return Math.min(...ends);
}

function readStored(key: string, value: Uint8Array): { stored: StoredToken; token: Token } | undefined {
  try {
    const stored = StoredToken.decode(value);
    const { token } = stored;
    return token === undefined || token.id !== key || stored.hash.length !== 32 || !isKind(token.kind) ? undefined : { stored, token };
  } catch {
    return undefined;
  }
}

function isKind(kind: string): boolean {
  return kind === 'access' || kind === 'enrolment';
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
