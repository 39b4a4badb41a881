import { domainFault } from '@guildhall/proto/community/domain';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import type { ExplainRequest, ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { reasons } from '@guildhall/proto/reason';
import { decide } from './decide.js';
import { type Membership, memberOfDomain } from './membership.js';

/** What is answered, or what is wrong with the question in one sentence. */
export type Explanation = { readonly response: ExplainResponse } | { readonly invalid: string };

/** Longest text of a party, characters: more than any SIP URI that can be sent. */
const maxText = 4096;
const methodShape = /^[A-Za-z0-9.!%*_+`'~-]{1,32}$/;
const eventShape = /^[a-z0-9.!%*_+`'~-]{1,64}$/;
const uriScheme = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** Who was meant by a text: a domain, which for a member id is the member's first. */
interface Named {
  readonly domain: string;
}

/** The host of `user@host:port;parameters`, in lower case and without brackets. */
function hostOf(text: string): string {
  const address = text.split(/[;?>]/, 1)[0] ?? '';
  const host = address.slice(address.lastIndexOf('@') + 1);
  const port = host.startsWith('[') ? -1 : host.indexOf(':');
  return (port < 0 ? host : host.slice(0, port)).toLowerCase().replace(/\.$/, '');
}

/** A member id, a domain, a SIP URI or a user@domain; a sentence when it is none of them. */
function readParty(membership: Membership, text: string, which: 'from' | 'to'): Named | string {
  const trimmed = text.trim();
  if (trimmed === '') return `${which} is empty: give a member id, a domain or a SIP URI.`;
  if (trimmed.length > maxText) return `${which} is longer than ${maxText} characters.`;
  const member = membership.members.get(trimmed);
  if (member !== undefined) {
    const [domain] = member.domains;
    return domain === undefined ? `Member ${member.id} has no domain, so nothing can be sent from or to it.` : { domain };
  }
  const scheme = uriScheme.exec(trimmed)?.[1]?.toLowerCase();
  const isUri = scheme === 'sip' || scheme === 'sips';
  if (scheme === 'tel') return `${which} is a telephone number, which has no domain: give the SIP URI or domain that it is reached by.`;
  if (scheme !== undefined && !isUri && !/^[^:]*:[0-9]+$/.test(trimmed))
    return `${which} ${quoted(trimmed)} is no SIP URI: ${scheme} is another scheme.`;
  const host = hostOf(isUri ? trimmed.slice(trimmed.indexOf(':') + 1) : trimmed);
  const fault = domainFault(host);
  if (fault !== undefined) return `${which} ${quoted(trimmed)} is no member id, domain or SIP URI: ${quoted(host)} ${fault}.`;
  if (!host.includes('.') && !isUri && !trimmed.includes('@') && memberOfDomain(membership, host) === undefined) {
    return `${which} ${quoted(trimmed)} is no member${didYouMean(trimmed, membership.ids)}.`;
  }
  return { domain: host };
}

/**
 * Would this get through, and why: the very decision that a request of these names meets, with every step of it. The
 * sender is taken for the member that its domain belongs to. `now` is ms since 1970.
 */
export function explain(membership: Membership, request: ExplainRequest, now: number): Explanation {
  const from = readParty(membership, request.from, 'from');
  if (typeof from === 'string') return { invalid: from };
  const to = readParty(membership, request.to, 'to');
  if (typeof to === 'string') return { invalid: to };
  const method = request.method === '' ? 'MESSAGE' : request.method;
  if (!methodShape.test(method)) return { invalid: `method ${quoted(method, 40)} is no SIP method.` };
  const event = request.event.toLowerCase();
  if (event !== '' && !eventShape.test(event)) return { invalid: `event ${quoted(event, 40)} is no event package.` };
  const sender = memberOfDomain(membership, from.domain);
  const ask: Ask = { peer: sender?.id ?? '', fromDomain: from.domain, target: { $case: 'toDomain', value: to.domain }, method, event };
  const { action, code, rule, sentence, target, contacts, steps } = decide(membership, ask, now);
  return {
    response: {
      action,
      status: reasons[code].status,
      code,
      rule,
      sentence,
      fromMember: sender?.id ?? '',
      toMember: target?.id ?? '',
      steps: steps.map((step) => ({ ...step })),
      contacts: [...contacts],
      version: membership.version,
    },
  };
}
