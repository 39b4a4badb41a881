import { MemberStatus, type PartnerBounds, TrustMember, TrustPage, type TrustRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Discovery, Member, Membership, Status } from '../decision/membership.js';

const statuses: Readonly<Record<Status, MemberStatus>> = {
  active: MemberStatus.ACTIVE,
  pending: MemberStatus.PENDING,
  suspended: MemberStatus.SUSPENDED,
  quarantined: MemberStatus.QUARANTINED,
};

function trustMember(member: Member, discovery: Discovery | undefined): TrustMember {
  return {
    id: member.id,
    status: statuses[member.status],
    statusReason: member.statusReason,
    domains: [...member.domains],
    names: [...member.names],
    pins: [...member.pins],
    anchors: [...member.anchors],
    dialsOnly: member.proxies.length === 0 && member.lookup === '',
    acceptCommonName: member.acceptCommonName,
    statusUntil: member.statusUntil,
    speaksForUnknown: member.role === 'clearinghouse',
    microsoft: member.microsoft,
    ...(member.role === 'discovered' && discovery !== undefined ? { bounds: boundsOf(discovery) } : {}),
  };
}

function boundsOf({ requestsPerSecond, contacts, suspectRequestsPerSecond }: Discovery): PartnerBounds {
  return { requestsPerSecond, contacts, suspectRequestsPerSecond };
}

/** An id that is no member (any more): what is known of it is to be forgotten. */
function stranger(id: string): TrustMember {
  return {
    id,
    status: MemberStatus.UNKNOWN,
    statusReason: '',
    domains: [],
    names: [],
    pins: [],
    anchors: [],
    dialsOnly: false,
    acceptCommonName: false,
    statusUntil: '',
    speaksForUnknown: false,
    microsoft: false,
  };
}

/** The place of the first id behind `after` in a sorted list. */
function placeAfter(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Bytes by which one more member makes a page longer: itself, its tag and its length. */
function bytesOf(member: TrustMember): number {
  return TrustMember.encode(member).finish().length + 6;
}

/**
 * One page of what ingress needs to tell members by their certificates and to check their From domains, in the order of
 * ids, members that are not active included. A page has at most `maxBytes` encoded, or one member where that alone is
 * larger; `next` is where the following page begins.
 *
 * How it is to be matched: `names` exactly, against the certificate's names. `domains` exactly or by the nearest parent, over
 * all members: acme.example stands for sales.acme.example unless another member has that, as `memberOfDomain` does here.
 */
export function trustPage(membership: Membership, request: TrustRequest, maxBytes: number): TrustPage {
  const ids = request.members.length === 0 ? membership.ids : [...new Set(request.members)].toSorted();
  const { anchors, discovery } = membership.community;
  const page: TrustPage = { version: membership.version, anchors: [...anchors], members: [], next: '' };
  // Authorities of the public network are many: once is enough, and the first page is always asked for.
  if (discovery !== undefined && request.after === '') page.discovery = { anchors: [...discovery.anchors] };
  let bytes = TrustPage.encode(page).finish().length + 512;
  for (let place = placeAfter(ids, request.after); place < ids.length; place += 1) {
    const id = ids[place] ?? '';
    const member = membership.members.get(id);
    const told = member === undefined ? stranger(id) : trustMember(member, discovery);
    bytes += bytesOf(told);
    if (bytes > maxBytes && page.members.length > 0) {
      page.next = page.members.at(-1)?.id ?? '';
      return page;
    }
    page.members.push(told);
  }
  return page;
}
