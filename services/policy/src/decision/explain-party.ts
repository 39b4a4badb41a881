import { domainFault } from '@guildhall/proto/community/domain';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import { plainUser } from '@guildhall/proto/sip/user';
import { type Membership, memberOfDomain } from './membership.js';

/** Who was meant by a text: a domain, which for a member id is the member's first, and the user if one was named. */
export interface Named {
  readonly domain: string;
  /** "ada@acme.example", or ''. */
  readonly user: string;
}

/** Longest text of a party, characters: more than any SIP URI that can be sent. */
const maxText = 4096;
const uriScheme = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** User and host of `user:password@host:port;parameters`, the host in lower case and without brackets. */
function partsOf(text: string): { user: string; host: string } {
  const address = text.split(/[;?>]/, 1)[0] ?? '';
  const at = address.lastIndexOf('@');
  const host = address.slice(at + 1);
  const port = host.startsWith('[') ? -1 : host.indexOf(':');
  const user = at < 1 ? '' : plainUser(address.slice(0, at).split(':', 1)[0] ?? '');
  return { user, host: (port < 0 ? host : host.slice(0, port)).toLowerCase().replace(/\.$/, '') };
}

/** A member id, a domain, a SIP URI or a user@domain; a sentence when it is none of them. */
export function readParty(membership: Membership, text: string, which: 'from' | 'to'): Named | string {
  const trimmed = text.trim();
  if (trimmed === '') return `${which} is empty: give a member id, a domain or a SIP URI.`;
  if (trimmed.length > maxText) return `${which} is longer than ${maxText} characters.`;
  const member = membership.members.get(trimmed);
  if (member !== undefined) {
    const [domain] = member.domains;
    return domain === undefined ? `Member ${member.id} has no domain, so nothing can be sent from or to it.` : { domain, user: '' };
  }
  const scheme = uriScheme.exec(trimmed)?.[1]?.toLowerCase();
  const isUri = scheme === 'sip' || scheme === 'sips';
  if (scheme === 'tel') return `${which} is a telephone number, which has no domain: give the SIP URI or domain that it is reached by.`;
  if (scheme !== undefined && !isUri && !/^[^:]*:[0-9]+$/.test(trimmed))
    return `${which} ${quoted(trimmed)} is no SIP URI: ${scheme} is another scheme.`;
  const { user, host } = partsOf(isUri ? trimmed.slice(trimmed.indexOf(':') + 1) : trimmed);
  const fault = domainFault(host);
  if (fault !== undefined) return `${which} ${quoted(trimmed)} is no member id, domain or SIP URI: ${quoted(host)} ${fault}.`;
  if (!host.includes('.') && !isUri && !trimmed.includes('@') && memberOfDomain(membership, host) === undefined) {
    return `${which} ${quoted(trimmed)} is no member${didYouMean(trimmed, membership.ids)}.`;
  }
  return { domain: host, user: user === '' ? '' : `${user}@${host}` };
}
