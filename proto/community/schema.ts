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
const listenerShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const methodShape = /^[A-Z][A-Z0-9_.-]{0,31}$/;
const mediaShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const bodyTypeShape = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,63})$/;
const hourShape = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const userShape = /^[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,128}@[^@]{1,253}$/;
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
const authorities = z.array(pemSource).max(communityLimits.authorities);
const revocationLists = z
  .array(pemSource)
  .max(communityLimits.authorities)
  .default([])
  .describe('Revocation lists (X509 CRL, PEM) of these authorities. What is on them is refused.');

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
      .enum(['member', 'internal', 'partner', 'clearinghouse', 'discovered'])
      .default('member')
      .describe(
        'member in a clearinghouse; in the direct model internal (own servers) or partner. clearinghouse: another hub, which speaks for domains of nobody here. discovered: met by DNS, written by the hub itself.',
      ),
    domains: z.array(domain).min(1).max(communityLimits.domainsOfMember).describe('Its SIP domains.'),
    groups: z.array(id).max(communityLimits.groupsOfMember).default([]).describe('Groups it is in, for rules.'),
    proxies: z
      .array(proxy)
      .max(communityLimits.proxiesOfMember)
      .default([])
      .describe('Where the hub reaches it. None, and no lookup: it is reached over the connections it opens.'),
    lookup: domain
      .optional()
      .describe('Instead of proxies: it is found by DNS under this domain (RFC 3263), and this is the name its certificate must carry.'),
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
      .strictObject({ ca: authorities.min(1), crl: revocationLists })
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
    statusUntil: instant.optional().describe('When it becomes active again by itself.'),
    dialect: z
      .enum(['standard', 'microsoft'])
      .default('standard')
      .describe('microsoft: refusals also carry ms-diagnostics-public, which Skype for Business shows.'),
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
    proposedBy: id.optional().describe('Which of the two proposed it.'),
    note: words(300, 'What the two wrote about it.').optional(),
  })
  .describe('Two members that are direct partners beside the hub (limited clearinghouse).');

const party = z
  .strictObject({
    any: z.literal(true).optional().describe('Every member.'),
    member: id.optional(),
    group: id.optional(),
    domain: domain.optional().describe('A domain, and what is below it.'),
    user: checkedText(
      (text) =>
        userShape.test(text) && domainFault(text.slice(text.lastIndexOf('@') + 1)) === undefined
          ? undefined
          : 'is no user: write alice@acme.example',
      { description: 'One user, as in the From or To of a request: alice@acme.example.' },
    ).optional(),
    members: z.array(id).max(communityLimits.membersOfParty).optional().describe('Any of these members; an empty list is nobody.'),
  })
  .refine(
    (who) => Object.values(who).filter((value) => value !== undefined).length === 1,
    'names exactly one of any, member, members, group, domain or user',
  )
  .meta({ description: 'any: true, or a member, members, a group, a domain or a user.', minProperties: 1, maxProperties: 1 });

const hour = checkedText((text) => (hourShape.test(text) ? undefined : 'is no time of day: write 08:30'), {
  description: 'A time of day, UTC.',
  pattern: hourShape.source,
});

const rule = z
  .strictObject({
    id: id.describe('Its name in answers, logs and `explain`.'),
    from: party.optional().describe('Who sends. Needed with to, unless between is given.'),
    to: party.optional().describe('Who it is for.'),
    between: z.tuple([id, id]).optional().describe('Instead of from and to: two members, in both directions.'),
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
    media: z
      .array(
        checkedText((text) => (mediaShape.test(text) ? undefined : 'is no kind of media: write it in lower case, such as video'), {
          description: 'A kind of media of a session description (SDP), in lower case: audio, video, message, application ...',
          pattern: mediaShape.source,
        }),
      )
      .min(1)
      .max(communityLimits.mediaOfRule)
      .optional()
      .describe('It fits sessions that offer one of these. Default: with or without any.'),
    bodyTypes: z
      .array(
        checkedText(
          (text) => (bodyTypeShape.test(text) ? undefined : 'is no media type: write it in lower case, such as text/html or image/*'),
          {
            description: 'A media type, in lower case, without parameters.',
            pattern: bodyTypeShape.source,
          },
        ),
      )
      .min(1)
      .max(communityLimits.bodyTypesOfRule)
      .optional()
      .describe('It fits bodies of these types. Default: any.'),
    bodyLarger: z
      .int()
      .min(1)
      .max(16 * 1024 * 1024)
      .optional()
      .describe('It fits bodies of more bytes than this.'),
    during: z
      .strictObject({
        days: z
          .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
          .min(1)
          .max(7)
          .optional()
          .describe('Default: every day.'),
        from: hour.optional(),
        until: hour.optional(),
      })
      .refine((during) => (during.from === undefined) === (during.until === undefined), 'needs both from and until, or neither')
      .optional()
      .describe('Only then, UTC. until before from runs past midnight.'),
    validFrom: instant.optional(),
    validUntil: instant.optional(),
    action: z.enum(['allow', 'deny', 'limit']),
    limit: z
      .strictObject({
        requests: z.int().min(1).max(1_000_000),
        per: z.enum(['second', 'minute', 'hour']).default('second'),
        burst: z.int().min(1).max(1_000_000).optional().describe('As many at once. Default: requests.'),
        each: z
          .enum(['member', 'pair', 'method'])
          .default('member')
          .describe('What has a measure of its own: the sender, sender and receiver, or sender and method.'),
      })
      .optional()
      .describe('For the action limit: allowed up to this, refused beyond it.'),
    shadow: z.boolean().default(false).describe('Counted and logged where it would decide, but not enforced.'),
    reason: words(300, 'Why: the sender reads it in the answer.').optional(),
  })
  .describe('Allow, deny or limit. Rules are read from top to bottom, the first that fits decides.');

const discovery = z
  .strictObject({
    trust: z.strictObject({ ca: authorities.min(1) }).describe('Authorities that vouch for strangers.'),
    requestsPerSecond: z.int().min(1).max(10_000).default(20),
    contacts: z.int().min(1).max(1_000_000).default(1_000).describe('Different users a discovered partner may address.'),
    suspectRequestsPerSecond: z.int().min(1).max(10_000).default(1).describe('Once most of what it sends fails.'),
    partners: z.int().min(1).max(10_000).default(1_000).describe('Discovered partners kept at the same time.'),
  })
  .describe('Meet organizations that are no members, found by DNS. Off unless it is here.');

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
      otherwise: z
        .enum(['allow', 'deny'])
        .default('allow')
        .describe(
          'What becomes of a request of two active members of which no rule and no agreement speaks. deny: nothing passes that is not allowed by name.',
        ),
      defaultRoute: id.optional().describe('A member of the role clearinghouse, which gets what is for a domain of nobody.'),
      discovery: discovery.optional(),
    }),
    hub: z.strictObject({
      domain: domain.describe("The hub's own SIP domain."),
      listeners: z.array(listener).min(1).max(communityLimits.listeners),
      certificate: z.strictObject({ cert: path, key: path }).describe("The hub's own certificate chain and key, PEM files."),
      trust: z
        .strictObject({ ca: authorities.default([]), crl: revocationLists })
        .describe(
          "Authorities that vouch for every member, PEM files. May be empty where the hub's own authority issues all certificates.",
        ),
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
/** Who a rule is about: exactly one is set. */
export type CommunityParty = NonNullable<CommunityRule['from']>;
