import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { sipNames } from '@guildhall/chassis/certificate';
import { reasonOfCode, weakness } from '@guildhall/chassis/certificate-reason';
import { MemberStatus } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { CloseReason } from '@guildhall/proto/reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { TrustTable } from './trust.js';
import type { Vouching } from './vouching.js';

/** What is kept of a certificate: nothing that must be freed. */
export type ShownLeaf = Omit<CertificateFacts, 'chain'>;

/** What the handshake showed of the far end. */
export interface PeerFacts {
  /** Undefined: it sent no certificate that can be read. */
  readonly certificate: ShownLeaf | undefined;
  readonly vouching: Vouching;
  /** Whether it carries subject alternative names at all, of whatever type and however written. */
  readonly hasAlternativeNames: boolean;
  /** Whether its chain holds a revoked certificate; 'unknown' while nobody has said yet what is revoked. */
  readonly revoked: 'unknown' | 'none' | 'leaf' | 'between';
  /** The issuer at which the chain breaks off, see `missingIssuer`; '' when nothing is missing. */
  readonly missingIssuer: string;
}

/** Who is at the other end of a connection, or why it is closed before a byte of SIP is read. */
export type Peer =
  | { readonly kind: 'member'; readonly id: string; readonly via: 'uri' | 'dns' | 'common-name' | 'pin'; readonly name: string }
  | { readonly kind: 'closed'; readonly reason: CloseReason; readonly detail: string };

const closed = (reason: CloseReason, detail: string): Peer => ({ kind: 'closed', reason, detail });

/**
 * DESIGN 7: a member is believed when its leaf is pinned and in date (and is not, by its chain, another member's), or when OpenSSL authorized the chain, every anchor behind it may vouch for
 * that member, and a name in it is one of the member's; and it is not revoked, pinned or not. No error code is ever tolerated. `now` is wall time, ms.
 */
export function decidePeer(facts: PeerFacts, trust: TrustTable | undefined, now: number): Peer {
  if (trust === undefined) return closed('trust-unknown', 'the membership was not read yet');
  if (facts.revoked === 'unknown') return closed('trust-unknown', 'the revocation lists were not read yet');
  const certificate = facts.certificate;
  if (certificate === undefined) return closed('no-certificate', 'the peer presented no certificate');

  const pinned = trust.pins.get(certificate.spkiSha256);
  // Put so that a date that cannot be read (NaN) refuses.
  if (!(now >= certificate.validFrom)) return closed('not-yet-valid', `valid from ${day(certificate.validFrom)}`);
  if (!(now <= certificate.validTo)) return closed('expired', `valid to ${day(certificate.validTo)}`);
  if (facts.revoked === 'leaf') return closed('revoked', 'its authority has revoked it');
  const vouched = byChain(certificate, facts, trust);
  // A public key is no secret: whoever pins somebody else's takes nobody's certificate away.
  const ofAnother = vouched.kind === 'member' && pinned?.includes(vouched.id) === false;
  return pinned === undefined || ofAnother ? vouched : oneOf(pinned, trust, 'pin', 'the pinned key');
}

/** Who it is by the authorities behind its chain and the names in it. */
function byChain(certificate: ShownLeaf, facts: PeerFacts, trust: TrustTable): Peer {
  if (facts.revoked === 'between') return closed('revoked', 'a certificate between it and its authority is revoked');
  const refusal = chainRefusal(certificate, facts);
  if (refusal !== undefined) return refusal;
  const peer = byName(certificate, facts.hasAlternativeNames, trust);
  return peer.kind === 'closed' ? peer : (anchorRefusal(facts.vouching, peer.id, trust) ?? peer);
}

/** Why the authorities behind the chain may not vouch for this member; undefined when they may. */
function anchorRefusal({ possible, sound }: Vouching, id: string, trust: TrustTable): Peer | undefined {
  const own = trust.members.get(id)?.anchors;
  const allowed = possible.length > 0 && possible.every((anchor) => trust.communityAnchors.has(anchor) || own?.has(anchor) === true);
  if (!allowed) return closed('untrusted-authority', `the authority behind the certificate may not vouch for ${id}`);
  if (sound.length > 0) return undefined;
  return closed('broken-chain', 'a certificate between may not issue others, is out of date, or is restricted to certain names');
}

/** Why the chain itself is not good enough; undefined when OpenSSL authorized it. */
function chainRefusal(certificate: ShownLeaf, { vouching, missingIssuer }: PeerFacts): Peer | undefined {
  const weak = weakness(certificate.keyKind, certificate.keyBits);
  if (weak !== '') return closed('weak-key', weak);
  if (certificate.authorized && certificate.authorizationError === '') return undefined;
  const code = certificate.authorizationError;
  // A self-attached unknown authority also shows as INVALID_PURPOSE, so whose chain it is comes first.
  if (vouching.possible.length === 0) {
    return missingIssuer === ''
      ? closed('untrusted-authority', `no authority of this community is behind it (${code})`)
      : closed('broken-chain', `the certificate of its issuer ${printable(oneLine(missingIssuer))} was not sent (${code})`);
  }
  return closed(reasonOfCode(code, 'client'), `OpenSSL says ${code === '' ? 'no' : code}`);
}

/** Node writes a distinguished name with one attribute a line. */
function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

/** RFC 5922 7.1: the hosts of sip URIs first, then DNS names; the common name only where there is neither and the operator said so. */
function byName(certificate: ShownLeaf, hasAlternativeNames: boolean, trust: TrustTable): Peer {
  const inUris = claimants(sipNames({ ...certificate, dnsNames: [] }), trust);
  if (inUris.members.length > 0) return oneOf(inUris.members, trust, 'uri', inUris.name);
  const inDns = claimants(sipNames({ ...certificate, uris: [] }), trust);
  if (inDns.members.length > 0) return oneOf(inDns.members, trust, 'dns', inDns.name);

  const wildcard = certificate.dnsNames.find((name) => name.startsWith('*.') && coversSomeName(name.slice(1).toLowerCase(), trust));
  if (wildcard !== undefined) return closed('wildcard-name', `only ${printable(wildcard)} would fit`);
  if (hasAlternativeNames) {
    return closed('name-of-no-member', `carries ${printable([...certificate.uris, ...certificate.dnsNames].join(' '))}`);
  }
  return byCommonName(certificate, trust);
}

function byCommonName(certificate: ShownLeaf, trust: TrustTable): Peer {
  const name = certificate.commonName.toLowerCase();
  const accepting = (trust.names.get(name) ?? []).filter((id) => trust.members.get(id)?.acceptCommonName === true);
  if (accepting.length > 0) return oneOf(accepting, trust, 'common-name', name);
  return closed('common-name-only', `common name ${printable(certificate.commonName)}`);
}

/** RFC 5922 7.2: a wildcard matches nothing; this only tells a better reason. `suffix` begins with a dot. */
function coversSomeName(suffix: string, trust: TrustTable): boolean {
  for (const name of trust.names.keys()) if (name.endsWith(suffix) && !name.slice(0, -suffix.length).includes('.')) return true;
  return false;
}

/** Members that claim one of the names, and the first name that one claims. */
function claimants(names: readonly string[], trust: TrustTable): { members: string[]; name: string } {
  const members = new Set<string>();
  let first = '';
  for (const name of names) {
    for (const id of trust.names.get(name) ?? []) {
      members.add(id);
      if (first === '') first = name;
    }
  }
  return { members: [...members], name: first };
}

function oneOf(ids: readonly string[], trust: TrustTable, via: 'uri' | 'dns' | 'common-name' | 'pin', name: string): Peer {
  const [id, another] = ids;
  if (another !== undefined) return closed('names-of-several-members', `it speaks for ${ids.join(', ')}`);
  const entry = id === undefined ? undefined : trust.members.get(id);
  if (entry === undefined) return closed('name-of-no-member', 'the member is gone');
  if (entry.status !== MemberStatus.ACTIVE) {
    const until = entry.statusUntil === '' ? '' : ` until ${printable(entry.statusUntil.replace('.000Z', 'Z'))}`;
    const why = entry.statusReason === '' ? '' : `: ${printable(entry.statusReason)}`;
    return closed('member-not-active', `${entry.id} is ${statusWord(entry.status)}${until}${why}`);
  }
  return { kind: 'member', id: entry.id, via, name };
}

function statusWord(status: MemberStatus): string {
  switch (status) {
    case MemberStatus.PENDING:
      return 'pending';
    case MemberStatus.SUSPENDED:
      return 'suspended';
    case MemberStatus.QUARANTINED:
      return 'quarantined';
    default:
      return 'not active';
  }
}

function day(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'an unreadable date';
}
