import { isIpAddress } from './domain.js';

/** What is needed of a proxy to know the names its certificate may carry. */
export interface NamedProxy {
  readonly host: string;
  /** Empty or undefined: none was given. */
  readonly name?: string | undefined;
}

/** Of these names a proxy's certificate must carry one: the given name, or else a domain of the member or the host if that is a name (RFC 5922 7.3). The first is what is asked for (SNI). */
export function proxyNames(domains: readonly string[], proxy: NamedProxy): string[] {
  if (proxy.name !== undefined && proxy.name !== '') return [proxy.name];
  return isIpAddress(proxy.host) ? [...domains] : [...new Set([...domains, proxy.host])];
}

/** Of these names the certificate of whoever speaks for the member must carry one: its domains and its proxies' names. */
export function memberNames(domains: readonly string[], proxies: readonly NamedProxy[]): string[] {
  return [...new Set([...domains, ...proxies.flatMap((proxy) => proxyNames(domains, proxy))])];
}
