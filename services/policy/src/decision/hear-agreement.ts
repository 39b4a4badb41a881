import { isIpAddress } from '@guildhall/proto/community/domain';
import type { Hearing } from './hearing.js';
import { type Agreement, agreementOf, type Member } from './membership.js';
import { agreementText } from './sentence.js';

/** What the agreement of two members does to a request. */
export interface AgreementHeard {
  /** It is in force. */
  readonly name: string | undefined;
  /** Where to send instead, most preferred first; empty: through the hub. */
  readonly contacts: readonly string[];
  /** Ms until it begins or ends; Infinity: never. */
  readonly holdsFor: number;
}

const none: AgreementHeard = { name: undefined, contacts: [], holdsFor: Number.POSITIVE_INFINITY };

function isAccepted({ first, second, acceptedBy }: Agreement): boolean {
  return acceptedBy.has(first) && acceptedBy.has(second);
}

function untilChange({ from, until }: Agreement, now: number): number {
  return now < from ? from - now : now < until ? until - now : Number.POSITIVE_INFINITY;
}

/** Where to send what is redirected. Hosts are names or addresses of the membership, never of a peer. */
function contactsOf({ proxies, lookup }: Member): string[] {
  if (proxies.length === 0 && lookup !== '') return [`sip:${lookup};transport=tls`];
  return proxies.map(({ host, port }) => `sip:${isIpAddress(host) && host.includes(':') ? `[${host}]` : host}:${port};transport=tls`);
}

/**
 * The agreement of two members, in the model that has agreements. What is within a dialog stays on the way the dialog was
 * opened, so it is never redirected. `now` is ms since 1970.
 */
export function hearAgreement({ membership, ask, steps }: Hearing, peer: Member, target: Member, now: number): AgreementHeard {
  if (membership.community.model !== 'limited-clearinghouse') return none;
  const agreement = agreementOf(membership, peer.id, target.id);
  if (agreement === undefined) {
    steps.push({ subject: 'agreement', finding: `${peer.id} and ${target.id} have no agreement` });
    return none;
  }
  steps.push({ subject: 'agreement', finding: agreementText(agreement, now) });
  if (!isAccepted(agreement)) return none;
  const holdsFor = untilChange(agreement, now);
  if (!(now >= agreement.from && now < agreement.until)) return { ...none, holdsFor };
  const redirects = agreement.mode === 'redirect' && ask.target?.$case === 'toDomain';
  return { name: `agreement ${agreement.first} ${agreement.second}`, contacts: redirects ? contactsOf(target) : [], holdsFor };
}
