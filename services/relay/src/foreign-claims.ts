import { addressDomain, splitValues } from '@guildhall/proto/sip/address';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message, nextHeader } from '@guildhall/proto/sip/message';

/** What is taken out of an answer that claims nothing: made once. */
const nothing: readonly number[] = [];

/**
 * The header fields of an answer, by index and in their order, that claim what its member cannot vouch for: an identity of a domain that is neither one of
 * `domains` (lower case) nor below one (RFC 3325 5), and another network's edge's words about whom it trusts. A URI without a domain proves nothing.
 * Hot path: an answer without such fields costs two looks at its table.
 */
export function foreignClaims(response: Message, domains: ReadonlySet<string>): readonly number[] {
  if (firstHeader(response, Header.pAssertedIdentity) < 0 && firstHeader(response, Header.edgeProxyTrust) < 0) return nothing;
  const found: number[] = [];
  for (let at = firstHeader(response, Header.edgeProxyTrust); at >= 0; at = nextHeader(response, Header.edgeProxyTrust, at)) found.push(at);
  for (let at = firstHeader(response, Header.pAssertedIdentity); at >= 0; at = nextHeader(response, Header.pAssertedIdentity, at)) {
    if (!isOwn(response, at, domains)) found.push(at);
  }
  return found.sort((one, other) => one - other);
}

function isOwn(response: Message, index: number, domains: ReadonlySet<string>): boolean {
  const end = headerValueEnd(response, index);
  let start = headerValueStart(response, index);
  for (const comma of [...splitValues(response, start, end), end]) {
    if (!isBelow(addressDomain(response, start, comma), domains)) return false;
    start = comma + 1;
  }
  return true;
}

function isBelow(domain: string, domains: ReadonlySet<string>): boolean {
  if (domains.has(domain)) return true;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) if (domains.has(domain.slice(dot + 1))) return true;
  return false;
}
