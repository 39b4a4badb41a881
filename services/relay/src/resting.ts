import type { Member, MemberProxy } from './member.js';

/** A rest that a request waits out rather than fail, ms. */
const shortRest = 500;

/** Where every proxy rests: one that is dialled again so soon that it can be waited for. */
export function soonDialled(member: Member, tried: readonly MemberProxy[]): MemberProxy | undefined {
  return member.proxies.find((proxy) => !tried.includes(proxy) && proxy.restsFor() <= shortRest);
}

/** Bits of why the proxies that were not tried could not be. */
export function restingFaults(member: Member, tried: readonly MemberProxy[]): number {
  let bits = 0;
  for (const proxy of member.proxies) if (!tried.includes(proxy)) bits |= proxy.fault();
  return bits;
}
