import { X509Certificate } from 'node:crypto';
import type { Authenticated } from '@guildhall/chassis/api/credentials';
import type { Bus, Stop } from '@guildhall/chassis/bus';
import { type CertificateFacts, factsOf, keyUsage } from '@guildhall/chassis/certificate';
import { weakness } from '@guildhall/chassis/certificate-reason';
import { AccessAnswer, AccessQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import type { Membership } from '../decision/membership.js';
import type { AccessTokens } from './access-tokens.js';
import { byCertificate, byOperatorFile, byToken } from './authenticate.js';
import type { CertificateOwner } from './client-certificate.js';

/** What answers are made from. */
export interface AccessSources {
  readonly tokens: Pick<AccessTokens, 'findHashed'>;
  /** Whether the operator's token file holds the token of this id, with a secret of this hash. */
  operatorFile(id: string, hash: Uint8Array): boolean;
  judge(facts: CertificateFacts): CertificateOwner;
  membership(): Membership | undefined;
}

/** Who is told of what nobody waits for. */
export interface AccessListener {
  failed(what: string, thrown: unknown): void;
}

/** ms for which an answer may be kept: what is revoked is over everywhere within this and a moment. */
const holdsFor = 2000;
/** Certificates of a chain that are looked at. */
const deepestChain = 8;
const anyUsage = '2.5.29.37.0';

/** Answers who may use the API of another service. Payloads that are no such question get no answer. */
export function answerAccess(bus: Pick<Bus, 'subscribe'>, sources: AccessSources, { failed }: AccessListener): Stop {
  return bus.subscribe(
    subjects.access,
    (payload, reply) => {
      const question = AccessQuestion.decode(payload);
      accessAnswer(question, sources).then(
        (answer) => reply?.(AccessAnswer.encode(answer).finish()),
        (thrown: unknown) => failed('answering who somebody is', thrown),
      );
    },
    policyQueue,
  );
}

/** Who shows this. A token counts before a certificate. */
export async function accessAnswer(question: AccessQuestion, sources: AccessSources): Promise<AccessAnswer> {
  const found = await find(question, sources);
  if ('refused' in found) return AccessAnswer.fromPartial({ refused: found.refused, holdsFor });
  const { scope, member, by } = found.caller;
  if (scope === 'nobody') return AccessAnswer.fromPartial({ refused: found.hint, holdsFor });
  return AccessAnswer.fromPartial({ scope, member, who: by, holdsFor });
}

async function find(
  { tokenId, tokenHash, certificate, chain, source }: AccessQuestion,
  { tokens, operatorFile, judge, membership }: AccessSources,
): Promise<Authenticated> {
  const shown = { source };
  if (tokenId !== '' || tokenHash.length > 0) {
    if (operatorFile(tokenId, tokenHash)) return byOperatorFile(shown);
    return byToken(tokens.findHashed(tokenId, tokenHash), membership(), shown);
  }
  if (certificate.length === 0) return { refused: 'Nothing was shown.' };
  const facts = factsFrom([certificate, ...chain]);
  if (facts === undefined) return { refused: 'The client certificate cannot be read.' };
  return byCertificate(facts, judge(facts), membership(), shown);
}

/**
 * The facts of a chain that came as bytes. OpenSSL has not judged it, so what it would look at besides signatures and dates, which the judge
 * looks at, is looked at here: what the certificates are for, and how strong their keys are.
 */
function factsFrom(raws: readonly Uint8Array[]): CertificateFacts | undefined {
  try {
    const chain = raws.slice(0, deepestChain).map((raw) => new X509Certificate(raw));
    const trouble = troubleOf(chain);
    return factsOf(chain, trouble === '', trouble);
  } catch {
    return undefined;
  }
}

function troubleOf(chain: readonly X509Certificate[]): string {
  const forClients = ({ keyUsage: usages }: X509Certificate) =>
    usages === undefined || usages.length === 0 || usages.includes(keyUsage.clientAuth) || usages.includes(anyUsage);
  if (!chain.every(forClients)) return 'INVALID_PURPOSE';
  const isWeak = (certificate: X509Certificate) => {
    const facts = factsOf([certificate], false, '');
    return facts === undefined || weakness(facts.keyKind, facts.keyBits) !== '';
  };
  return chain.slice(1).some(isWeak) ? 'CA_KEY_TOO_SMALL' : '';
}
