import type { RequestFacts } from '@guildhall/proto/check-fit';
import { addressDomain, addressUser } from '@guildhall/proto/sip/address';
import { Header } from '@guildhall/proto/sip/header-name';
import {
  bodyBytes,
  firstHeader,
  headerValue,
  headerValueEnd,
  headerValueStart,
  type Message,
  nextHeader,
  requestUri,
} from '@guildhall/proto/sip/message';
import { uriDomain } from '@guildhall/proto/sip/uri';
import { userOfUri } from '@guildhall/proto/sip/user';
import type { AskAdmission } from './admit.js';
import { type BodyFacts, readBody } from './body-facts.js';

function userIn(request: Message, id: number): string {
  const at = firstHeader(request, id);
  return at < 0 ? '' : addressUser(request, headerValueStart(request, at), headerValueEnd(request, at));
}

function domainIn(request: Message, id: number): string {
  const at = firstHeader(request, id);
  return at < 0 ? '' : addressDomain(request, headerValueStart(request, at), headerValueEnd(request, at));
}

/** The value of the only field with this id: '' for none, and for several, of which nobody knows whom a reader believes. */
function onlyValue(request: Message, id: number): string {
  const at = firstHeader(request, id);
  return at < 0 || nextHeader(request, id, at) >= 0 ? '' : headerValue(request, at);
}

function encodingOf(request: Message): string {
  const at = firstHeader(request, Header.contentEncoding);
  if (at < 0) return '';
  return nextHeader(request, Header.contentEncoding, at) < 0 ? headerValue(request, at).trim() : 'several';
}

function bodyOf(request: Message): BodyFacts {
  return readBody(bodyBytes(request).toString('latin1'), { type: onlyValue(request, Header.contentType), encoding: encodingOf(request) });
}

const nobody = { user: '', domain: '' };

function dialledBy(request: Message): { user: string; domain: string } {
  return { user: userOfUri(requestUri(request)), domain: uriDomain(request, request.uriStart, request.uriEnd) };
}

/**
 * What a request is to the checks of its verdict, found out only as they ask. Outside dialogs it is for the user of its Request-URI, which is
 * where it goes; within one, for the user of To and for whom the Request-URI names. `sender` is the member that sent it: where that is not the one who opened the dialog, From and
 * To change places, because the verdict is about the one who did.
 */
export function requestFacts(request: Message, admission: AskAdmission, sender: string): RequestFacts {
  const inDialog = admission.token !== undefined;
  const back = inDialog && admission.peer !== sender;
  const near = back ? Header.to : Header.from;
  const far = back ? Header.from : Header.to;
  let body: BodyFacts | undefined;
  const facts = (): BodyFacts => {
    body ??= bodyOf(request);
    return body;
  };
  return {
    fromUser: () => userIn(request, near),
    toUser: () => (inDialog ? userIn(request, far) : userOfUri(requestUri(request))),
    fromDomain: () => domainIn(request, near),
    toDomain: () => (inDialog ? domainIn(request, far) : uriDomain(request, request.uriStart, request.uriEnd)),
    dialled: () => (inDialog && !back ? dialledBy(request) : nobody),
    media: () => facts().media,
    bodyTypes: () => facts().types,
    bodyBytes: () => request.end - request.start - request.head.length,
  };
}
