import { domainFault } from '@guildhall/proto/community/domain';
import { quoted } from '@guildhall/proto/community/quoted';
import type { SigningRequest } from './signing-request.js';

/** What a certificate's owner may be called. */
export interface VettedNames {
  /** Whose names they are, for sentences: "member acme". */
  readonly owner: string;
  /** Its SIP domains, lower case. */
  readonly domains: readonly string[];
  /** Every DNS name that its certificates may carry, its domains among them. */
  readonly names: readonly string[];
  /** Why a name is not among them, in words that continue "it ...", where more is known than that it is not. */
  why?(name: string): string | undefined;
}

/** The names of a certificate, or a sentence about the one that the asker may not have. */
export type GrantedNames =
  | { readonly sipDomains: readonly string[]; readonly dnsNames: readonly string[] }
  | { readonly refused: string; readonly cure: string };

/**
 * The names a certificate is to carry. A request without names gets all that are vetted. One with names gets those, and an
 * unvetted one among them refuses it as a whole; so does a common name that reads like a domain. What comes to a domain is said
 * both as URI and as DNS name (RFC 5922 7.1), and where no domain is asked for, the owner's are added as URI, because without one
 * the certificate would speak for nobody.
 */
export function grantNames(request: Pick<SigningRequest, 'commonName' | 'sipDomains' | 'dnsNames'>, vetted: VettedNames): GrantedNames {
  const names = new Set(vetted.names);
  const domains = new Set(vetted.domains);
  const common = request.commonName.toLowerCase();
  const asked = [...request.sipDomains, ...request.dnsNames];
  const looksLikeName = common.includes('*') || (common.includes('.') && domainFault(common) === undefined);
  const unvetted = (looksLikeName ? [...asked, common] : asked).find((name) => !names.has(name));
  if (unvetted !== undefined) return refusal(unvetted, vetted);
  const host = request.sipDomains.find((name) => !domains.has(name));
  if (host !== undefined) {
    return {
      refused: `The signing request asks for ${quoted(`sip:${host}`)}, but that is a name of a proxy of ${vetted.owner} and no SIP domain of it.`,
      cure: 'ask for it as DNS name instead',
    };
  }
  if (asked.length === 0) return { sipDomains: vetted.domains, dnsNames: [...names] };
  const named = vetted.domains.filter((domain) => asked.includes(domain));
  const hosts = request.dnsNames.filter((name) => !domains.has(name));
  if (named.length === 0) return { sipDomains: vetted.domains, dnsNames: hosts };
  return { sipDomains: named, dnsNames: [...named, ...hosts] };
}

function refusal(name: string, { owner, why }: VettedNames): GrantedNames {
  const known = domainFault(name) ?? why?.(name);
  return {
    refused: `The signing request asks for ${quoted(name)}, which ${owner} may not have: it ${known ?? 'is neither a domain of it nor a name of one of its proxies'}.`,
    cure: known === undefined ? 'ask for other names, or have the operator add the proxy or allow the name' : 'ask for other names',
  };
}
