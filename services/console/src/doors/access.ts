import { createHash } from 'node:crypto';
import { readTokenText, secretHash } from '@guildhall/chassis/api/access-token-text';
import type { Caller } from '@guildhall/chassis/api/caller';
import { type Authenticated, type Credentials, readBearer } from '@guildhall/chassis/api/credentials';
import { createLimiter } from '@guildhall/chassis/api/limiter';
import type { Bus } from '@guildhall/chassis/bus';
import { askPolicy } from '@guildhall/chassis/bus-ask';
import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { AccessAnswer, AccessQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { LRUCache } from 'lru-cache';

/** What policy said of credentials, for figures. */
export type AccessResult = 'known' | 'refused' | 'unanswered' | 'limited';

/** What finding out takes. */
export interface AccessNeeds {
  readonly bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>;
  /** ms, never going back. */
  clock(): number;
  /** ms within which policy has to answer. */
  readonly patience: number;
  /** Answers that are kept. */
  readonly answers: number;
  /** One question was asked, or was too many. */
  asked(result: AccessResult): void;
  failed(what: string, thrown: unknown): void;
}

interface Kept {
  readonly answer: AccessAnswer;
  readonly until: number;
}

/** Questions to policy about unknown credentials are asked while fewer than this are under way. */
const mostAsking = 256;
/** Unknown credentials that one address may try. */
const tries = { perSecond: 5, burst: 50 } as const;
/** However long policy lets an answer be kept, ms: what is revoked ends within seconds. */
const longestHold = 5000;
/** Refused ones are kept apart, so that who makes them up drives nobody out. */
const mostRefused = 1000;
/** Certificates of a chain that are passed on. */
const deepestChain = 8;

const noToken: Authenticated = { refused: 'This is no token of this hub.' };
const unanswered: Authenticated = {
  refused: 'It cannot be found out who calls: policy does not answer.',
  cure: 'try again in a moment; /readyz of console and policy say what is wrong',
  because: 'unavailable',
};
const tooMany: Authenticated = { refused: 'Too many credentials were tried.', cure: 'wait a few seconds', because: 'limit' };

/**
 * Finds out who calls by asking policy, which is shown the id of a token and a hash of its secret, or a certificate whose key the far end has
 * proved to hold; never a secret. Answers are kept for as long as they hold, and without one nobody is let in.
 */
export function createAccess(needs: AccessNeeds): (credentials: Credentials) => Promise<Authenticated> {
  const { bus, clock, patience, answers, asked, failed } = needs;
  const known = new LRUCache<string, Kept>({ max: answers });
  const refused = new LRUCache<string, Kept>({ max: mostRefused });
  const asking = new Map<string, Promise<AccessAnswer | undefined>>();
  const strangers = createLimiter(tries.perSecond, tries.burst, clock);
  const certificateKeys = new WeakMap<CertificateFacts, string>();

  const ask = async (key: string, question: AccessQuestion): Promise<AccessAnswer | undefined> => {
    try {
      const payload = AccessQuestion.encode(question).finish();
      const answer = AccessAnswer.decode(await askPolicy(bus, subjects.access, payload, patience, 'wait'));
      const isKnown = answer.scope !== '';
      (isKnown ? known : refused).set(key, { answer, until: clock() + Math.min(answer.holdsFor, longestHold) });
      if (!isKnown) known.delete(key);
      asked(isKnown ? 'known' : 'refused');
      return answer;
    } catch (thrown) {
      asked('unanswered');
      failed('asking policy who calls', thrown);
      return undefined;
    }
  };
  /** Undefined: policy does not answer. */
  const answerTo = async (key: string, question: AccessQuestion): Promise<AccessAnswer | 'limit' | undefined> => {
    const kept = known.get(key) ?? refused.get(key);
    if (kept !== undefined && clock() < kept.until) return kept.answer;
    const under = asking.get(key);
    if (under !== undefined) return under;
    // Who was known before is asked about however many others try.
    if (!known.has(key) && (asking.size >= mostAsking || !strangers.take(addressOf(question.source)))) {
      asked('limited');
      return 'limit';
    }
    const begun = ask(key, question).finally(() => asking.delete(key));
    asking.set(key, begun);
    return begun;
  };
  const keyOf = (certificate: CertificateFacts): string => {
    const made = certificateKeys.get(certificate) ?? certificateKey(certificate);
    certificateKeys.set(certificate, made);
    return made;
  };

  return async ({ authorization, source, certificate }) => {
    const sent = readBearer(authorization);
    if (sent !== undefined) {
      if ('refused' in sent) return sent;
      const parts = readTokenText(sent.token);
      if (parts?.kind !== 'access') return noToken;
      const tokenHash = secretHash(parts.secret);
      const question = AccessQuestion.fromPartial({ tokenId: parts.id, tokenHash, source });
      const answer = await answerTo(`token ${parts.id} ${tokenHash.toString('hex')}`, question);
      if (answer === undefined || answer === 'limit') return answer === undefined ? unanswered : tooMany;
      const caller = callerOf(answer, source);
      return caller === undefined ? { refused: answer.refused || 'The token has no scope of this hub.' } : { caller, hint: '' };
    }
    const nobody: Caller = { scope: 'nobody', member: '', by: 'nobody', source };
    const [leaf, ...chain] = certificate?.chain.slice(0, deepestChain).map(({ raw }) => raw) ?? [];
    if (certificate === undefined || leaf === undefined) return { caller: nobody, hint: '' };
    const answer = await answerTo(keyOf(certificate), AccessQuestion.fromPartial({ certificate: leaf, chain, source }));
    if (answer === undefined || answer === 'limit') return answer === undefined ? unanswered : tooMany;
    const caller = callerOf(answer, source);
    return caller === undefined ? { caller: nobody, hint: answer.refused } : { caller, hint: '' };
  };
}

/** Undefined for a scope that is none. */
function callerOf({ scope, member, who }: AccessAnswer, source: string): Caller | undefined {
  switch (scope) {
    case 'operator':
    case 'dashboard':
      return { scope, member: '', by: who, source };
    case 'member':
      return member === '' ? undefined : { scope, member, by: who, source };
    default:
      return undefined;
  }
}

function certificateKey({ chain }: CertificateFacts): string {
  const hash = createHash('sha256');
  for (const { raw } of chain.slice(0, deepestChain)) hash.update(createHash('sha256').update(raw).digest());
  return `certificate ${hash.digest('hex')}`;
}

/** The address of "address:port". */
function addressOf(source: string): string {
  return source.slice(0, source.lastIndexOf(':'));
}
