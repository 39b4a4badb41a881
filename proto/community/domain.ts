import { z } from 'zod';

const labelCharacters = /^[a-z0-9-]+$/;
const digits = /^[0-9]+$/;
const beginsWithDigit = /^[0-9]/;
const nonAscii = /[^\x20-\x7e]/;

/** Whether a text is an IPv4 or IPv6 address, the latter without brackets. */
export function isIpAddress(text: string): boolean {
  if (text.length > 45) return false;
  // Most texts are names, and a look is cheaper than a pattern.
  return text.includes(':') ? z.regexes.ipv6.test(text) : beginsWithDigit.test(text) && z.regexes.ipv4.test(text);
}

/**
 * What keeps a text from being a domain of a community, in words that continue "<the text> ..."; undefined when nothing does.
 * A domain is lower-case ASCII, letters, digits and hyphens in labels of 1 to 63, 253 characters in all, without a final dot
 * (RFC 1034 3.5, RFC 1123 2.1). Wildcards are refused because SIP forbids them in certificates (RFC 5922 7.2), IP addresses
 * because they identify a machine and no organization.
 */
export function domainFault(text: string): string | undefined {
  if (text === '') return 'is empty: write a domain such as acme.example';
  if (text.length > 253) return 'is longer than the 253 characters a domain may have';
  if (nonAscii.test(text)) return 'is not printable ASCII: write an international domain in its xn-- form';
  if (text.includes('*')) return 'has a wildcard: name the domain itself, its subdomains are served along with it';
  if (text.includes('@') || text.startsWith('sip:') || text.startsWith('sips:')) return 'is an address: write only its domain';
  if (isIpAddress(text) || text.startsWith('[')) return 'is an IP address: write a domain';
  if (text.includes(':')) return 'has a port: write only the domain';
  if (text.endsWith('.')) return 'ends with a dot: leave the dot out';
  if (text !== text.toLowerCase()) return `has capital letters: write ${text.toLowerCase()}`;
  const labels = text.split('.');
  for (const label of labels) {
    if (label === '') return 'has an empty label between two dots or in front';
    if (label.length > 63) return 'has a label longer than 63 characters';
    if (!labelCharacters.test(label)) return 'has a character that a domain may not have: use a-z, 0-9, hyphens and dots';
    if (label.startsWith('-') || label.endsWith('-')) return 'has a label that begins or ends with a hyphen';
  }
  if (digits.test(labels.at(-1) ?? '')) return 'ends in a number: write a domain';
  return undefined;
}

/** Like `domainFault` for a machine to listen on or to dial: a domain name or an IP address without brackets. */
export function hostFault(text: string): string | undefined {
  if (isIpAddress(text)) return undefined;
  if (text.startsWith('[')) return 'has brackets: write an IPv6 address without them';
  return domainFault(text);
}
