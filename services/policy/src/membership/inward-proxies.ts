import { BlockList, isIP } from 'node:net';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { quoted } from '@guildhall/proto/community/quoted';
import type { Member, MemberProxy } from '@guildhall/proto/gen/guildhall/admin/v1/membership';

/** Addresses at which the hub finds itself or its own link, and nobody else's proxy. */
const inward = new BlockList();
// All that begins with 0: what is behind the prefix does not count.
inward.addSubnet('0.1.0.0', 8, 'ipv4');
inward.addSubnet('127.0.0.0', 8, 'ipv4');
inward.addSubnet('169.254.0.0', 16, 'ipv4');
inward.addSubnet('224.0.0.0', 3, 'ipv4');
inward.addSubnet('::', 127, 'ipv6');
inward.addSubnet('fe80::', 10, 'ipv6');
inward.addSubnet('ff00::', 8, 'ipv6');

function leadsInward({ host }: MemberProxy): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const kind = isIP(host);
  // An IPv4 address in an IPv6 one is found by the rules for IPv4.
  return kind !== 0 && inward.check(host, kind === 4 ? 'ipv4' : 'ipv6');
}

/**
 * A member that changes its own proxies does not point the hub at itself: throws an ApiFault, unless an operator has given it such a proxy
 * already, as on a machine where everything runs together. Names that DNS leads there are not seen here.
 */
export function refuseInwardProxies(before: Member, proxies: readonly MemberProxy[]): void {
  if (before.proxies.some(leadsInward)) return;
  const found = proxies.find(leadsInward);
  if (found === undefined) return;
  throw new ApiFault(
    'denied',
    `The proxy ${quoted(found.host)} would be the hub's own machine.`,
    'name an address of your own, or ask an operator',
  );
}
