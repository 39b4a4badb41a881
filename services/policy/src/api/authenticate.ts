import type { CertificateFacts } from '@guildhall/chassis/certificate';
import type { Membership } from '../decision/membership.js';
import type { AccessTokens } from './access-tokens.js';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller, CallerCertificate } from '@guildhall/chassis/api/caller';
import { type CertificateOwner, memberRefusal } from './client-certificate.js';

/** What callers are found out by. */
export interface Authentication {
  readonly tokens: Pick<AccessTokens, 'find'>;
  /** Whether a text is what stands in the operator's token file. */
  operatorFile(text: string): boolean;
  judge(facts: CertificateFacts): CertificateOwner;
  membership(): Membership | undefined;
}

/**
 * Finds out who calls. A token counts before a certificate, and one that is not good is never made up for by the certificate. Without either
 * the caller is nobody; `hint` says why a certificate that was shown is nobody's.
 */
export async function authenticate(
  { authorization, source, certificate }: Credentials,
  { tokens, operatorFile, judge, membership }: Authentication,
): Promise<Authenticated> {
  const shown = certificate === undefined ? {} : { certificate: shownOf(certificate) };
  const sent = readBearer(authorization);
  if (sent !== undefined) {
    if ('refused' in sent) return sent;
    if (operatorFile(sent.token)) return { caller: { scope: 'operator', member: '', by: operatorsFile, source, ...shown }, hint: '' };
    return byToken(sent.token);
  }
  if (certificate === undefined) return { caller: { scope: 'nobody', member: '', by: 'nobody', source }, hint: '' };
  const owner = judge(certificate);
  switch (owner.kind) {
    case 'operator':
      return {
        caller: { scope: 'operator', member: '', by: `certificate ${certificate.spkiSha256.slice(0, 16)}`, source, ...shown },
        hint: '',
      };
    case 'member': {
      const { id } = owner.member;
      const refusal = memberRefusal(membership(), id);
      if (refusal !== undefined) return { refused: refusal };
      return { caller: { scope: 'member', member: id, by: `certificate of ${id}`, source, ...shown }, hint: '' };
    }
    case 'nobody':
      return {
        caller: { scope: 'nobody', member: '', by: 'nobody', source, ...shown },
        hint: `The client certificate does not help: ${owner.why}.`,
      };
  }

  async function byToken(text: string): Promise<Authenticated> {
    try {
      const { token, member } = await tokens.find(text, 'access');
      const by = `token ${token.id}`;
      if (token.scope === 'operator' || token.scope === 'dashboard') {
        return { caller: { scope: token.scope, member: '', by, source, ...shown }, hint: '' };
      }
      const refusal = member === '' ? 'The token has no scope of this hub.' : memberRefusal(membership(), member);
      return refusal === undefined ? { caller: { scope: 'member', member, by, source, ...shown }, hint: '' } : { refused: refusal };
    } catch (thrown) {
      if (thrown instanceof ApiFault) return { refused: thrown.message };
      throw thrown;
    }
  }
}

function shownOf(facts: CertificateFacts): CallerCertificate {
  return { raw: facts.chain[0]?.raw ?? Buffer.alloc(0), spki: facts.spkiSha256 };
}
