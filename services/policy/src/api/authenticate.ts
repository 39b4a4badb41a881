import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller, CallerCertificate } from '@guildhall/chassis/api/caller';
import { type Authenticated, type Credentials, readBearer } from '@guildhall/chassis/api/credentials';
import type { CertificateFacts } from '@guildhall/chassis/certificate';
import type { Membership } from '../decision/membership.js';
import type { AccessTokens, KeptToken } from './access-tokens.js';
import { type CertificateOwner, memberRefusal } from './client-certificate.js';

/** What callers are found out by. */
export interface Authentication {
  readonly tokens: Pick<AccessTokens, 'find'>;
  /** Whether a text is what stands in the operator's token file. */
  operatorFile(text: string): boolean;
  judge(facts: CertificateFacts): CertificateOwner;
  membership(): Membership | undefined;
}

/** What stands in a Caller besides its scope. */
export type Shown = Pick<Caller, 'source' | 'certificate'>;

/**
 * Finds out who calls. A token counts before a certificate, and one that is not good is never made up for by the certificate. Without either
 * the caller is nobody; `hint` says why a certificate that was shown is nobody's.
 */
export async function authenticate(
  { authorization, source, certificate }: Credentials,
  { tokens, operatorFile, judge, membership }: Authentication,
): Promise<Authenticated> {
  const shown: Shown = certificate === undefined ? { source } : { source, certificate: shownOf(certificate) };
  const sent = readBearer(authorization);
  if (sent !== undefined) {
    if ('refused' in sent) return sent;
    return operatorFile(sent.token) ? byOperatorFile(shown) : byToken(tokens.find(sent.token, 'access'), membership(), shown);
  }
  if (certificate === undefined) return { caller: { scope: 'nobody', member: '', by: 'nobody', source }, hint: '' };
  return byCertificate(certificate, judge(certificate), membership(), shown);
}

/** The operators of this machine. */
export function byOperatorFile(shown: Shown): Authenticated {
  return { caller: { ...shown, scope: 'operator', member: '', by: "the operator's token file" }, hint: '' };
}

/** Who holds an access token; one that is refused with an ApiFault is told in its words. */
export async function byToken(finding: Promise<KeptToken>, membership: Membership | undefined, shown: Shown): Promise<Authenticated> {
  try {
    const { token, member } = await finding;
    const by = `token ${token.id}`;
    if (token.scope === 'operator' || token.scope === 'dashboard') {
      return { caller: { ...shown, scope: token.scope, member: '', by }, hint: '' };
    }
    const refusal = member === '' ? 'The token has no scope of this hub.' : memberRefusal(membership, member);
    return refusal === undefined ? { caller: { ...shown, scope: 'member', member, by }, hint: '' } : { refused: refusal };
  } catch (thrown) {
    if (thrown instanceof ApiFault) return { refused: thrown.message };
    throw thrown;
  }
}

/** Who holds the key of a client certificate. */
export function byCertificate(
  facts: CertificateFacts,
  owner: CertificateOwner,
  membership: Membership | undefined,
  shown: Shown,
): Authenticated {
  switch (owner.kind) {
    case 'operator':
      return { caller: { ...shown, scope: 'operator', member: '', by: `certificate ${facts.spkiSha256.slice(0, 16)}` }, hint: '' };
    case 'member': {
      const { id } = owner.member;
      const refusal = memberRefusal(membership, id);
      if (refusal !== undefined) return { refused: refusal };
      return { caller: { ...shown, scope: 'member', member: id, by: `certificate of ${id}` }, hint: '' };
    }
    case 'nobody':
      return {
        caller: { ...shown, scope: 'nobody', member: '', by: 'nobody' },
        hint: `The client certificate does not help: ${owner.why}.`,
      };
  }
}

function shownOf(facts: CertificateFacts): CallerCertificate {
  return { raw: facts.chain[0]?.raw ?? Buffer.alloc(0), spki: facts.spkiSha256 };
}
