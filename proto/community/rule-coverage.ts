import { domainOfUser, ownerIn, type Roll } from './rule-roll.js';
import type { CommunityParty, CommunityRule } from './schema.js';

/** Whether one domain is the other or below it. */
function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.endsWith(`.${outer}`);
}

/** The members that a party names one by one: by id, by list, or as the one to whom a user belongs. */
function namedMembers(party: CommunityParty, roll: Roll): readonly string[] | undefined {
  if (party.member !== undefined) return [party.member];
  if (party.members !== undefined) return party.members;
  if (party.user === undefined) return undefined;
  const owner = ownerIn(roll, domainOfUser(party.user));
  return owner === undefined ? undefined : [owner];
}

const nobody: readonly string[] = [];

/** Whether everyone that `inner` means is meant by `outer` too. */
function coversParty(outer: CommunityParty | undefined, inner: CommunityParty | undefined, roll: Roll): boolean {
  if (outer === undefined || inner === undefined) return false;
  if (outer.any) return true;
  if (outer.user !== undefined) return inner.user === outer.user;
  if (outer.domain !== undefined) {
    const domain = inner.domain ?? (inner.user === undefined ? undefined : domainOfUser(inner.user));
    return domain !== undefined && isWithin(domain, outer.domain);
  }
  if (outer.group !== undefined && inner.group === outer.group) return true;
  const named = namedMembers(inner, roll);
  // Of an empty list nothing is said: that it means nobody is told apart.
  if (named === undefined || named.length === 0) return false;
  const { group } = outer;
  if (group !== undefined) return named.every((id) => roll.members.get(id)?.includes(group) === true);
  if (outer.member !== undefined) return named.every((id) => id === outer.member);
  const meant = roll.setOf(outer.members ?? nobody);
  return named.every((id) => meant.has(id));
}

/** From and to of a rule, once for each direction in which it holds. */
function directions({ from, to, between }: CommunityRule): { from: CommunityParty | undefined; to: CommunityParty | undefined }[] {
  if (between === undefined) return [{ from, to }];
  const [one, other] = between;
  return [
    { from: { member: one }, to: { member: other } },
    { from: { member: other }, to: { member: one } },
  ];
}

function coversParties(outer: CommunityRule, inner: CommunityRule, roll: Roll): boolean {
  return directions(inner).every(({ from, to }) =>
    directions(outer).some((wide) => coversParty(wide.from, from, roll) && coversParty(wide.to, to, roll)),
  );
}

/** Whether a list that means "all" when it is left out contains another such list. */
function coversList(
  outer: readonly string[] | undefined,
  inner: readonly string[] | undefined,
  fits: (inner: string, outer: string) => boolean = (one, other) => one === other,
): boolean {
  return outer === undefined || (inner?.every((word) => outer.some((wide) => fits(word, wide))) ?? false);
}

function fitsType(inner: string, outer: string): boolean {
  return inner === outer || (outer.endsWith('/*') && inner.startsWith(outer.slice(0, -1)));
}

function coversTime(outer: CommunityRule, inner: CommunityRule): boolean {
  const from = (rule: CommunityRule) => (rule.validFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(rule.validFrom));
  const until = (rule: CommunityRule) => (rule.validUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(rule.validUntil));
  const hours = outer.during === undefined || JSON.stringify(outer.during) === JSON.stringify(inner.during);
  return hours && from(outer) <= from(inner) && until(outer) >= until(inner);
}

/** Whether every request that fits `inner` fits `outer` too, at every time. Never claims it wrongly; does not find every case. */
export function covers(outer: CommunityRule, inner: CommunityRule, roll: Roll): boolean {
  return (
    coversList(outer.methods, inner.methods) &&
    coversList(outer.events, inner.events) &&
    coversList(outer.media, inner.media) &&
    coversList(outer.bodyTypes, inner.bodyTypes, fitsType) &&
    (outer.bodyLarger === undefined || (inner.bodyLarger ?? 0) >= outer.bodyLarger) &&
    coversTime(outer, inner) &&
    coversParties(outer, inner, roll)
  );
}
