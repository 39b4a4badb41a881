import { memberNames, proxyNames } from '@guildhall/proto/community/certificate-names';
import { domainFault, hostFault } from '@guildhall/proto/community/domain';
import { quoted } from '@guildhall/proto/community/quoted';
import type {
  Agreement as AgreementEntry,
  Authority as AuthorityEntry,
  Community as CommunityEntry,
  Member as MemberEntry,
  Rule as RuleEntry,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { cleanWords } from './clean-words.js';
import { compileRules } from './compile-rules.js';
import { type Agreement, type Member, type Membership, type Model, pairKey, type Role, type Status } from './membership.js';

/** What the bucket holds, in any order, as of `version`. */
export interface Entries {
  readonly version: bigint;
  readonly community: CommunityEntry;
  readonly members: readonly MemberEntry[];
  readonly agreements: readonly AgreementEntry[];
  readonly rules: readonly RuleEntry[];
  /** The hub's own authorities. */
  readonly authorities: readonly AuthorityEntry[];
}

/** A snapshot and what could not be used for it, one sentence each. */
export interface Compiled {
  readonly membership: Membership;
  readonly problems: readonly string[];
}

const models: ReadonlyMap<string, Model> = new Map([
  ['clearinghouse', 'clearinghouse'],
  ['limited-clearinghouse', 'limited-clearinghouse'],
  ['direct', 'direct'],
]);
const roles: ReadonlyMap<string, Role> = new Map([
  ['member', 'member'],
  ['internal', 'internal'],
  ['partner', 'partner'],
  ['clearinghouse', 'clearinghouse'],
  ['discovered', 'discovered'],
]);
const statuses: ReadonlyMap<string, Status> = new Map([
  ['active', 'active'],
  ['pending', 'pending'],
  ['suspended', 'suspended'],
  ['quarantined', 'quarantined'],
]);

/** What has no fault; what has one is told and left out. */
function sound(texts: readonly string[], fault: (text: string) => string | undefined, what: string, problems: string[]): string[] {
  return texts.filter((text) => {
    const found = fault(text);
    if (found !== undefined) problems.push(`${what} is left out: ${quoted(text)} ${found}`);
    return found === undefined;
  });
}

function compileMember(entry: MemberEntry, problems: string[]): Member | undefined {
  const role = roles.get(entry.role);
  if (role === undefined) {
    problems.push(`member ${entry.id} is left out: its role ${quoted(entry.role)} is unknown`);
    return undefined;
  }
  let status = statuses.get(entry.status);
  if (status === undefined) {
    problems.push(`member ${entry.id} is taken as pending: its status ${quoted(entry.status)} is unknown`);
    status = 'pending';
  }
  const domains = sound(entry.domains, domainFault, `a domain of member ${entry.id}`, problems);
  const hosts = new Set(
    sound(
      entry.proxies.map((proxy) => proxy.host),
      hostFault,
      `a proxy of member ${entry.id}`,
      problems,
    ),
  );
  const lookup = domainFault(entry.lookup) === undefined ? entry.lookup : '';
  const dialable = entry.proxies.filter((proxy) => hosts.has(proxy.host) && proxy.port >= 1 && proxy.port <= 65_535);
  return {
    id: entry.id,
    name: cleanWords(entry.name),
    role,
    status,
    statusReason: cleanWords(entry.statusReason),
    statusUntil: Number.isNaN(Date.parse(entry.statusUntil)) ? '' : entry.statusUntil,
    domains,
    groups: new Set(entry.groups),
    proxies: dialable
      .map((proxy) => ({
        host: proxy.host,
        port: proxy.port,
        names: proxyNames(domains, proxy),
        priority: proxy.priority,
        weight: proxy.weight,
      }))
      .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight),
    lookup,
    names: [...new Set([...memberNames(domains, dialable), ...(lookup === '' ? [] : [lookup])])],
    anchors: entry.anchors,
    revocationLists: entry.revocationLists,
    pins: entry.pins,
    acceptCommonName: entry.acceptCommonName,
    interface: entry.interface,
    microsoft: entry.dialect === 'microsoft',
  };
}

/** Domain to its member. A domain that two members claim is nobody's: guessing would hand one's traffic to the other. */
function indexDomains(members: ReadonlyMap<string, Member>, hubDomain: string, problems: string[]): Map<string, Member> {
  const domains = new Map<string, Member>();
  const disputed = new Set<string>();
  for (const member of members.values()) {
    for (const domain of member.domains) {
      const owner = domains.get(domain);
      if (owner !== undefined && owner !== member) disputed.add(domain);
      if (domain === hubDomain) problems.push(`member ${member.id} claims the hub's own domain ${domain}, which it does not get`);
      else domains.set(domain, owner ?? member);
    }
  }
  for (const domain of disputed) {
    problems.push(`the domain ${domain} is claimed by several members and given to none of them`);
    domains.delete(domain);
  }
  return domains;
}

function instant(text: string, unbounded: number): number | undefined {
  if (text === '') return unbounded;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

function compileAgreement(entry: AgreementEntry, problems: string[]): Agreement | undefined {
  const from = instant(entry.validFrom, Number.NEGATIVE_INFINITY);
  const until = instant(entry.validUntil, Number.POSITIVE_INFINITY);
  const { first, second, mode } = entry;
  if (from === undefined || until === undefined || (mode !== 'relay' && mode !== 'redirect') || first === second) {
    problems.push(`the agreement of ${first} and ${second} is left out: its mode or a date of it cannot be read`);
    return undefined;
  }
  return { first, second, mode, acceptedBy: new Set(entry.acceptedBy), from, until };
}

/** Where discovery is switched off, nobody vouches any more for those who were met by it. */
function unmet(member: Member): Member {
  if (member.role !== 'discovered' || member.status !== 'active') return member;
  return { ...member, status: 'suspended', statusReason: 'discovery is switched off' };
}

/** Where what is for nobody goes. Only to another clearinghouse: a member must not get what is not for it. */
function compileDefaultRoute(id: string, members: ReadonlyMap<string, Member>, problems: string[]): Member | undefined {
  if (id === '') return undefined;
  const member = members.get(id);
  if (member?.role === 'clearinghouse') return member;
  problems.push(`the default route is left out: ${quoted(id)} is ${member === undefined ? 'no member' : 'no clearinghouse'}`);
  return undefined;
}

/** A member compiled, and what there was to say about its entry. */
interface CompiledMember {
  readonly member: Member | undefined;
  readonly problems: readonly string[];
}

/** Makes a `compile` that works on each member's entry only once, as long as it is the same object: of many members mostly one changes. */
export function createCompile(): (entries: Entries) => Compiled | undefined {
  const known = new WeakMap<MemberEntry, CompiledMember>();
  return (entries) =>
    compileWith(entries, (entry) => {
      let compiled = known.get(entry);
      if (compiled === undefined) {
        compiled = memberOf(entry);
        known.set(entry, compiled);
      }
      return compiled;
    });
}

function memberOf(entry: MemberEntry): CompiledMember {
  const problems: string[] = [];
  return { member: compileMember(entry, problems), problems };
}

/**
 * Makes the snapshot that decisions are taken from. Total: what cannot be used is left out or taken in the sense that lets
 * less through, and told as a problem. The same entries in any order give the same snapshot. Undefined when the model is
 * unknown, because then nothing at all can be decided.
 */
export function compile(entries: Entries): Compiled | undefined {
  return compileWith(entries, memberOf);
}

function compileWith(entries: Entries, memberFrom: (entry: MemberEntry) => CompiledMember): Compiled | undefined {
  const model = models.get(entries.community.model);
  if (model === undefined) return undefined;
  const problems: string[] = [];
  const members = new Map<string, Member>();
  const discovers = entries.community.discovery !== undefined;
  for (const entry of entries.members.toSorted((one, other) => compareText(one.id, other.id))) {
    const { member, problems: found } = memberFrom(entry);
    problems.push(...found);
    if (member !== undefined) members.set(member.id, discovers ? member : unmet(member));
  }
  const agreements = new Map<string, Agreement>();
  for (const entry of entries.agreements) {
    const agreement = compileAgreement(entry, problems);
    if (agreement !== undefined) agreements.set(pairKey(agreement.first, agreement.second), agreement);
  }
  const { id, name, domain, anchors, revocationLists, discovery } = entries.community;
  const { authorities } = entries;
  return {
    membership: {
      version: entries.version,
      community: {
        id,
        name: cleanWords(name),
        model,
        domain,
        anchors: [...anchors, ...authorities.map(({ certificate }) => certificate)],
        revocationLists: [...revocationLists, ...authorities.map(({ revocationList }) => revocationList).filter((list) => list !== '')],
        otherwise: entries.community.otherwise === 'deny' ? 'deny' : 'allow',
        defaultRoute: compileDefaultRoute(entries.community.defaultRoute, members, problems),
        discovery,
      },
      members,
      ids: [...members.keys()],
      domains: indexDomains(members, domain, problems),
      agreements,
      ...compileRules(entries.rules, problems),
    },
    problems,
  };
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
