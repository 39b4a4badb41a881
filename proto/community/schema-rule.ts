import { z } from 'zod';
import { domainFault } from './domain.js';
import { checkedText, communityLimits, domain, id, instant, words } from './schema-words.js';

const methodShape = /^[A-Z][A-Z0-9_.-]{0,31}$/;
const mediaShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const bodyTypeShape = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,63})$/;
const hourShape = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const userShape = /^[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,128}@[^@]{1,253}$/;
const eventShape = /^[a-z0-9][a-z0-9.-]{0,63}$/;

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

/** A rule as one writes it. */
export const rule = z
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
      .describe(
        'It fits requests that offer one of these. What is offered in an answer, because an INVITE came without an offer, is not looked at. Default: with or without any.',
      ),
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
