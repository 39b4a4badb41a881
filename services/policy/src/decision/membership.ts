import type { Rule } from './rule.js';

/** The three federation models (DESIGN: clearinghouse, limited clearinghouse, direct). */
export type Model = 'clearinghouse' | 'limited-clearinghouse' | 'direct';
/**
 * What a member is to the community: one of its own (`member`, `internal` in the direct model), a `partner` of the direct model, one
 * met by DNS (`discovered`), or the hub of another community (`clearinghouse`).
 */
export type Role = 'member' | 'internal' | 'partner' | 'clearinghouse' | 'discovered';
/** Only active members send and receive. */
export type Status = 'active' | 'pending' | 'suspended' | 'quarantined';

/** A SIP element of a member's that the hub can dial. */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Of these its certificate must carry one; the first is sent as SNI. */
  readonly names: readonly string[];
  readonly priority: number;
  readonly weight: number;
}

/** An organization the hub knows, as decisions, trust and doors are made from it. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly status: Status;
  /** The operator's words on a status that is not active, or ''. */
  readonly statusReason: string;
  /** When it becomes active again by itself, RFC 3339, or ''. */
  readonly statusUntil: string;
  readonly domains: readonly string[];
  readonly groups: ReadonlySet<string>;
  /** In the order in which to try them, weight aside. */
  readonly proxies: readonly Proxy[];
  /** The domain under which it is found by DNS instead, or ''. */
  readonly lookup: string;
  /** Of these a certificate that speaks for the member must carry one. */
  readonly names: readonly string[];
  /** PEM, for this member only. */
  readonly anchors: readonly string[];
  /** PEM of the revocation lists of those. */
  readonly revocationLists: readonly string[];
  /** SPKI SHA-256, lower-case hex. */
  readonly pins: readonly string[];
  readonly acceptCommonName: boolean;
  /** Name of the listener it is served by, or '' for the first. */
  readonly interface: string;
  /** Its refusals carry ms-diagnostics-public. */
  readonly microsoft: boolean;
}

/** What two members agreed on: that the hub relays between them, or sends one to the door of the other. */
export interface Agreement {
  readonly first: string;
  readonly second: string;
  readonly mode: 'relay' | 'redirect';
  /** Who of the two has accepted. */
  readonly acceptedBy: ReadonlySet<string>;
  /** It holds from (included) until (excluded), ms since 1970; unbounded are -Infinity and Infinity. */
  readonly from: number;
  readonly until: number;
}

/** How organizations that are no members are met. */
export interface Discovery {
  readonly anchors: readonly string[];
  readonly requestsPerSecond: number;
  readonly contacts: number;
  readonly suspectRequestsPerSecond: number;
  readonly partners: number;
}

/** The community as it is in force: immutable, made by `compile`, replaced as a whole. Every look-up is O(1) in members. */
export interface Membership {
  /** Highest revision of the bucket that it was made from; grows with every change. */
  readonly version: bigint;
  readonly community: {
    readonly id: string;
    readonly name: string;
    readonly model: Model;
    /** The hub's own SIP domain. */
    readonly domain: string;
    /** PEM: those of the community file, then the hub's own authority. */
    readonly anchors: readonly string[];
    readonly revocationLists: readonly string[];
    /** What becomes of two active members' request of which no rule and no agreement speaks. */
    readonly otherwise: 'allow' | 'deny';
    /** The clearinghouse that gets what is for a domain of nobody; undefined: nobody does. */
    readonly defaultRoute: Member | undefined;
    readonly discovery: Discovery | undefined;
  };
  readonly members: ReadonlyMap<string, Member>;
  /** Ids of all members, sorted. */
  readonly ids: readonly string[];
  /** By exact domain. */
  readonly domains: ReadonlyMap<string, Member>;
  /** By `pairKey`. */
  readonly agreements: ReadonlyMap<string, Agreement>;
  /** In order. */
  readonly rules: readonly Rule[];
  /** The rules that can fit a method that some rule names, in order. */
  readonly rulesByMethod: ReadonlyMap<string, readonly Rule[]>;
  /** The rules that can fit any other method, in order. */
  readonly rulesForAnyMethod: readonly Rule[];
}

/** The key of an agreement, the same whichever member is named first. Ids have no spaces. */
export function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/**
 * The member that serves a domain: the one that has it, or else the one that has its nearest parent, so that acme.example
 * stands for sales.acme.example too unless another member has that. The hub's own domain belongs to nobody, but its
 * subdomains may.
 */
export function memberOfDomain(membership: Membership, domain: string): Member | undefined {
  if (domain === membership.community.domain) return undefined;
  let rest = domain;
  for (;;) {
    const member = membership.domains.get(rest);
    if (member !== undefined) return member;
    const dot = rest.indexOf('.');
    if (dot < 0) return undefined;
    rest = rest.slice(dot + 1);
  }
}

/** The rules that can fit a method, in order. */
export function rulesFor(membership: Membership, method: string): readonly Rule[] {
  return membership.rulesByMethod.get(method) ?? membership.rulesForAnyMethod;
}

/** The agreement of two members, if there is one, in force or not. */
export function agreementOf(membership: Membership, one: string, other: string): Agreement | undefined {
  return membership.agreements.get(pairKey(one, other));
}
