import { Resolver } from 'node:dns/promises';

/** An SRV record (RFC 2782). A target of '' says that the service is not there at all. */
export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A NAPTR record (RFC 3403), as far as RFC 3263 needs it. */
export interface PointerRecord {
  readonly order: number;
  readonly preference: number;
  /** Lower case. */
  readonly flags: string;
  /** Upper case. */
  readonly service: string;
  readonly replacement: string;
}

/** An address and for how many ms it may be kept. */
export interface AddressRecord {
  readonly address: string;
  readonly keepMs: number;
}

/**
 * What is asked of DNS. A name that does not exist, or has no such record, gives an empty list; a question that was not answered (time-out,
 * SERVFAIL, a broken answer) rejects with a DnsFailure.
 */
export interface DnsResolver {
  services(name: string): Promise<readonly ServiceRecord[]>;
  pointers(name: string): Promise<readonly PointerRecord[]>;
  /** IPv4 (A) and IPv6 (AAAA). */
  addresses4(name: string): Promise<readonly AddressRecord[]>;
  addresses6(name: string): Promise<readonly AddressRecord[]>;
  /** Gives up what is still being asked. */
  close(): void;
}

/** A question that DNS did not answer. The message is ours: kind of record, name and code of the failure. */
export class DnsFailure extends Error {
  override readonly name = 'DnsFailure';
}

/** Codes of c-ares that are an answer: there is no such name, or it has no such record. */
const absent: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
}

async function ask<T>(kind: string, name: string, question: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await question();
  } catch (thrown) {
    const code = codeOf(thrown);
    if (absent.has(code)) return [];
    throw new DnsFailure(`the question for ${kind} of ${name} was not answered (${code.replace(/^E/, '').toLowerCase()})`, {
      cause: thrown,
    });
  }
}

/** A host name as DNS gives it, in lower case and without the final dot; '' for the root, which names nothing. */
function plainName(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

/** A resolver of its own, with servers of its own. `servers` empty: those of the system. Times in ms. */
export function createDnsResolver(settings: {
  readonly servers: readonly string[];
  readonly timeout: number;
  readonly tries: number;
}): DnsResolver {
  const resolver = new Resolver({ timeout: settings.timeout, tries: settings.tries });
  if (settings.servers.length > 0) resolver.setServers([...settings.servers]);
  const kept = (records: readonly { readonly address: string; readonly ttl: number }[]): AddressRecord[] =>
    records.map(({ address, ttl }) => ({ address, keepMs: ttl * 1000 }));
  return {
    services: (name) =>
      ask('SRV', name, async () =>
        (await resolver.resolveSrv(name)).map(({ name: target, port, priority, weight }) => ({
          target: plainName(target),
          port,
          priority,
          weight,
        })),
      ),
    pointers: (name) =>
      ask('NAPTR', name, async () =>
        (await resolver.resolveNaptr(name)).map(({ order, preference, flags, service, replacement }) => ({
          order,
          preference,
          flags: flags.toLowerCase(),
          service: service.toUpperCase(),
          replacement: plainName(replacement),
        })),
      ),
    addresses4: (name) => ask('A', name, async () => kept(await resolver.resolve4(name, { ttl: true }))),
    addresses6: (name) => ask('AAAA', name, async () => kept(await resolver.resolve6(name, { ttl: true }))),
    close: () => resolver.cancel(),
  };
}
