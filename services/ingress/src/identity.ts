import type { ReasonCode } from '@guildhall/proto/reason';
import { addressDomain, splitValues } from '@guildhall/proto/sip/address';
import { addressParts } from '@guildhall/proto/sip/check';
import { printable } from '@guildhall/proto/sip/escape';
import { Header } from '@guildhall/proto/sip/header-name';
import { lowerHost } from '@guildhall/proto/sip/host';
import { firstHeader, headerValueEnd, headerValueStart, type Message, nextHeader } from '@guildhall/proto/sip/message';

/** Whether a member may say that it is somebody of a domain (lower case, never ''): its own, or one below it, and nobody else's. */
export type SpeaksFor = (member: string, domain: string) => boolean;

/** Why an identity is not believed. */
export interface IdentityRefusal {
  readonly code: ReasonCode;
  readonly sentence: string;
}

/** The domain of the From URI, lower case; '' where it has none. Hot path. */
export function fromDomain(request: Message): string {
  const from = addressParts(request, Header.from);
  if (from === undefined || from.host < 0) return '';
  return lowerHost(request, from.host - request.start, from.hostEnd - request.start);
}

/**
 * Whether the peer may say who it says it is: the From domain and every P-Asserted-Identity must be one of its domains or below one, and
 * not another member's; another clearinghouse speaks for what is nobody's here. A URI without a domain (tel) proves nothing and is refused: nobody behind the hub could check it.
 * Undefined when all is well.
 */
export function identityRefusal(request: Message, member: string, from: string, speaksFor: SpeaksFor): IdentityRefusal | undefined {
  if (from === '' || !speaksFor(member, from)) return { code: 'from-not-yours', sentence: notYours('From', from, member) };
  // RFC 3325 9.1: one or two values, in one field or several.
  for (let at = firstHeader(request, Header.pAssertedIdentity); at >= 0; at = nextHeader(request, Header.pAssertedIdentity, at)) {
    const end = headerValueEnd(request, at);
    let start = headerValueStart(request, at);
    for (const comma of splitValues(request, start, end)) {
      const refusal = assertedRefusal(request, start, comma, member, speaksFor);
      if (refusal !== undefined) return refusal;
      start = comma + 1;
    }
    const refusal = assertedRefusal(request, start, end, member, speaksFor);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function assertedRefusal(request: Message, start: number, end: number, member: string, speaksFor: SpeaksFor): IdentityRefusal | undefined {
  const domain = addressDomain(request, start, end);
  if (domain !== '' && speaksFor(member, domain)) return undefined;
  return { code: 'asserted-identity-not-yours', sentence: notYours('P-Asserted-Identity', domain, member) };
}

function notYours(field: string, domain: string, member: string): string {
  if (domain === '') return `${field} names no domain, so ${member} cannot show that it is its own`;
  return `${field} names ${printable(domain)}, which is not a domain of ${member}`;
}
