import type { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import type { EndingFact } from './authority-events.js';

/** A certificate of the hub's own or of its authority. */
export interface OwnCertificate {
  readonly holder: 'hub' | 'authority';
  readonly serial: string;
  /** ms since 1970. */
  readonly validTo: number;
}

const day = 86_400_000;

function daysUntil(end: number, now: number): number {
  return Math.floor((end - now) / day);
}

/** So many holders are told at most. */
const mostHolders = 1000;

/** Per holder, the days that its longest lasting good certificate has left; fewest first, and of very many only those. */
export function daysLeft(issued: Iterable<IssuedCertificate>, own: Iterable<OwnCertificate>, now: number): EndingFact[] {
  const longest = new Map<string, EndingFact>();
  const take = (fact: EndingFact): void => {
    const key = `${fact.holder} ${fact.member}`;
    const known = longest.get(key);
    if (known === undefined || known.days < fact.days) longest.set(key, fact);
  };
  for (const { serial, member, validUntil, revoked } of issued) {
    if (revoked === '') take({ holder: 'member', member, serial, days: daysUntil(Date.parse(validUntil), now) });
  }
  for (const { holder, serial, validTo } of own) take({ holder, member: '', serial, days: daysUntil(validTo, now) });
  return [...longest.values()].toSorted((one, other) => one.days - other.days).slice(0, mostHolders);
}

/**
 * What ends within so many days and has nobody to take its place: a member's certificate has, when another good one of the
 * member lasts longer and carries all its names.
 */
export function endingSoon(
  issued: Iterable<IssuedCertificate>,
  own: Iterable<OwnCertificate>,
  now: number,
  withinDays: number,
): EndingFact[] {
  const good = new Map<string, IssuedCertificate[]>();
  for (const certificate of issued) {
    if (certificate.revoked === '') good.set(certificate.member, [...(good.get(certificate.member) ?? []), certificate]);
  }
  const facts: EndingFact[] = [];
  for (const [member, certificates] of good) {
    for (const { serial, validUntil, names } of certificates) {
      const days = daysUntil(Date.parse(validUntil), now);
      const followed = certificates.some((other) => other.validUntil > validUntil && names.every((name) => other.names.includes(name)));
      if (days < withinDays && !followed) facts.push({ holder: 'member', member, serial, days });
    }
  }
  for (const { holder, serial, validTo } of own) {
    const days = daysUntil(validTo, now);
    if (days < withinDays) facts.push({ holder, member: '', serial, days });
  }
  return facts;
}

/** Tells each certificate that ends soon once a day. Call it as often as you like. */
export function createExpiryWatch(withinDays: number, tell: (fact: EndingFact) => void) {
  let told = new Map<string, number>();
  return (issued: Iterable<IssuedCertificate>, own: Iterable<OwnCertificate>, now: number): void => {
    const today = Math.floor(now / day);
    const next = new Map<string, number>();
    for (const fact of endingSoon(issued, own, now, withinDays)) {
      const key = `${fact.holder} ${fact.serial}`;
      next.set(key, today);
      if (told.get(key) !== today) tell(fact);
    }
    told = next;
  };
}
