import { DnsFailure, type DnsResolver, type ServiceRecord } from './dns-resolver.js';

/** What is looked for under a domain: how the servers of RFC 3263 are found, with the words of one protocol. */
export interface ServiceWords {
  /** Service field of the NAPTR records that count, upper case, such as "SIPS+D2T". */
  readonly pointer: string;
  /** Prefixes of SRV names, the preferred first, such as "_sips._tcp". */
  readonly services: readonly string[];
  /** The port where only the domain itself has an address. */
  readonly port: number;
}

/** An address to dial. Lower priority first, by weight among equals. */
export interface DnsTarget {
  readonly address: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What DNS says of a domain. */
export interface DnsTargets {
  /** In the order of priority; empty: it names nobody. */
  readonly targets: readonly DnsTarget[];
  /** ms for which the addresses may be kept. */
  readonly keepMs: number;
}

/** What is taken of one domain: SRV names that NAPTR leads to, SRV records, addresses of one target and family, and targets in all. */
const most = { pointers: 4, services: 12, addresses: 4, targets: 16 } as const;

/** A name as DNS may lead to: no name of a host has anything else in it, and what DNS says goes into questions and logs. */
const nameShape = /^[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9])?$/;

interface Asked<T> {
  readonly records: readonly T[];
  readonly failure: unknown;
}

/** The records, or none and why. */
async function tried<T>(question: Promise<readonly T[]>): Promise<Asked<T>> {
  try {
    return { records: await question, failure: undefined };
  } catch (failure) {
    return { records: [], failure };
  }
}

function usable(records: readonly ServiceRecord[]): ServiceRecord[] {
  return records
    .filter(({ target, port }) => nameShape.test(target) && port >= 1 && port <= 65_535)
    .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight)
    .slice(0, most.services);
}

/** The SRV names to which NAPTR leads, in the order in which to try them (RFC 3263 4.1). A server that does not know NAPTR has none. */
async function pointedAt(resolver: DnsResolver, words: ServiceWords, domain: string): Promise<readonly string[]> {
  const { records } = await tried(resolver.pointers(domain));
  const fitting = records
    .filter(({ flags, service, replacement }) => flags === 's' && service === words.pointer && nameShape.test(replacement))
    .toSorted((one, other) => one.order - other.order || one.preference - other.preference);
  return [...new Set(fitting.map(({ replacement }) => replacement))].slice(0, most.pointers);
}

/** SRV records of a domain, and whether it said that it has none ("." as the only target, RFC 2782). */
interface Services {
  readonly records: readonly ServiceRecord[];
  readonly denied: boolean;
}

/** All at once, because a domain that is met for the first time keeps a sender waiting. */
async function servicesOf(resolver: DnsResolver, words: ServiceWords, domain: string): Promise<Services> {
  const [names, ...direct] = await Promise.all([
    pointedAt(resolver, words, domain),
    ...words.services.map((prefix) => tried(resolver.services(`${prefix}.${domain}`))),
  ]);
  const pointed = await Promise.all(names.map((name) => tried(resolver.services(name))));
  const answers = [...pointed, ...direct];
  for (const { records } of answers) {
    const found = usable(records);
    if (found.length > 0) return { records: found, denied: false };
  }
  const failed = answers.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw failed.failure;
  return { records: [], denied: answers.some(({ records }) => records.some(({ target }) => target === '')) };
}

interface Addresses {
  readonly four: readonly string[];
  readonly six: readonly string[];
  readonly keepMs: number;
  readonly failure: unknown;
}

async function addressesOf(resolver: DnsResolver, name: string): Promise<Addresses> {
  const [four, six] = await Promise.all([tried(resolver.addresses4(name)), tried(resolver.addresses6(name))]);
  const kept = [...four.records, ...six.records].map(({ keepMs }) => keepMs);
  return {
    four: four.records.slice(0, most.addresses).map(({ address }) => address),
    six: six.records.slice(0, most.addresses).map(({ address }) => address),
    keepMs: Math.min(...kept, Number.POSITIVE_INFINITY),
    failure: four.failure ?? six.failure,
  };
}

/**
 * The addresses of one target. They share its weight; where it has both kinds, IPv6 comes behind IPv4, between this priority and the next:
 * a network that has no IPv6 costs nobody a try.
 */
function targetsOf({ port, priority, weight }: Omit<ServiceRecord, 'target'>, { four, six }: Addresses): DnsTarget[] {
  const target = (addresses: readonly string[], behind: number): DnsTarget[] =>
    addresses.map((address) => ({ address, port, priority: priority * 2 + behind, weight: weight / addresses.length }));
  return [...target(four, 0), ...target(six, four.length > 0 ? 1 : 0)];
}

/** Whether SRV records under the domain, or where its NAPTR records lead, offer the service. Rejects with a DnsFailure when DNS did not answer. */
export async function offersService(resolver: DnsResolver, words: ServiceWords, domain: string): Promise<boolean> {
  return (await servicesOf(resolver, words, domain)).records.length > 0;
}

/**
 * Finds whom to dial for a domain (RFC 3263 4.1, 4.2): NAPTR, else SRV under each prefix, else the domain's own addresses. Empty `targets`:
 * DNS names nobody. Rejects with a DnsFailure when it did not answer what is needed to know.
 */
export async function findTargets(resolver: DnsResolver, words: ServiceWords, domain: string): Promise<DnsTargets> {
  const services = await servicesOf(resolver, words, domain);
  if (services.denied) return { targets: [], keepMs: Number.POSITIVE_INFINITY };
  const records =
    services.records.length > 0 ? services.records : [{ target: domain, port: words.port, priority: 0, weight: 1 } satisfies ServiceRecord];
  const found = await Promise.all(records.map(async (record) => ({ record, addresses: await addressesOf(resolver, record.target) })));
  const targets = found
    .flatMap(({ record, addresses }) => targetsOf(record, addresses))
    .toSorted((one, other) => one.priority - other.priority)
    .slice(0, most.targets);
  const failed = found.find(({ addresses }) => addresses.failure !== undefined);
  if (targets.length === 0 && failed !== undefined)
    throw failed.addresses.failure instanceof Error ? failed.addresses.failure : new DnsFailure('DNS did not answer');
  return { targets, keepMs: Math.min(...found.map(({ addresses }) => addresses.keepMs), Number.POSITIVE_INFINITY) };
}
