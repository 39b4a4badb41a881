import { z } from 'zod';
import { domainFault, hostFault } from './domain.js';
import { quoted } from './quoted.js';

/** How many of each a community file may have: a typing slip or a runaway script is refused, not served. */
export const communityLimits = {
  /** Characters of the file. */
  fileLength: 16 * 1024 * 1024,
  listeners: 16,
  members: 20_000,
  domainsOfMember: 500,
  groupsOfMember: 50,
  proxiesOfMember: 16,
  pinsOfMember: 16,
  /** PEM files of the community or of one member. */
  authorities: 16,
  agreements: 50_000,
  rules: 1_000,
  methodsOfRule: 32,
  eventsOfRule: 32,
  mediaOfRule: 16,
  bodyTypesOfRule: 32,
  membersOfParty: 1_000,
} as const;

const controlCharacters = /\p{Cc}/u;
const idShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const dateShape = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Whether a text is a date or an RFC 3339 time. Date alone would take 31 February for a day in March. */
function isInstant(text: string): boolean {
  const day = dateShape.exec(text)?.[1];
  if (day === undefined || Number.isNaN(Date.parse(text))) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** A text whose fault is found by a function; the fault continues "<text> ...". `about` goes into the JSON schema. */
export function checkedText(fault: (text: string) => string | undefined, about: { description: string; pattern?: string }) {
  return z
    .string()
    .superRefine((text, context) => {
      const found = fault(text);
      if (found !== undefined) context.addIssue({ code: 'custom', message: `${quoted(text)} ${found}` });
    })
    .meta({ ...about, minLength: 1, maxLength: 253 });
}

/** A short id of a member, group, rule or listener. */
export const id = checkedText(
  (text) => (idShape.test(text) ? undefined : 'is no id: use 1 to 63 of a-z, 0-9 and hyphens, beginning and ending with a letter or digit'),
  { description: 'A short id: a-z, 0-9 and hyphens.', pattern: idShape.source },
);
/** A domain in lower case. */
export const domain = checkedText(domainFault, {
  description: 'A domain in lower case, without wildcard; its subdomains are served along with it.',
});
/** A DNS name or an IP address. */
export const host = checkedText(hostFault, { description: 'A DNS name or an IP address.' });

/** Words an operator wrote: they go into answers and logs, so no line ends or other control characters. */
export function words(max: number, description: string) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !controlCharacters.test(text), 'has a control character (a line end, for instance): write one line')
    .describe(description);
}
/** A path of one line. */
export const path = words(1024, 'A path, relative to this file.');
/** A TCP port, 1 to 65535. */
export const port = z.int().min(1).max(65_535).describe('A TCP port.');

/** A date or an RFC 3339 time. */
export const instant = checkedText((text) => (isInstant(text) ? undefined : 'is no date: write 2027-01-31 or 2027-01-31T12:00:00Z'), {
  description: 'A date (from its first moment, UTC) or a time as in RFC 3339.',
});

/** Words for a PEM text in the file itself. */
const pemBegin = '-----BEGIN ';
const pemSource = z
  .string()
  .min(1)
  .max(256 * 1024)
  .refine(
    (text) => text.startsWith(pemBegin) || (text.length <= 1024 && !controlCharacters.test(text)),
    'is neither a path of one line nor a PEM text',
  )
  .describe('A path, relative to this file, or the PEM text itself.');
/** PEM sources of authorities, paths or texts. */
export const authorities = z.array(pemSource).max(communityLimits.authorities);
/** PEM sources of revocation lists, paths or texts. */
export const revocationLists = z
  .array(pemSource)
  .max(communityLimits.authorities)
  .default([])
  .describe('Revocation lists (X509 CRL, PEM) of these authorities. What is on them is refused.');
