import type { ReasonCode } from '@guildhall/proto/reason';
import { addressParts } from '@guildhall/proto/sip/check';
import { printable } from '@guildhall/proto/sip/escape';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, type Message } from '@guildhall/proto/sip/message';
import { routeEntries } from '@guildhall/proto/sip/route';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { parseUri } from '@guildhall/proto/sip/uri';
import type { RouteToken, TokenFault } from './route-token.js';

/** Where the Route of a request leads. */
export type DialogRoute =
  /** No Route, or only values that name the hub and nothing more: the Request-URI decides. */
  | { readonly kind: 'none' }
  /** Through a dialog that the hub routed when it was opened, to its other member. */
  | { readonly kind: 'dialog'; readonly token: RouteToken; readonly target: string }
  | { readonly kind: 'refused'; readonly code: ReasonCode; readonly sentence: string };

/** Reads a route token of ours. */
export type ReadToken = (text: string) => RouteToken | TokenFault;

/** Whether a lower-case host and a port (0: none given) are this hub's. */
export type IsHere = (host: string, port: number) => boolean;

const none: DialogRoute = { kind: 'none' };

/** Whether the To of a request has a tag: it is meant for an existing dialog. */
export function hasToTag(request: Message): boolean {
  const to = addressParts(request, Header.to);
  return to !== undefined && to.tagEnd > to.tag;
}

/**
 * Reads the Route of a request (RFC 3261 16.4, 16.12). Leading values that name the hub are the hub's own; behind a token of ours the rest is
 * the far member's business. Without one, a value that leads anywhere else is refused: the hub is no open relay.
 */
export function dialogRoute(request: Message, member: string, isHere: IsHere, readToken: ReadToken): DialogRoute {
  if (firstHeader(request, Header.route) < 0) return none;
  try {
    return walk(request, member, isHere, readToken);
  } catch (error) {
    if (error instanceof SipError) return refused('bad-message', `Route: ${error.message}`);
    throw error;
  }
}

function walk(request: Message, member: string, isHere: IsHere, readToken: ReadToken): DialogRoute {
  let bareOwn = false;
  for (const entry of routeEntries(request, Header.route)) {
    const uri = parseUri(request.head.slice(entry.uriStart, entry.uriEnd));
    const sip = uri.scheme === 'sip' || uri.scheme === 'sips';
    const here = sip && isHere(uri.host, uri.port);
    if (sip && uri.user !== '' && (here || uri.user.startsWith('g1.'))) {
      // Another instance's address is no reason to refuse what carries the hub's own signature.
      const token = readToken(uri.user);
      if (typeof token !== 'string') return toOtherMember(token, member);
      if (here) return refused('bad-route-token', faultSentence(token));
    }
    if (!here) {
      const where = printable(uri.host === '' ? uri.text : uri.host, 100);
      return refused('foreign-route', `Route leads to ${where}, and the hub passes requests to members only`);
    }
    bareOwn = true;
  }
  if (bareOwn && hasToTag(request)) return refused('bad-route-token', 'the Route of a request in a dialog carries no token of this hub');
  return none;
}

function toOtherMember(token: RouteToken, member: string): DialogRoute {
  if (token.caller === member) return { kind: 'dialog', token, target: token.callee };
  if (token.callee === member) return { kind: 'dialog', token, target: token.caller };
  return refused('bad-route-token', `the Route token belongs to a dialog in which ${member} has no part`);
}

function faultSentence(fault: TokenFault): string {
  switch (fault) {
    case 'shape':
      return 'the Route names this hub but carries no token of it';
    case 'unknown-key':
      return 'the Route token is signed with a key this hub does not have (any more)';
    case 'forged':
      return 'the Route token was not made by this hub';
  }
}

function refused(code: ReasonCode, sentence: string): DialogRoute {
  return { kind: 'refused', code, sentence };
}
