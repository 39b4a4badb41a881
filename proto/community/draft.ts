import type { Agreement, Community, Member, MemberProxy, Party, Rule, TimeWindow } from '../gen/guildhall/admin/v1/membership.js';
import type { CommunityEntries } from './entries.js';

/**
 * Entries as the values of a community file, PEM texts inline and what is at its default left out: `communityEntries` of it gives
 * the entries again, if they can be said in a community file at all. Whether they can is for `communityFileSchema` to say.
 */

type Draft = Record<string, unknown>;

/** Without the keys that have no value. */
function given(draft: Draft): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}

/** A value that is not the one to be taken when nothing is written. */
function unless<T>(standard: T, value: T): T | undefined {
  return value === standard ? undefined : value;
}

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function trustDraft(anchors: readonly string[], lists: readonly string[]): Draft | undefined {
  if (anchors.length === 0 && lists.length === 0) return undefined;
  return given({ ca: anchors, crl: some(lists) });
}

function proxyDraft({ host, port, name, priority, weight }: MemberProxy): Draft {
  return given({ host, port, name: unless('', name), priority: unless(1, priority), weight: unless(1, weight) });
}

/** A member as the community file has it. */
export function memberDraft(member: Member): Draft {
  return given({
    id: member.id,
    name: unless(member.id, member.name),
    role: unless('member', member.role),
    domains: member.domains,
    groups: some(member.groups),
    proxies: some(member.proxies.map(proxyDraft)),
    lookup: unless('', member.lookup),
    pins: some(member.pins),
    trust: trustDraft(member.anchors, member.revocationLists),
    status: unless('active', member.status),
    statusReason: unless('', member.statusReason),
    statusUntil: unless('', member.statusUntil),
    below: some(member.below),
    dialect: member.dialect === '' ? undefined : unless('standard', member.dialect),
    acceptCommonName: unless(false, member.acceptCommonName),
    interface: unless('', member.interface),
  });
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, at) => word === other[at]);
}

/** An agreement as the community file has it. */
export function agreementDraft(agreement: Agreement): Draft {
  const members = [agreement.first, agreement.second];
  return given({
    members,
    mode: unless('relay', agreement.mode),
    acceptedBy: sameWords(members, agreement.acceptedBy) ? undefined : agreement.acceptedBy,
    validFrom: unless('', agreement.validFrom),
    validUntil: unless('', agreement.validUntil),
    proposedBy: unless('', agreement.proposedBy),
    note: unless('', agreement.note),
  });
}

function partyDraft(party: Party | undefined): Draft | undefined {
  const who = party?.who;
  if (who === undefined) return undefined;
  return who.$case === 'members' ? { members: who.value.ids } : { [who.$case]: who.value };
}

function hour(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

function windowDraft({ days, fromMinute, untilMinute }: TimeWindow): Draft {
  const wholeDay = fromMinute === 0 && untilMinute === 0;
  return given({
    days: some(days),
    from: wholeDay ? undefined : hour(fromMinute),
    until: wholeDay ? undefined : hour(untilMinute),
  });
}

const periods: ReadonlyMap<number, string> = new Map([
  [1_000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
]);

/** A rule as the community file has it; its place is that in the list. */
export function ruleDraft(rule: Rule): Draft {
  const { limit, during } = rule;
  return given({
    id: rule.id,
    from: partyDraft(rule.from),
    to: partyDraft(rule.to),
    between: some(rule.pair),
    methods: some(rule.methods),
    events: some(rule.events),
    media: some(rule.media),
    bodyTypes: some(rule.bodyTypes),
    bodyLarger: rule.bodyLarger === 0n ? undefined : Number(rule.bodyLarger),
    during: during === undefined ? undefined : windowDraft(during),
    validFrom: unless('', rule.validFrom),
    validUntil: unless('', rule.validUntil),
    action: rule.action,
    limit:
      limit === undefined
        ? undefined
        : { requests: limit.requests, per: periods.get(limit.perMs) ?? limit.perMs, burst: limit.burst, each: limit.each },
    shadow: unless(false, rule.shadow),
    reason: unless('', rule.reason),
  });
}

function communityDraftOf(community: Community): { community: Draft; hub: Draft } {
  const { discovery } = community;
  return {
    community: given({
      id: community.id,
      name: unless(community.id, community.name),
      model: community.model,
      otherwise: community.otherwise === '' ? undefined : unless('allow', community.otherwise),
      defaultRoute: unless('', community.defaultRoute),
      discovery:
        discovery === undefined
          ? undefined
          : {
              trust: { ca: discovery.anchors },
              requestsPerSecond: discovery.requestsPerSecond,
              contacts: discovery.contacts,
              suspectRequestsPerSecond: discovery.suspectRequestsPerSecond,
              partners: discovery.partners,
            },
    }),
    hub: {
      domain: community.domain,
      listeners: community.listeners.map(({ name, host, port, advertisedHost, advertisedPort }) =>
        given({
          name,
          host,
          port,
          advertise: advertisedHost === '' ? undefined : given({ host: advertisedHost, port: unless(0, advertisedPort) }),
        }),
      ),
      certificate: { cert: community.certificateFile, key: community.keyFile },
      trust: given({ ca: community.anchors, crl: some(community.revocationLists) }),
    },
  };
}

/** A whole community as the values of its file. Members and agreements stand as they are given, rules in their order. */
export function communityDraft({ community, members, agreements, rules }: CommunityEntries): Draft {
  return given({
    ...communityDraftOf(community),
    members: members.map(memberDraft),
    agreements: some(agreements.map(agreementDraft)),
    rules: some(rules.toSorted((one, other) => one.order - other.order || (one.id < other.id ? -1 : 1)).map(ruleDraft)),
  });
}
