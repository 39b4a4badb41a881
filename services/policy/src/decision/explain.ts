import type { RequestFacts } from '@guildhall/proto/check-fit';
import { quoted } from '@guildhall/proto/community/quoted';
import type { ExplainRequest, ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { reasons } from '@guildhall/proto/reason';
import { decide } from './decide.js';
import { type Named, readParty } from './explain-party.js';
import { type Membership, memberOfDomain } from './membership.js';

/** What is answered, or what is wrong with the question in one sentence. */
export type Explanation = { readonly response: ExplainResponse } | { readonly invalid: string };

const methodShape = /^[A-Za-z0-9.!%*_+`'~-]{1,32}$/;
const eventShape = /^[a-z0-9.!%*_+`'~-]{1,64}$/;
const mediaShape = /^[a-z0-9-]{1,32}$/;
const bodyTypeShape = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/;
const timeShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const mostMedia = 16;
/** What a body is taken for whose type is not told. */
const usualBody = 'text/plain';

/** What the request would carry, or what is wrong with that. */
function readFacts(request: ExplainRequest, from: Named, to: Named): RequestFacts | string {
  const media = request.media.map((kind) => kind.toLowerCase());
  if (media.length > mostMedia) return `media has more than ${mostMedia} kinds.`;
  const odd = media.find((kind) => !mediaShape.test(kind));
  if (odd !== undefined) return `media ${quoted(odd, 40)} is no kind of media.`;
  const type = request.bodyType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type !== '' && !bodyTypeShape.test(type)) return `body type ${quoted(type, 40)} is no media type.`;
  const types = type === '' ? [] : [type];
  if (media.length > 0 && type !== 'application/sdp') types.push('application/sdp');
  if (types.length === 0 && request.bodyBytes > 0n) types.push(usualBody);
  return {
    fromUser: () => from.user,
    toUser: () => to.user,
    fromDomain: () => from.domain,
    toDomain: () => to.domain,
    media: () => media,
    bodyTypes: () => types,
    bodyBytes: () => Number(request.bodyBytes),
  };
}

/**
 * Would this get through, and why: the very decision that such a request meets, with every step of it. The sender is taken for
 * the member that its domain belongs to, or for the clearinghouse that speaks for domains of nobody. `now` is ms since 1970 and
 * stands where the question names no time. Limits are told as if nothing had been sent yet.
 */
export function explain(membership: Membership, request: ExplainRequest, now: number): Explanation {
  const from = readParty(membership, request.from, 'from');
  if (typeof from === 'string') return { invalid: from };
  const to = readParty(membership, request.to, 'to');
  if (typeof to === 'string') return { invalid: to };
  const method = request.method === '' ? 'MESSAGE' : request.method;
  if (!methodShape.test(method)) return { invalid: `method ${quoted(method, 40)} is no SIP method.` };
  const event = request.event.toLowerCase();
  if (event !== '' && !eventShape.test(event)) return { invalid: `event ${quoted(event, 40)} is no event package.` };
  const at = request.at === '' ? now : timeShape.test(request.at) ? Date.parse(request.at) : Number.NaN;
  if (Number.isNaN(at)) return { invalid: `time ${quoted(request.at, 40)} is no RFC 3339 time, such as 2027-01-31T12:00:00Z.` };
  const facts = readFacts(request, from, to);
  if (typeof facts === 'string') return { invalid: facts };

  const sender = memberOfDomain(membership, from.domain) ?? membership.community.defaultRoute;
  const ask: Ask = { peer: sender?.id ?? '', fromDomain: from.domain, target: { $case: 'toDomain', value: to.domain }, method, event };
  const { action, code, rule, sentence, target, contacts, steps } = decide(membership, ask, at, facts);
  return {
    response: {
      action,
      status: reasons[code].status,
      code,
      rule,
      sentence,
      fromMember: sender?.id ?? '',
      toMember: target?.id ?? '',
      steps: steps.map((step) => ({ ...step })),
      contacts: [...contacts],
      version: membership.version,
    },
  };
}
