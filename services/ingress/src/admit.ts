import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import { isLoop, loopHash } from '@guildhall/proto/sip/branch';
import { checkRequest, readMaxForwards } from '@guildhall/proto/sip/check';
import { printable } from '@guildhall/proto/sip/escape';
import { Header } from '@guildhall/proto/sip/header-name';
import {
  firstHeader,
  headerValue,
  headerValueEnd,
  headerValueStart,
  type Message,
  nextHeader,
  requestUri,
} from '@guildhall/proto/sip/message';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import { uriDomain, uriPlace } from '@guildhall/proto/sip/uri';
import { type DialogRoute, dialogRoute, hasToTag, type IsHere, type ReadToken } from './dialog-route.js';
import { fromDomain, identityRefusal, type SpeaksFor } from './identity.js';
import { type RouteToken, type Usage, usageMethod, usageOf } from './route-token.js';
import type { AskSubject } from './verdicts.js';

/** What `admit` knows of the hub. */
export interface Hub {
  /** Lower-case hosts that the hub writes into its Vias. */
  readonly viaHosts: ReadonlySet<string>;
  /** Whether a host and port in a Request-URI or Route are the hub's. */
  readonly isHere: IsHere;
  readonly speaksFor: SpeaksFor;
  readonly readToken: ReadToken;
}

/** A question of names for policy, and what is needed to pass the request on once it is answered. */
export interface AskAdmission extends AskSubject {
  readonly kind: 'ask';
  /** The member it goes to; '' outside dialogs, where the verdict names it. */
  readonly target: string;
  /** The usage to put into a Record-Route, '' for none. */
  readonly usage: Usage | '';
  /** The dialog's token, from which a Record-Route takes its members. */
  readonly token: RouteToken | undefined;
  /** The Request-URI is sips, so Record-Route must be. */
  readonly secure: boolean;
  /** RFC 5393 4.2.2. */
  readonly loop: number;
}

/** What the peer is told instead, with a code of the reason table. */
export interface RefuseAdmission {
  readonly kind: 'refuse';
  readonly status: number;
  readonly code: ReasonCode;
  readonly sentence: string;
  /** A header line the answer must carry, '' for none. */
  readonly header: string;
  /** The request passed `checkRequest`, so that its transaction can be told apart from others. */
  readonly sound: boolean;
}

/** What becomes of a request, by the rules ingress decides itself. */
export type Admission =
  | AskAdmission
  | RefuseAdmission
  /** An OPTIONS to the hub itself: 200. */
  | { readonly kind: 'answer' };

/** Longer names are nobody's, and would only fill the verdict cache. */
const longestMethod = 32;
const longestEvent = 64;
const longestDomain = 253;

const answer: Admission = { kind: 'answer' };

/**
 * May this member say this at all (RFC 3261 16.3, DESIGN 5)? `member` is the id of the authenticated peer. Pure, and on the hot path:
 * an admitted request outside a dialog costs one object. Not for ACK and CANCEL, see `admitAck` and `checkRequest`.
 */
export function admit(request: Message, member: string, hub: Hub): Admission {
  const error = checkRequest(request);
  if (error !== undefined) return badMessage(error);
  const method = request.method;
  if (method.length > longestMethod) return refuse('bad-message', `the method name is longer than ${longestMethod} characters`);
  const toDomain = uriDomain(request, request.uriStart, request.uriEnd);

  if (method === 'OPTIONS' && asksAfterHub(request, hub)) return answer;
  if (hopsLeft(request) === 0) return refuse('too-many-hops', 'Max-Forwards is 0');
  const loop = loopHash(request);
  if (isLoop(request, hub.viaHosts, loop)) return refuse('loop', 'the request came through this hub before, to the same target');
  if (firstHeader(request, Header.proxyRequire) >= 0) return unsupported(request);

  const from = fromDomain(request);
  const identity = identityRefusal(request, member, from, hub.speaksFor);
  if (identity !== undefined) return refuse(identity.code, identity.sentence);
  const event = eventOf(request);
  if (event.length > longestEvent) return refuse('bad-message', `the event package name is longer than ${longestEvent} characters`);

  const route = dialogRoute(request, member, hub.isHere, hub.readToken);
  if (route.kind === 'refused') return refuse(route.code, route.sentence);
  if (route.kind === 'dialog') {
    // RFC 3261 12.2.1.1: or a token once got would open further dialogs past the rules about what opens one.
    if (!hasToTag(request)) return refuse('bad-route-token', 'the Route token is of a dialog, and this request is in none: To has no tag');
    return inDialog(request, member, from, event, loop, route);
  }
  if (toDomain.length > longestDomain) return refuse('unknown-domain', 'no domain is that long');
  return {
    kind: 'ask',
    peer: member,
    fromDomain: from,
    toDomain,
    toMember: '',
    method,
    event: eventCounts(method) ? event : '',
    target: '',
    usage: opens(request, method),
    token: undefined,
    secure: isSips(request),
    loop,
  };
}

/** An ACK of a 2xx is never answered: an ask, or undefined to drop it. It must come through a dialog of ours. */
export function admitAck(request: Message, member: string, hub: Hub): AskAdmission | undefined {
  if (checkRequest(request) !== undefined || hopsLeft(request) === 0) return undefined;
  const from = fromDomain(request);
  if (identityRefusal(request, member, from, hub.speaksFor) !== undefined) return undefined;
  const route = dialogRoute(request, member, hub.isHere, hub.readToken);
  return route.kind === 'dialog' ? inDialog(request, member, from, '', loopHash(request), route) : undefined;
}

/** Whether a peer may cancel: the same identity rule as for what it cancels. Undefined when it may. */
export function admitCancel(request: Message, member: string, hub: Hub): RefuseAdmission | undefined {
  const error = checkRequest(request);
  if (error !== undefined) return badMessage(error);
  const identity = identityRefusal(request, member, fromDomain(request), hub.speaksFor);
  return identity === undefined ? undefined : refuse(identity.code, identity.sentence);
}

/** What the reader or the check found wrong, as a refusal. */
export function badMessage(error: SipError): RefuseAdmission {
  switch (error.code) {
    case 'scheme':
      return { ...refuse('unsupported-scheme', error.message), sound: false };
    case 'message-too-large':
      return { ...refuse('message-too-large', error.message), sound: false };
    default:
      return { ...refuse('bad-message', error.message), status: error.status, sound: false };
  }
}

function inDialog(
  request: Message,
  member: string,
  from: string,
  event: string,
  loop: number,
  { token, target }: Extract<DialogRoute, { kind: 'dialog' }>,
): AskAdmission {
  const opening = usageMethod(token.usage, request.method);
  const method = opening === '' ? request.method : opening;
  return {
    kind: 'ask',
    peer: opening === '' ? member : token.caller,
    fromDomain: from,
    toDomain: '',
    toMember: opening === '' ? target : token.callee,
    method,
    event: eventCounts(method) ? event : '',
    target,
    // RFC 6665 4.4.1: a NOTIFY may come before the 2xx and then makes the dialog.
    usage: request.method === 'NOTIFY' ? token.usage : '',
    token,
    secure: isSips(request),
    loop,
  };
}

function opens(request: Message, method: string): Usage | '' {
  const usage = usageOf(method);
  if (usage === undefined) return '';
  return usage === 'N' || !hasToTag(request) ? usage : '';
}

function refuse(code: ReasonCode, sentence: string): RefuseAdmission {
  return { kind: 'refuse', status: reasons[code].status, code, sentence, header: '', sound: true };
}

/** RFC 3261 20.40: the answer lists every extension that is not understood, from however many fields. */
function unsupported(request: Message): RefuseAdmission {
  const values: string[] = [];
  for (let at = firstHeader(request, Header.proxyRequire); at >= 0; at = nextHeader(request, Header.proxyRequire, at)) {
    values.push(headerValue(request, at));
  }
  const listed = printable(values.join(', '));
  return { ...refuse('extension-required', `the hub has no extension ${listed}`), header: `Unsupported: ${listed}` };
}

/** Max-Forwards; 70 where there is none, as the relay will write. `checkRequest` made sure that it is a number. */
function hopsLeft(request: Message): number {
  const at = firstHeader(request, Header.maxForwards);
  return at < 0 ? 70 : readMaxForwards(request, headerValueStart(request, at), headerValueEnd(request, at));
}

function eventCounts(method: string): boolean {
  return method === 'SUBSCRIBE' || method === 'NOTIFY' || method === 'PUBLISH';
}

/** The event package of SUBSCRIBE, NOTIFY and PUBLISH, lower case, without parameters; '' for all else. */
function eventOf(request: Message): string {
  if (!eventCounts(request.method)) return '';
  const at = firstHeader(request, Header.event);
  if (at < 0) return '';
  const value = headerValue(request, at);
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}

function isSips(request: Message): boolean {
  // "sips:" and "sip:" differ in the fourth character, and `checkRequest` let no other five-letter scheme pass.
  return request.head.charCodeAt(request.uriStart + 4) === 0x3a && (request.head.charCodeAt(request.uriStart + 3) | 0x20) === 0x73;
}

/** A keepalive: OPTIONS to the hub's own address, with no user. */
function asksAfterHub(request: Message, hub: Hub): boolean {
  const place = uriPlace(requestUri(request));
  return place !== undefined && place.user === '' && hub.isHere(place.host, place.port);
}
