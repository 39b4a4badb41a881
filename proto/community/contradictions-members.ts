import { proxyNames } from './certificate-names.js';
import { didYouMean } from './near-miss.js';
import type { Finding, Path } from './problem.js';
import type { CommunityFile, CommunityMember } from './schema.js';

/** Who has claimed what so far, over all members. */
interface Claims {
  ids: Map<string, number>;
  /** Domain to the id of the member that claimed it first. */
  domains: Map<string, string>;
}

function claimContradictions(file: CommunityFile, member: CommunityMember, at: number, claims: Claims): Finding[] {
  const found: Finding[] = [];
  const same = claims.ids.get(member.id);
  if (same === undefined) claims.ids.set(member.id, at);
  else found.push({ path: ['members', at, 'id'], message: `members[${same}] has the id ${member.id} already` });
  member.domains.forEach((domain, place) => {
    const owner = claims.domains.get(domain);
    if (owner === undefined && domain !== file.hub.domain) {
      claims.domains.set(domain, member.id);
      return;
    }
    const taken = owner === member.id ? `${domain} is there already` : `${domain} belongs to the member ${owner} already`;
    const message = domain === file.hub.domain ? `${domain} is the hub's own domain` : taken;
    found.push({ path: ['members', at, 'domains', place], message });
  });
  return found;
}

/**
 * A domain stands for what is below it, so of two members of which one has a domain below the other's, one would get what the other
 * seemed to have: that must be said on purpose.
 */
function overlapContradictions(file: CommunityFile): Finding[] {
  const owners = new Map<string, string>();
  for (const { id, domains } of file.members) for (const domain of domains) owners.set(domain, id);
  const found: Finding[] = [];
  file.members.forEach((member, at) => {
    member.domains.forEach((domain, place) => {
      const message = belowAnother(member, domain, owners);
      if (message !== undefined) found.push({ path: ['members', at, 'domains', place], message });
    });
  });
  return found;
}

/** What there is to say of a name that lies below a domain of another member which it does not name in `below`. */
function belowAnother(member: CommunityMember, name: string, domains: ReadonlyMap<string, string>): string | undefined {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const above = name.slice(dot + 1);
    const owner = domains.get(above);
    if (owner === undefined) continue;
    if (owner === member.id || member.below.includes(owner)) return undefined;
    return `${name} lies below ${above} of the member ${owner}: if that is meant, name ${owner} in below of ${member.id}`;
  }
  return undefined;
}

function roleContradictions(file: CommunityFile, member: CommunityMember, at: number): Finding[] {
  const { model } = file.community;
  const path = ['members', at, 'role'];
  if (model === 'direct' && member.role === 'member') {
    return [{ path, message: 'the direct model needs a role: internal for a server of your own, partner for the others' }];
  }
  if (model !== 'direct' && (member.role === 'internal' || member.role === 'partner'))
    return [{ path, message: `${member.role} is a role of the direct model, and this is a ${model}` }];
  return [];
}

function proxyContradictions(member: CommunityMember, at: number): Finding[] {
  if (member.lookup !== undefined && member.proxies.length > 0)
    return [{ path: ['members', at, 'lookup'], message: 'it is found by DNS or at its proxies: leave out one of lookup and proxies' }];
  if (member.proxies.length < 2) return [];
  const seen = new Map<string, number>();
  return member.proxies.flatMap((proxy, place): Finding[] => {
    const address = `${proxy.host} ${proxy.port}`;
    const same = seen.get(address);
    seen.set(address, same ?? place);
    return same === undefined
      ? []
      : [{ path: ['members', at, 'proxies', place], message: `members[${at}].proxies[${same}] is at the same host and port` }];
  });
}

function detailContradictions(file: CommunityFile, member: CommunityMember, at: number): Finding[] {
  const found: Finding[] = [];
  if (member.status === 'active' && member.statusReason !== undefined) {
    found.push({ path: ['members', at, 'statusReason'], message: 'says why a member is not active, but this one is active', at: 'key' });
  }
  if (member.status === 'active' && member.statusUntil !== undefined) {
    found.push({
      path: ['members', at, 'statusUntil'],
      message: 'says until when a member is not active, but this one is active',
      at: 'key',
    });
  }
  const { interface: door } = member;
  if (door !== undefined && !file.hub.listeners.some(({ name }) => name === door)) {
    const listeners = file.hub.listeners.map((listener) => listener.name);
    const hint = didYouMean(door, listeners);
    found.push({ path: ['members', at, 'interface'], message: `no listener is called ${door}${hint}` });
  }
  return found;
}

/** Whose names are, over all members: every name a certificate may carry, filled in on the way, and the domains. */
interface Named {
  readonly owners: Map<string, string>;
  readonly domains: ReadonlyMap<string, string>;
}

/**
 * A certificate must tell who presents it, so a name that two members' certificates may carry makes both unknowable. Names
 * come from domains and proxies; a proxy's host counts where it has no name of its own.
 */
function nameContradictions(file: CommunityFile): Finding[] {
  const domains = new Map<string, string>();
  for (const member of file.members) for (const domain of member.domains) if (!domains.has(domain)) domains.set(domain, member.id);
  const owners = new Map(domains);
  // Whom the hub has met is in nobody's way.
  for (const { role, domains: met } of file.members) if (role === 'discovered') for (const domain of met) domains.delete(domain);
  const named: Named = { owners, domains };
  const found: Finding[] = [];
  file.members.forEach((member, at) => {
    found.push(...lookupContradictions(file, member, at, named));
    member.proxies.forEach((proxy, place) => {
      const path = (): Path => ['members', at, 'proxies', place];
      for (const name of proxyNames(member.domains, proxy)) {
        const message = proxyNameFault(member, name, named);
        if (name === file.hub.domain) found.push({ path: path(), message: `${name} is the hub's own name` });
        else if (message !== undefined) found.push({ path: [...path(), proxy.name === undefined ? 'host' : 'name'], message });
      }
    });
  });
  return found;
}

/**
 * Takes a name of a proxy for its member, and says what is wrong with that. What is below a member's domain is its to give away: a name
 * there that another claims would make a certificate unknowable that carries it beside the member's own.
 */
function proxyNameFault(member: CommunityMember, name: string, { owners, domains }: Named): string | undefined {
  const owner = owners.get(name);
  if (owner === member.id) return undefined;
  if (owner === undefined) {
    owners.set(name, member.id);
    return belowAnother(member, name, domains);
  }
  if (member.domains.includes(name)) return undefined;
  return `a certificate with the name ${name} could be of ${owner} or of ${member.id}: give this proxy a name of its own`;
}

/** A key is one member's: who presented it could be either of two that pin it. */
function pinContradictions({ members }: CommunityFile): Finding[] {
  const owners = new Map<string, string>();
  const found: Finding[] = [];
  members.forEach(({ id, pins }, at) => {
    pins.forEach((pin, place) => {
      const owner = owners.get(pin);
      if (owner === undefined) owners.set(pin, id);
      else if (owner !== id) found.push({ path: ['members', at, 'pins', place], message: `the member ${owner} pins this key already` });
    });
  });
  return found;
}

/** The name that is looked up is the one that its certificate carries. */
function lookupContradictions(file: CommunityFile, member: CommunityMember, at: number, { owners, domains }: Named): Finding[] {
  const { id, lookup } = member;
  if (lookup === undefined) return [];
  const path = ['members', at, 'lookup'];
  const owner = owners.get(lookup);
  if (owner === undefined) owners.set(lookup, id);
  if (lookup === file.hub.domain) return [{ path, message: `${lookup} is the hub's own name` }];
  if (owner === id) return [];
  if (owner === undefined) {
    const message = belowAnother(member, lookup, domains);
    return message === undefined ? [] : [{ path, message }];
  }
  return [{ path, message: `a certificate with the name ${lookup} could be of ${owner} or of ${id}: look it up under a name of its own` }];
}

/** Where what is for nobody goes: only another clearinghouse may get what is not for itself. */
function defaultRouteContradictions({ community, members }: CommunityFile): Finding[] {
  const { defaultRoute } = community;
  if (defaultRoute === undefined) return [];
  const path = ['community', 'defaultRoute'];
  const member = members.find(({ id }) => id === defaultRoute);
  if (member === undefined) {
    const hint = didYouMean(
      defaultRoute,
      members.filter(({ role }) => role === 'clearinghouse').map(({ id }) => id),
    );
    return [{ path, message: `there is no member ${defaultRoute}${hint}` }];
  }
  return member.role === 'clearinghouse'
    ? []
    : [{ path, message: `${defaultRoute} is ${member.role}, and only a member of the role clearinghouse gets what is for nobody` }];
}

/** Ids, domains, roles, proxies and names of members that contradict each other, the hub or the model. */
export function memberContradictions(file: CommunityFile): Finding[] {
  const claims: Claims = { ids: new Map(), domains: new Map() };
  const found: Finding[] = [];
  file.members.forEach((member, at) => {
    found.push(...claimContradictions(file, member, at, claims));
    found.push(...roleContradictions(file, member, at));
    found.push(...proxyContradictions(member, at));
    found.push(...detailContradictions(file, member, at));
  });
  return [
    ...found,
    ...overlapContradictions(file),
    ...nameContradictions(file),
    ...pinContradictions(file),
    ...defaultRouteContradictions(file),
  ];
}
