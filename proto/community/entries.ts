import type { Agreement, Community, Member, Party, Rule } from '../gen/guildhall/admin/v1/membership.js';
import type { Path } from './problem.js';
import type { CommunityFile, CommunityMember, CommunityParty } from './schema.js';

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
}

/** The PEM files of authorities that a community file names, which the reader has to load for `communityEntries`. The hub's own certificate and key are not among them: policy never sees the key. */
export function authorityFiles(file: CommunityFile): PemFile[] {
  return [
    ...file.hub.trust.ca.map((name, at) => ({ path: ['hub', 'trust', 'ca', at], file: name })),
    ...file.members.flatMap((member, place) =>
      (member.trust?.ca ?? []).map((name, at) => ({ path: ['members', place, 'trust', 'ca', at], file: name })),
    ),
  ];
}

const certificateBegin = '-----BEGIN CERTIFICATE-----';
const certificateEnd = '-----END CERTIFICATE-----';

/** The certificates in a PEM text, each with one final line end; whatever stands between them is dropped. Empty: there is none. */
export function splitCertificates(pem: string): string[] {
  const found: string[] = [];
  let from = pem.indexOf(certificateBegin);
  while (from >= 0) {
    const end = pem.indexOf(certificateEnd, from);
    if (end < 0) break;
    found.push(`${pem.slice(from, end + certificateEnd.length).replaceAll('\r', '')}\n`);
    from = pem.indexOf(certificateBegin, end);
  }
  return found;
}

function anchorsOf(files: readonly string[], texts: ReadonlyMap<string, string>): string[] {
  return [...new Set(files.flatMap((name) => splitCertificates(texts.get(name) ?? '')))];
}

function memberEntry(member: CommunityMember, texts: ReadonlyMap<string, string>): Member {
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
  };
}

function partyEntry(party: CommunityParty): Party {
  if (party.member !== undefined) return { who: { $case: 'member', value: party.member } };
  if (party.group !== undefined) return { who: { $case: 'group', value: party.group } };
  return { who: { $case: 'any', value: true } };
}

/** A time as RFC 3339 in UTC; a bare date is its first moment. */
function instantEntry(text: string | undefined): string {
  return text === undefined ? '' : new Date(text).toISOString();
}

/** A community file as messages. `texts` has the PEM text of every file that `authorityFiles` names, by its name as written. */
export function communityEntries(file: CommunityFile, texts: ReadonlyMap<string, string>): CommunityEntries {
  return {
    community: {
      id: file.community.id,
      name: file.community.name ?? file.community.id,
      model: file.community.model,
      domain: file.hub.domain,
      anchors: anchorsOf(file.hub.trust.ca, texts),
    },
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
      };
    }),
    rules: file.rules.map((rule, order) => ({
      id: rule.id,
      from: partyEntry(rule.from),
      to: partyEntry(rule.to),
      methods: rule.methods ?? [],
      events: rule.events ?? [],
      action: rule.action,
      reason: rule.reason ?? '',
      order,
    })),
  };
}
