import { createDnsCache } from '@guildhall/chassis/dns-cache';
import { createDnsResolver } from '@guildhall/chassis/dns-resolver';
import { type DnsTargets, findTargets } from '@guildhall/chassis/dns-targets';
import { publicAddresses } from '@guildhall/chassis/public-address';
import { sipOverTls } from '@guildhall/proto/sip/location';
import type { RelayConfig } from './config.js';

/** Where members are that are found by DNS. */
export interface Location {
  /** Whom to dial for a domain (RFC 3263), remembered as the configuration says. Rejects when DNS did not answer and nothing is remembered. */
  targets(domain: string): Promise<DnsTargets>;
  /** Whether the names of a stranger may lead to this address. */
  mayDial(address: string): boolean;
  close(): void;
}

/** `clock` is monotonic ms. */
export function createLocation(config: RelayConfig['dns'], clock: () => number): Location {
  const resolver = createDnsResolver(config);
  const cache = createDnsCache(
    (domain) => findTargets(resolver, sipOverTls, domain),
    ({ targets, keepMs }) => ({ keepMs, found: targets.length > 0 }),
    config,
    clock,
  );
  const isPublic = publicAddresses();
  return {
    targets: cache.get,
    mayDial: (address) => config.strangersAnywhere || isPublic(address),
    close: resolver.close,
  };
}
