import { domainFault } from '@guildhall/proto/community/domain';
import { MemberStatus, type TrustMember } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Bounds } from './partner-bounds.js';

/** RFC 1035 2.3.4: nothing longer is a domain, and walking up its labels is not worth the time. */
const longestDomain = 253;

/** What ingress knows of a member: who may speak for it and what it may say it is. */
export interface TrustEntry {
  readonly id: string;
  readonly status: MemberStatus;
  /** The operator's words, when it is not active. */
  readonly statusReason: string;
  /** When it becomes active again by itself, RFC 3339, or ''. */
  readonly statusUntil: string;
  /** Fingerprints of its own authorities' certificates. */
  readonly anchors: ReadonlySet<string>;
  readonly dialsOnly: boolean;
  readonly acceptCommonName: boolean;
  /** Answers to it carry ms-diagnostics-public. */
  readonly microsoft: boolean;
  /** Another clearinghouse: it speaks for every domain that is nobody's here. */
  readonly speaksForUnknown: boolean;
  /** Set: a discovered partner, held to these. */
  readonly bounds: Bounds | undefined;
}

/** The members as of one membership version. Never changed, only replaced. */
export interface TrustTable {
  readonly version: bigint;
  readonly members: ReadonlyMap<string, TrustEntry>;
  /** Who owns a domain, lower case, for From and P-Asserted-Identity. */
  readonly domains: ReadonlyMap<string, string>;
  /** Certificate names, lower case, each with the members that claim it. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** SPKI SHA-256, lower-case hex, to the members that pin it. */
  readonly pins: ReadonlyMap<string, readonly string[]>;
  /** Fingerprints of the community's authorities, which may vouch for every member. */
  readonly communityAnchors: ReadonlySet<string>;
  /** Those of the authorities that vouch for strangers and for discovered partners; empty: there are none. */
  readonly discoveryAnchors: ReadonlySet<string>;
  /** PEM of every authority, the community's and the members', each once: what the TLS layer is given. */
  readonly anchorPems: readonly string[];
}

/** What policy told, and what its PEM texts hold. */
export interface TrustSource {
  readonly version: bigint;
  readonly anchors: readonly string[];
  readonly members: readonly TrustMember[];
  /** How strangers are met; undefined: not at all. */
  readonly discovery?: { readonly anchors: readonly string[] } | undefined;
}

/** Takes a PEM text apart: one entry for each certificate in it. Throws where it holds none. */
export type ReadAnchors = (pem: string) => readonly { readonly fingerprint: string; readonly pem: string }[];

/**
 * Builds the table. A PEM text that cannot be read vouches for nobody; it is handed to `broken` (member id, or '' for the community's).
 */
export function trustTable(source: TrustSource, readAnchors: ReadAnchors, broken: (member: string) => void): TrustTable {
  const members = new Map<string, TrustEntry>();
  const domains = new Map<string, string>();
  const names = new Map<string, string[]>();
  const pins = new Map<string, string[]>();
  const pems = new Map<string, string>();
  const fingerprints = (texts: readonly string[], member: string): ReadonlySet<string> => {
    const found = new Set<string>();
    for (const text of texts) {
      try {
        for (const anchor of readAnchors(text)) {
          found.add(anchor.fingerprint);
          pems.set(anchor.fingerprint, anchor.pem);
        }
      } catch {
        broken(member);
      }
    }
    return found;
  };

  const communityAnchors = fingerprints(source.anchors, '');
  const discoveryAnchors = fingerprints(source.discovery?.anchors ?? [], '');
  for (const member of source.members) {
    if (member.status === MemberStatus.UNKNOWN) continue;
    members.set(member.id, {
      id: member.id,
      status: member.status,
      statusReason: member.statusReason,
      statusUntil: member.statusUntil,
      // They are many and the same for all of them, so they are not told with each.
      anchors: member.bounds === undefined ? fingerprints(member.anchors, member.id) : discoveryAnchors,
      dialsOnly: member.dialsOnly,
      acceptCommonName: member.acceptCommonName,
      microsoft: member.microsoft,
      speaksForUnknown: member.speaksForUnknown,
      bounds: member.bounds,
    });
    for (const domain of member.domains) domains.set(domain, member.id);
    for (const name of member.names) claim(names, name, member.id);
    for (const pin of member.pins) claim(pins, pin, member.id);
  }
  return { version: source.version, members, domains, names, pins, communityAnchors, discoveryAnchors, anchorPems: [...pems.values()] };
}

function claim(table: Map<string, string[]>, key: string, member: string): void {
  const claimants = table.get(key);
  if (claimants === undefined) table.set(key, [member]);
  // Members come one after the other, so one that claims a name twice was the last to do so.
  else if (claimants.at(-1) !== member) claimants.push(member);
}

/**
 * What is known after policy answered for some members: those asked about are replaced, or gone where the answer says so or leaves them out;
 * everybody else stays.
 */
export function mergeTrust(known: TrustSource, asked: readonly string[], answer: TrustSource): TrustSource {
  const replaced = new Set(asked);
  const kept = known.members.filter((member) => !replaced.has(member.id));
  const told = answer.members.filter((member) => replaced.has(member.id) && member.status !== MemberStatus.UNKNOWN);
  return { version: answer.version, anchors: answer.anchors, members: [...kept, ...told], discovery: answer.discovery };
}

/** Who owns a domain (lower case): its own entry, else that of the nearest domain above it; undefined when nobody does. Hot path. */
export function ownerOfDomain(table: TrustTable, domain: string): string | undefined {
  const exact = table.domains.get(domain);
  if (exact !== undefined) return exact;
  if (domain.length > longestDomain) return undefined;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    const owner = table.domains.get(domain.slice(dot + 1));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/**
 * Whether a member may use a domain (lower case): its own, or, being another clearinghouse, one that is nobody's here and not the hub's own.
 * Hot path.
 */
export function speaksForDomain(table: TrustTable, member: string, domain: string, hubDomain: string): boolean {
  const owner = ownerOfDomain(table, domain);
  if (owner !== undefined) return owner === member;
  return table.members.get(member)?.speaksForUnknown === true && domain !== hubDomain && domainFault(domain) === undefined;
}
