import { addressDomain, addressTag, addressUser, parseAddress, splitValues } from '@guildhall/proto/sip/address';
import { isLoop, loopHash, readBranch } from '@guildhall/proto/sip/branch';
import { checkRequest, checkResponse } from '@guildhall/proto/sip/check';
import { parseCSeq } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import {
  bodyBytes,
  firstHeader,
  headerCount,
  headerLineEnd,
  headerLineStart,
  headerValue,
  headerValueEnd,
  headerValueStart,
  type Message,
  requestUri,
} from '@guildhall/proto/sip/message';
import { routeEntries } from '@guildhall/proto/sip/route';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { parseUri, uriDomain, uriPlace } from '@guildhall/proto/sip/uri';
import { parseVia } from '@guildhall/proto/sip/via';
import { corpusInputs } from '../corpus-inputs.js';
import { request, response, sipWords } from '../sip-grammar.js';
import { mendLength } from '../sip-lengths.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';
import { parsed } from './reader.js';

/** What a reader gives, or undefined where it throws a SipError; anything else goes on up. */
export function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}

const ownHosts: ReadonlySet<string> = new Set(['hub.example']);

/** The two readers of an address, the quick one that decides who may speak and the one that takes it apart, must see the same host. */
function agreeOnAddress(m: Message, start: number, end: number): void {
  const domain = addressDomain(m, start, end);
  const user = addressUser(m, start, end);
  promise(user === '' || user.endsWith(`@${domain}`), 'a user is of the domain that is looked at');
  // Most values are no addresses, and to be told so by an error is dear.
  const whole = domain === '' && user === '' && (start + end) % 8 !== 0 ? undefined : orNothing(() => parseAddress(m, start, end));
  if (whole === undefined) {
    addressTag(m, start, end);
    return;
  }
  promise(start <= whole.uriStart && whole.uriStart < whole.uriEnd && whole.uriEnd <= end, 'the URI of an address lies within it');
  const uri = orNothing(() => parseUri(m.head.slice(whole.uriStart, whole.uriEnd)));
  if (uri !== undefined) promiseSame(domain, uri.host, 'both readers of an address see the same host');
  promiseSame(addressTag(m, start, end), whole.parameters.get('tag') ?? '', 'both readers of an address see the same tag');
}

function readVias(m: Message, start: number, end: number): void {
  for (let at = start; at >= 0; ) {
    const via = orNothing(() => parseVia(m, at, end));
    if (via === undefined) return;
    promise(start <= via.start && via.start < via.end && via.end <= end, 'a Via value lies within its field');
    promise(via.next < 0 || via.next > at, 'the next Via value lies behind the one before');
    readBranch(via.branch);
    at = via.next;
  }
}

function readFields(m: Message): void {
  let before = m.head.indexOf('\r\n') + 2;
  for (let index = 0; index < headerCount(m); index += 1) {
    const [line, start, end, lineEnd] = [
      headerLineStart(m, index),
      headerValueStart(m, index),
      headerValueEnd(m, index),
      headerLineEnd(m, index),
    ];
    promise(line === before && line < start && start <= end && end + 2 <= lineEnd, 'fields follow each other without gap or overlap');
    before = lineEnd;
    promise(!/[\r\n\0]/.test(headerValue(m, index)), 'a value read as one line is one');
    agreeOnAddress(m, start, end);
    // Most values are neither, and to be told so by an error is dear: of those that do not look like it some are tried.
    const letter = m.head.charCodeAt(start);
    const tried = (start + end) % 8 === 0;
    if (tried || (letter | 0x20) === 0x73) readVias(m, start, end);
    if (tried || (letter >= 0x30 && letter <= 0x39)) orNothing(() => parseCSeq(m, start, end));
    for (const comma of splitValues(m, start, end)) promise(m.head[comma] === ',', 'values are split at commas');
  }
  promise(before === m.head.length - 2, 'an empty line follows the last field');
}

/** Everything the codec reads of a message, sound or not. */
export function readAll(m: Message): SipError | undefined {
  const wrong = m.status === 0 ? checkRequest(m) : checkResponse(m);
  if (wrong !== undefined) promise(/^[\x20-\x7e]+$/.test(wrong.message), 'an error is plain printable ASCII');
  const loop = loopHash(m);
  promise(loop >= 0 && loop < 2 ** 31, 'a loop hash is short');
  isLoop(m, ownHosts, loop);
  readFields(m);
  const routes = orNothing(() => routeEntries(m, Header.route));
  const uri = orNothing(() => parseUri(requestUri(m)));
  const domain = uriDomain(m, m.uriStart, m.uriEnd);
  if (uri !== undefined) promiseSame(domain, uri.host, 'both readers of a URI see the same host');
  if (wrong === undefined && m.status === 0) {
    const place = uriPlace(requestUri(m));
    promise(place === undefined ? /^tel:/i.test(requestUri(m)) : place.host === domain, 'the Request-URI of a sound request names a place');
    promise(firstHeader(m, Header.route) < 0 || routes !== undefined, 'the Route of a sound request can be read');
  }
  return wrong;
}

/** A message on the bus and in a stream, with all that is read of its head. */
export const messageTarget: Target = {
  name: 'message',
  about: 'one message, its check and every reader of its fields: only SipErrors, and readers of the same thing agree',
  longest: 2_048,
  words: sipWords,
  seeds: () => corpusInputs((random) => bytesOf(request(random)), 150),
  make: (random) => bytesOf(random.once(5) ? response(random) : request(random)),
  mend: mendLength,
  run(input) {
    const m = parsed(input, defaultLimits);
    if (typeof m === 'string') return m;
    bodyBytes(m);
    const wrong = readAll(m);
    return `${m.status === 0 ? m.method.slice(0, 8) : m.status} ${wrong?.code ?? 'sound'} ${wrong?.message ?? headerCount(m)}`;
  },
};
