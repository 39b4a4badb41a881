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
} as const;

const controlCharacters = /\p{Cc}/u;
const idShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const listenerShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const methodShape = /^[A-Z][A-Z0-9_.-]{0,31}$/;
const eventShape = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const pinShape = /^[0-9a-f]{64}$/;
const dateShape = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Whether a text is a date or an RFC 3339 time. Date alone would take 31 February for a day in March. */
function isInstant(text: string): boolean {
  const day = dateShape.exec(text)?.[1];
  if (day === undefined || Number.isNaN(Date.parse(text))) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** A text whose fault is found by a function; the fault continues "<text> ...". `about` goes into the JSON schema. */
function checkedText(fault: (text: string) => string | undefined, about: { description: string; pattern?: string }) {
  return z
    .string()
    .superRefine((text, context) => {
      const found = fault(text);
      if (found !== undefined) context.addIssue({ code: 'custom', message: `${quoted(text)} ${found}` });
    })
    .meta({ ...about, minLength: 1, maxLength: 253 });
}

/** A short id of a member, group, rule or listener. */
const id = checkedText(
  (text) => (idShape.test(text) ? undefined : 'is no id: use 1 to 63 of a-z, 0-9 and hyphens, beginning and ending with a letter or digit'),
  { description: 'A short id: a-z, 0-9 and hyphens.', pattern: idShape.source },
);
const domain = checkedText(domainFault, {
  description: 'A domain in lower case, without wildcard; its subdomains are served along with it.',
});
const host = checkedText(hostFault, { description: 'A DNS name or an IP address.' });

/** Words an operator wrote: they go into answers and logs, so no line ends or other control characters. */
function words(max: number, description: string) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !controlCharacters.test(text), 'has a control character (a line end, for instance): write one line')
    .describe(description);
}
const path = words(1024, 'A path, relative to this file.');
const port = z.int().min(1).max(65_535).describe('A TCP port.');

const instant = checkedText((text) => (isInstant(text) ? undefined : 'is no date: write 2027-01-31 or 2027-01-31T12:00:00Z'), {
  description: 'A date (from its first moment, UTC) or a time as in RFC 3339.',
});

const authorities = z.array(path).max(communityLimits.authorities);

const listener = z
  .strictObject({
    name: checkedText((text) => (listenerShape.test(text) ? undefined : 'is no name of a listener: use 1 to 32 of a-z, 0-9 and hyphens'), {
      description: 'Its name; members[].interface refers to it.',
      pattern: listenerShape.source,
    }),
    host: host.describe('The address to listen on; 0.0.0.0 or :: for all.'),
    port: z.int().min(0).max(65_535).default(5061).describe('The port to listen on; 0 lets the system choose.'),
    advertise: z
      .strictObject({ host, port: port.optional() })
      .optional()
      .describe('The host and, if it differs too, the port that members reach it by.'),
  })
  .describe('A door of the hub: SIP over mutual TLS.');

const proxy = z
  .strictObject({
    host: host.describe('Where the hub dials it.'),
    port: port.default(5061),
    name: domain
      .optional()
      .describe("The name its certificate must carry. Default: one of the member's domains, or the host if that is a name."),
    priority: z.int().min(0).max(65_535).default(1).describe('Lower is tried first.'),
    weight: z.int().min(1).max(65_535).default(1).describe('Share among proxies of the same priority.'),
  })
  .describe("A SIP element of a member's, reached over TLS.");

const member = z
  .strictObject({
    id: id.describe('Its id: what rules, agreements, logs and figures name it by.'),
    name: words(120, 'What people call it.').optional(),
    role: z
      .enum(['member', 'internal', 'partner'])
      .default('member')
      .describe('member in a clearinghouse; in the direct model internal (own servers) or partner.'),
    domains: z.array(domain).min(1).max(communityLimits.domainsOfMember).describe('Its SIP domains.'),
    groups: z.array(id).max(communityLimits.groupsOfMember).default([]).describe('Groups it is in, for rules.'),
    proxies: z
      .array(proxy)
      .max(communityLimits.proxiesOfMember)
      .default([])
      .describe('Where the hub reaches it. None: it is reached over the connections it opens.'),
    pins: z
      .array(
        checkedText(
          (text) => (pinShape.test(text) ? undefined : 'is no fingerprint: write the SHA-256 of the public key (SPKI) as 64 of 0-9 a-f'),
          {
            description: 'SHA-256 of a public key (SPKI), 64 hex digits.',
            pattern: pinShape.source,
          },
        ),
      )
      .max(communityLimits.pinsOfMember)
      .default([])
      .describe('Keys that are accepted as this member whatever their certificate says.'),
    trust: z
      .strictObject({ ca: authorities.min(1) })
      .optional()
      .describe('Authorities that vouch for this member only.'),
    status: z
      .enum(['active', 'pending', 'suspended', 'quarantined'])
      .default('active')
      .describe('Only an active member exchanges traffic; the other states say why not.'),
    statusReason: words(
      300,
      'Why it is not active. Its own people and those who write to them read it in the answers they get.',
    ).optional(),
    acceptCommonName: z
      .boolean()
      .default(false)
      .describe('Accept the common name of a certificate without subject alternative names (RFC 5922 7.1 step 4).'),
    interface: id.optional().describe('Name of the listener it is served by. Default: the first.'),
  })
  .describe('An organization of the community.');

const agreement = z
  .strictObject({
    members: z.tuple([id, id]).describe('The two members.'),
    mode: z
      .enum(['relay', 'redirect'])
      .default('relay')
      .describe("relay: through the hub. redirect: the hub answers 302 with the partner's door."),
    acceptedBy: z.array(id).max(2).optional().describe('Which of the two have accepted. Default: both.'),
    validFrom: instant.optional(),
    validUntil: instant.optional(),
  })
  .describe('Two members that are direct partners beside the hub (limited clearinghouse).');

const party = z
  .strictObject({
    any: z.literal(true).optional().describe('Every member.'),
    member: id.optional(),
    group: id.optional(),
  })
  .refine((who) => Object.values(who).filter((value) => value !== undefined).length === 1, 'names exactly one of any, member or group')
  .meta({ description: 'any: true, or a member, or a group.', minProperties: 1, maxProperties: 1 });

const rule = z
  .strictObject({
    id: id.describe('Its name in answers, logs and `explain`.'),
    from: party,
    to: party,
    methods: z
      .array(
        checkedText((text) => (methodShape.test(text) ? undefined : 'is no SIP method: write it in capitals, such as INVITE'), {
          description: 'A SIP method, in capitals.',
          pattern: methodShape.source,
        }),
      )
      .min(1)
      .max(communityLimits.methodsOfRule)
      .optional()
      .describe('Methods that open what it is about: INVITE covers the whole call. Default: every method.'),
    events: z
      .array(
        checkedText((text) => (eventShape.test(text) ? undefined : 'is no event package: write it in lower case, such as presence'), {
          description: 'An event package, in lower case.',
          pattern: eventShape.source,
        }),
      )
      .min(1)
      .max(communityLimits.eventsOfRule)
      .optional()
      .describe('Event packages of SUBSCRIBE, NOTIFY and PUBLISH. Default: with or without any.'),
    action: z.enum(['allow', 'deny']),
    reason: words(300, 'Why: the sender reads it in the answer.').optional(),
  })
  .describe('Allow or deny. Rules are read from top to bottom, the first that fits decides.');

/**
 * The language of a community file: what may be said, with defaults and bounds. What contradicts itself across lines is
 * found by `contradictions`.
 */
export const communityFileSchema = z
  .strictObject({
    community: z.strictObject({
      id,
      name: words(120, 'What people call it.').optional(),
      model: z
        .enum(['clearinghouse', 'limited-clearinghouse', 'direct'])
        .default('clearinghouse')
        .describe(
          'clearinghouse: every active member reaches every other, minus rules. limited-clearinghouse: the same plus agreements. direct: only internal with partner.',
        ),
    }),
    hub: z.strictObject({
      domain: domain.describe("The hub's own SIP domain."),
      listeners: z.array(listener).min(1).max(communityLimits.listeners),
      certificate: z.strictObject({ cert: path, key: path }).describe("The hub's own certificate chain and key, PEM files."),
      trust: z.strictObject({ ca: authorities.min(1) }).describe('Authorities that vouch for every member, PEM files.'),
    }),
    members: z.array(member).max(communityLimits.members).default([]),
    agreements: z.array(agreement).max(communityLimits.agreements).default([]),
    rules: z.array(rule).max(communityLimits.rules).default([]),
  })
  .describe('A community of Guildhall.');

/** A community file as read: defaults filled in, paths as written. */
export type CommunityFile = z.output<typeof communityFileSchema>;
/** A member of it. */
export type CommunityMember = CommunityFile['members'][number];
/** A rule of it. */
export type CommunityRule = CommunityFile['rules'][number];
/** Who a rule is about: exactly one of the three is set. */
export type CommunityParty = CommunityRule['from'];
