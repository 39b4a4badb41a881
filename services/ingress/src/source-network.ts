/**
 * Whose bounds a far end falls under: an IPv4 address is its own, of IPv6 (RFC 5952 text, as Node writes it) it is the /64, which is the
 * least anybody gets; an IPv4 address that came in on an IPv6 socket counts as itself.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = '', right] = address.replace(/%.*$/, '').split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  // What "::" stands for, as far as the first four groups go.
  const zeros = right === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
