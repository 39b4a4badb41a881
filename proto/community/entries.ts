import type { Agreement, Community, Member, Party, Rule } from '../gen/guildhall/admin/v1/membership.js';
import type { Path } from './problem.js';
import type { CommunityFile, CommunityMember, CommunityParty, CommunityRule } from './schema.js';

/** A community as messages: what the bucket `membership` holds, and the gRPC API shows. */
export interface CommunityEntries {
  community: Community;
  members: Member[];
  /** `first` and `second` of each in order. */
  agreements: Agreement[];
  rules: Rule[];
}

/** A PEM file that a community file names, and where. */
export interface PemFile {
  path: Path;
  /** As written: relative to the community file. */
  file: string;
  /** What must be in it. */
  holds: 'certificates' | 'revocation lists';
}

/** Whether what a community file gives for an authority or list is the PEM text itself instead of a path. */
export function isPemText(source: string): boolean {
  return source.startsWith('-----BEGIN ');
}

function filesAt(path: Path, sources: readonly string[], holds: PemFile['holds']): PemFile[] {
  return sources.flatMap((file, at) => (isPemText(file) ? [] : [{ path: [...path, at], file, holds }]));
}

/** The PEM files of authorities and revocation lists that a community file names, which the reader has to load for `communityEntries`. The hub's own certificate and key are not among them: policy never sees the key. */
export function authorityFiles(file: CommunityFile): PemFile[] {
  const { hub, community, members } = file;
  return [
    ...filesAt(['hub', 'trust', 'ca'], hub.trust.ca, 'certificates'),
    ...filesAt(['hub', 'trust', 'crl'], hub.trust.crl, 'revocation lists'),
    ...filesAt(['community', 'discovery', 'trust', 'ca'], community.discovery?.trust.ca ?? [], 'certificates'),
    ...members.flatMap(({ trust }, place) => [
      ...filesAt(['members', place, 'trust', 'ca'], trust?.ca ?? [], 'certificates'),
      ...filesAt(['members', place, 'trust', 'crl'], trust?.crl ?? [], 'revocation lists'),
    ]),
  ];
}

function splitPem(pem: string, label: string): string[] {
  const begin = `-----BEGIN ${label}-----`;
  const finish = `-----END ${label}-----`;
  const found: string[] = [];
  let from = pem.indexOf(begin);
  while (from >= 0) {
    const end = pem.indexOf(finish, from);
    if (end < 0) break;
    found.push(`${pem.slice(from, end + finish.length).replaceAll('\r', '')}\n`);
    from = pem.indexOf(begin, end);
  }
  return found;
}

/** The certificates in a PEM text, each with one final line end; whatever stands between them is dropped. Empty: there is none. */
export function splitCertificates(pem: string): string[] {
  return splitPem(pem, 'CERTIFICATE');
}

/** The revocation lists in a PEM text, likewise. */
export function splitRevocationLists(pem: string): string[] {
  return splitPem(pem, 'X509 CRL');
}

type Texts = ReadonlyMap<string, string>;

function pemsOf(sources: readonly string[], texts: Texts, split: (pem: string) => string[]): string[] {
  return [...new Set(sources.flatMap((source) => split(isPemText(source) ? source : (texts.get(source) ?? ''))))];
}

function anchorsOf(sources: readonly string[], texts: Texts): string[] {
  return pemsOf(sources, texts, splitCertificates);
}

function revocationListsOf(sources: readonly string[], texts: Texts): string[] {
  return pemsOf(sources, texts, splitRevocationLists);
}

function memberEntry(member: CommunityMember, texts: Texts): Member {
  return {
    id: member.id,
    name: member.name ?? member.id,
    role: member.role,
    status: member.status,
    statusReason: member.statusReason ?? '',
    domains: member.domains,
    groups: member.groups,
    proxies: member.proxies.map((proxy) => ({
      host: proxy.host,
      port: proxy.port,
      name: proxy.name ?? '',
      priority: proxy.priority,
      weight: proxy.weight,
    })),
    anchors: anchorsOf(member.trust?.ca ?? [], texts),
    pins: member.pins,
    acceptCommonName: member.acceptCommonName,
    interface: member.interface ?? '',
    revocationLists: revocationListsOf(member.trust?.crl ?? [], texts),
    statusUntil: instantEntry(member.statusUntil),
    lookup: member.lookup ?? '',
    dialect: member.dialect,
    below: member.below,
  };
}

function partyEntry(party: CommunityParty): Party {
  if (party.domain !== undefined) return { who: { $case: 'domain', value: party.domain } };
  if (party.user !== undefined) return { who: { $case: 'user', value: userEntry(party.user) } };
  if (party.members !== undefined) return { who: { $case: 'members', value: { ids: party.members } } };
  if (party.member !== undefined) return { who: { $case: 'member', value: party.member } };
  if (party.group !== undefined) return { who: { $case: 'group', value: party.group } };
  return { who: { $case: 'any', value: true } };
}

/** A time as RFC 3339 in UTC; a bare date is its first moment. */
function instantEntry(text: string | undefined): string {
  return text === undefined ? '' : new Date(text).toISOString();
}

/** A user part keeps its case, a host has none. */
function userEntry(user: string): string {
  const at = user.lastIndexOf('@');
  return user.slice(0, at) + user.slice(at).toLowerCase();
}

function minutes(hour: string | undefined): number {
  const [hours = '0', rest = '0'] = (hour ?? '0:0').split(':');
  return Number(hours) * 60 + Number(rest);
}

const periods = { second: 1_000, minute: 60_000, hour: 3_600_000 } as const;

function ruleEntry(rule: CommunityRule, order: number): Rule {
  const { from, to, during, limit } = rule;
  return {
    id: rule.id,
    ...(from === undefined ? {} : { from: partyEntry(from) }),
    ...(to === undefined ? {} : { to: partyEntry(to) }),
    pair: rule.between?.toSorted() ?? [],
    methods: rule.methods ?? [],
    events: rule.events ?? [],
    media: rule.media ?? [],
    bodyTypes: rule.bodyTypes ?? [],
    bodyLarger: BigInt(rule.bodyLarger ?? 0),
    ...(during === undefined
      ? {}
      : { during: { days: during.days ?? [], fromMinute: minutes(during.from), untilMinute: minutes(during.until) } }),
    validFrom: instantEntry(rule.validFrom),
    validUntil: instantEntry(rule.validUntil),
    action: rule.action,
    ...(limit === undefined
      ? {}
      : { limit: { requests: limit.requests, perMs: periods[limit.per], burst: limit.burst ?? limit.requests, each: limit.each } }),
    shadow: rule.shadow,
    reason: rule.reason ?? '',
    order,
  };
}

function communityEntry(file: CommunityFile, texts: Texts): Community {
  const { community, hub } = file;
  const { discovery } = community;
  return {
    id: community.id,
    name: community.name ?? community.id,
    model: community.model,
    domain: hub.domain,
    anchors: anchorsOf(hub.trust.ca, texts),
    revocationLists: revocationListsOf(hub.trust.crl, texts),
    otherwise: community.otherwise,
    defaultRoute: community.defaultRoute ?? '',
    ...(discovery === undefined
      ? {}
      : {
          discovery: {
            anchors: anchorsOf(discovery.trust.ca, texts),
            requestsPerSecond: discovery.requestsPerSecond,
            contacts: discovery.contacts,
            suspectRequestsPerSecond: discovery.suspectRequestsPerSecond,
            partners: discovery.partners,
          },
        }),
    listeners: hub.listeners.map((listener) => ({
      name: listener.name,
      host: listener.host,
      port: listener.port,
      advertisedHost: listener.advertise?.host ?? '',
      advertisedPort: listener.advertise?.port ?? 0,
    })),
    certificateFile: hub.certificate.cert,
    keyFile: hub.certificate.key,
  };
}

/** A community file as messages. `texts` has the PEM text of every file that `authorityFiles` names, by its name as written. */
export function communityEntries(file: CommunityFile, texts: Texts): CommunityEntries {
  return {
    community: communityEntry(file, texts),
    members: file.members.map((member) => memberEntry(member, texts)),
    agreements: file.agreements.map((agreement) => {
      const [first, second] = agreement.members.toSorted();
      return {
        first: first ?? '',
        second: second ?? '',
        mode: agreement.mode,
        acceptedBy: (agreement.acceptedBy ?? agreement.members).toSorted(),
        validFrom: instantEntry(agreement.validFrom),
        validUntil: instantEntry(agreement.validUntil),
        proposedBy: agreement.proposedBy ?? '',
        note: agreement.note ?? '',
      };
    }),
    rules: file.rules.map(ruleEntry),
  };
}
