import { z } from 'zod';
import { rule } from './schema-rule.js';
import {
  authorities,
  checkedText,
  communityLimits,
  domain,
  host,
  id,
  instant,
  path,
  port,
  revocationLists,
  words,
} from './schema-words.js';

const listenerShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const pinShape = /^[0-9a-f]{64}$/;

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

/** A member as one writes it. */
export const memberSchema = z
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
    below: z
      .array(id)
      .max(communityLimits.membersOfParty)
      .default([])
      .describe(
        'Members below whose domains one of its own lies on purpose: sales.acme.example, say, which is an organization of its own.',
      ),
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

/** An agreement as one writes it. */
export const agreementSchema = z
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
    members: z.array(memberSchema).max(communityLimits.members).default([]),
    agreements: z.array(agreementSchema).max(communityLimits.agreements).default([]),
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
