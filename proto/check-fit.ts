import { type Check, VerdictAction } from './gen/guildhall/bus/v1/ask.js';

/**
 * What a request is to the checks of a verdict. Each is found out only when a check asks for it. `undefined` is what cannot be read: a body in
 * an encoding, in pieces without end, of no stated type.
 */
export interface RequestFacts {
  /** "ada@acme.example", see `Check.from_user`; '' for none. */
  fromUser(): string;
  toUser(): string;
  /** Lower case. */
  fromDomain(): string;
  toDomain(): string;
  /** Within a dialog, whom the Request-URI names: it goes there, whatever To says. Unset or '' for none. */
  dialled?(): { readonly user: string; readonly domain: string };
  /** Kinds of media that its session descriptions offer, lower case; empty where there is no session description. */
  media(): readonly string[] | undefined;
  /** Media types of the body and, where it has parts, of these, lower case; empty where there is no body. */
  bodyTypes(): readonly string[] | undefined;
  bodyBytes(): number;
}

/** Whether a domain is another one or below it. Both lower case. */
export function isWithinDomain(domain: string, outer: string): boolean {
  return domain === outer || domain.endsWith(`.${outer}`);
}

function isOfType(type: string, pattern: string): boolean {
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** Letter case and parameters do not count: registrars differ in whether they look at them. */
function looseUser(user: string): string {
  const at = user.lastIndexOf('@');
  const end = user.indexOf(';');
  return (end < 0 || end > at ? user : user.slice(0, end) + user.slice(at)).toLowerCase();
}

/** Whether a user is the one that is meant; a check that refuses takes whoever could be for the same. */
function isUser(user: string, meant: string, refuses: boolean): boolean {
  return user === meant || (refuses && looseUser(user) === looseUser(meant));
}

/** What cannot be read fits a check that refuses and none that lets pass: whoever hides something gains nothing by it. */
function holds<T>(known: readonly T[] | undefined, refuses: boolean, fits: (one: T) => boolean): boolean {
  return known === undefined ? refuses : known.some(fits);
}

/** Whether all conditions of a check fit a request. Pure; the same in ingress and in what explains it. */
export function checkFits(check: Check, facts: RequestFacts): boolean {
  const refuses = check.action === VerdictAction.REFUSE;
  return (
    (check.fromDomain === '' || isWithinDomain(facts.fromDomain(), check.fromDomain)) &&
    (check.toDomain === '' ||
      isWithinDomain(facts.toDomain(), check.toDomain) ||
      (refuses && isWithinDomain(facts.dialled?.().domain ?? '', check.toDomain))) &&
    (check.fromUser === '' || isUser(facts.fromUser(), check.fromUser, refuses)) &&
    (check.toUser === '' ||
      isUser(facts.toUser(), check.toUser, refuses) ||
      (refuses && isUser(facts.dialled?.().user ?? '', check.toUser, true))) &&
    (check.bodyLarger === 0n || BigInt(facts.bodyBytes()) > check.bodyLarger) &&
    (check.media.length === 0 || holds(facts.media(), refuses, (kind) => check.media.includes(kind))) &&
    (check.bodyTypes.length === 0 ||
      holds(facts.bodyTypes(), refuses, (type) => check.bodyTypes.some((pattern) => isOfType(type, pattern))))
  );
}

/** Whether a check has any condition: one without fits every request of its verdict. */
export function isConditional(check: Check): boolean {
  const { fromUser, toUser, fromDomain, toDomain, media, bodyTypes, bodyLarger } = check;
  return (
    fromUser !== '' || toUser !== '' || fromDomain !== '' || toDomain !== '' || media.length > 0 || bodyTypes.length > 0 || bodyLarger > 0n
  );
}
