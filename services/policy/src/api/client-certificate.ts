import type { X509Certificate } from 'node:crypto';
import { type CertificateFacts, chainEndsIn, isNameConstrained, parseAnchors, sipNames } from '@guildhall/chassis/certificate';
import { weakness } from '@guildhall/chassis/certificate-reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { Member, Membership } from '../decision/membership.js';

/** What a client certificate is judged by. */
export interface CertificateSources {
  membership(): Membership | undefined;
  /** SPKI SHA-256 of operators' certificates, lower-case hex. */
  readonly operators: ReadonlySet<string>;
  /** Why one of the certificates may not be used any more, in a few words; undefined: all may. Their issuers are among them and the anchors. */
  revoked(chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): string | undefined;
  /** Time of day in ms. */
  wall(): number;
}

/** Whose certificate it is, or in a few words why it is nobody's. */
export type CertificateOwner =
  | { readonly kind: 'operator' }
  | { readonly kind: 'member'; readonly member: Member }
  | { readonly kind: 'nobody'; readonly why: string };

const nobody = (why: string): CertificateOwner => ({ kind: 'nobody', why });

/**
 * Judges client certificates as the SIP door does (DESIGN 7): an operator's by its pinned key; a member's by its pinned key, or by a chain
 * that OpenSSL authorized and that ends in the community's or that member's own anchors, with a name of the member's in it. The
 * common name never counts here.
 */
export function certificateJudge({
  membership,
  operators,
  revoked,
  wall,
}: CertificateSources): (facts: CertificateFacts) => CertificateOwner {
  const indexes = new WeakMap<Membership, Index>();
  const indexOf = (inForce: Membership): Index => {
    const known = indexes.get(inForce);
    if (known !== undefined) return known;
    const made = indexMembers(inForce);
    indexes.set(inForce, made);
    return made;
  };

  return (facts) => {
    const now = wall();
    // Put so that a date that cannot be read refuses.
    if (!(now >= facts.validFrom && now <= facts.validTo)) return nobody('it is out of date');
    if (operators.has(facts.spkiSha256)) return { kind: 'operator' };
    const inForce = membership();
    if (inForce === undefined) return nobody('the membership is not loaded yet');
    const index = indexOf(inForce);
    const pinned = index.pins.get(facts.spkiSha256);
    const vouched = byChain(facts, index, inForce, now);
    // A public key is no secret: whoever pins somebody else's takes nobody's certificate away.
    const ofAnother = vouched.kind === 'member' && pinned?.has(vouched.member) === false;
    const byPin = pinned !== undefined && !ofAnother;
    const found = byPin ? oneOf(pinned) : vouched;
    if (found.kind !== 'member') return found;
    // A pin stands for the leaf alone: what is between it and an authority is no matter.
    const judged = byPin ? facts.chain.slice(0, 1) : facts.chain;
    const why = revoked(judged, [...facts.chain, ...anchorsFor(found.member, inForce)]);
    return why === undefined ? found : nobody(why);
  };
}

function byChain(facts: CertificateFacts, { names }: Index, inForce: Membership, now: number): CertificateOwner {
  const weak = weakness(facts.keyKind, facts.keyBits);
  if (weak !== '') return nobody(`its key is too weak (${weak})`);
  if (!facts.authorized) return nobody(`no authority of this community vouches for it (${facts.authorizationError || 'unknown'})`);
  const named = oneOf(new Set(sipNames(facts).flatMap((name) => [...(names.get(name) ?? [])])));
  if (named.kind !== 'member') return named;
  if (facts.chain.slice(1).some(isNameConstrained)) return nobody('its chain is restricted to certain names');
  if (chainEndsIn(facts, anchorsFor(named.member, inForce), now)) return named;
  return nobody(`the authority behind it may not vouch for ${named.member.id}`);
}

interface Index {
  readonly pins: ReadonlyMap<string, ReadonlySet<Member>>;
  readonly names: ReadonlyMap<string, ReadonlySet<Member>>;
}

function indexMembers({ members }: Membership): Index {
  const pins = new Map<string, Set<Member>>();
  const names = new Map<string, Set<Member>>();
  const put = (map: Map<string, Set<Member>>, key: string, member: Member) => map.set(key, (map.get(key) ?? new Set()).add(member));
  for (const member of members.values()) {
    for (const pin of member.pins) put(pins, pin, member);
    for (const name of member.names) put(names, name, member);
  }
  return { pins, names };
}

function oneOf(members: ReadonlySet<Member>): CertificateOwner {
  const [member, another] = members;
  if (member === undefined) return nobody('it names no member');
  return another === undefined ? { kind: 'member', member } : nobody('it speaks for several members');
}

/** Who may vouch for a member: those that can be parsed; what is wrong with the others is told where the membership is compiled. */
function anchorsFor({ anchors }: Member, { community }: Membership): X509Certificate[] {
  return [...community.anchors, ...anchors].flatMap((pem) => {
    try {
      return parseAnchors([pem]);
    } catch {
      return [];
    }
  });
}

/** Why a member may not use the API, in one sentence; undefined when it may. A pending one may, so that it can get ready. */
export function memberRefusal(membership: Membership | undefined, id: string): string | undefined {
  const member = membership?.members.get(id);
  if (membership === undefined) return 'The hub has no membership yet: see /readyz of policy for why.';
  if (member === undefined) return `There is no member ${id} (any more).`;
  if (member.status === 'active' || member.status === 'pending') return undefined;
  const reason = member.statusReason === '' ? '' : `: ${printable(member.statusReason, 200)}`;
  const until = member.statusUntil === '' ? '' : ` (until ${member.statusUntil.replace('.000Z', 'Z')})`;
  return `Member ${id} is ${member.status}${until}${reason}.`;
}
