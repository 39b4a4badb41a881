import { BlockList, isIP } from 'node:net';

/** Addresses of RFC 6890 and its successors that no stranger should lead us to: our own machine and network, and what is nobody's. */
const special: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  // All that begins with 0: what is behind the prefix does not count.
  ['0.1.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
];

/** Only what is handed out for use between networks (RFC 4291 2.4), less its documentation and translation parts. */
const globalSix: readonly (readonly [string, number])[] = [['2000::', 3]];
const specialSix: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** Makes the question whether an IP address is one of the public network. A text that is no address is not. */
export function publicAddresses(): (address: string) => boolean {
  const closed = new BlockList();
  const open = new BlockList();
  for (const [net, prefix, family] of special) closed.addSubnet(net, prefix, family);
  for (const [net, prefix] of specialSix) closed.addSubnet(net, prefix, 'ipv6');
  for (const [net, prefix] of globalSix) open.addSubnet(net, prefix, 'ipv6');
  return (address) => {
    switch (isIP(address)) {
      case 4:
        return !closed.check(address, 'ipv4');
      case 6:
        return open.check(address, 'ipv6') && !closed.check(address, 'ipv6');
      default:
        return false;
    }
  };
}
