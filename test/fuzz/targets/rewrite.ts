import { checkRequest } from '@guildhall/proto/sip/check';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import {
  bodyBytes,
  firstHeader,
  headerCount,
  headerLineEnd,
  headerLineStart,
  headerValueEnd,
  headerValueStart,
  type Message,
  parseMessage,
  requestUri,
} from '@guildhall/proto/sip/message';
import { readSender, type Sender, unknownSender } from '@guildhall/proto/sip/received';
import { routeEntries } from '@guildhall/proto/sip/route';
import { uriPlace } from '@guildhall/proto/sip/uri';
import { parseVia, type Via } from '@guildhall/proto/sip/via';
import { editedHead, type Hop, hereOf, rewrite, stripVia } from '@guildhall/relay/rewrite';
import { corpusInputs } from '../corpus-inputs.js';
import { bytesHash, createRandom } from '../random.js';
import { request, response, sipWords } from '../sip-grammar.js';
import { mendLength } from '../sip-lengths.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';
import { orNothing } from './message.js';
import { parsed } from './reader.js';

const wide = { ...defaultLimits, messageBytes: 200_000, headers: 200, headerLineBytes: 16_384 };
const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');
const recordRoute = '<sip:g1.k1.acme.bolt.I.x@hub.example:5061;transport=tls;lr>';
const senders: readonly Sender[] = [unknownSender, readSender('192.0.2.7:40001'), readSender('[2001:db8::1]:5061')];

function lineOf(m: Message, index: number): string {
  return m.head.slice(headerLineStart(m, index), headerLineEnd(m, index));
}

/** The line of a field with another value. */
function lineWith(m: Message, index: number, value: string): string {
  return (
    m.head.slice(headerLineStart(m, index), headerValueStart(m, index)) +
    value +
    m.head.slice(headerValueEnd(m, index), headerLineEnd(m, index))
  );
}

/** The first Via with what was seen of its sender, by RFC 3261 18.2.1 and RFC 3581 4. */
function viaLine(m: Message, index: number, { host, port }: Sender): string {
  const start = headerValueStart(m, index);
  const value = m.head.slice(start, headerValueEnd(m, index));
  const via = parseVia(value, 0, value.length);
  const isSame = via.host === host || via.host === `[${host}]`;
  if (host === '' || (isSame && via.rportAt < 0)) return lineOf(m, index);
  let text = value;
  if (via.received === '') text = `${text.slice(0, via.end)};received=${host}${text.slice(via.end)}`;
  if (via.rportAt >= 0) text = `${text.slice(0, via.rportAt)}=${port}${text.slice(via.rportAt)}`;
  return lineWith(m, index, text);
}

/** How the Route of a request reads once the hub's own leading values are gone. */
interface RouteLeft {
  /** Fields that read differently then, by index; '' for one that is gone. */
  readonly lines: ReadonlyMap<number, string>;
  /** RFC 3261 16.6 step 6: the URI of a strict router that is next, '' for none. */
  readonly strict: string;
}

function isOwn(text: string, token: string): boolean {
  const place = uriPlace(text);
  if (place === undefined) return false;
  return place.user.startsWith('g1.') ? token === '' || token === place.user : place.host === 'hub.example';
}

function routeLeft(m: Message): RouteLeft {
  const entries = firstHeader(m, Header.route) < 0 ? [] : routeEntries(m, Header.route);
  const uris = entries.map(({ uriStart, uriEnd }) => m.head.slice(uriStart, uriEnd));
  let token = '';
  let gone = 0;
  for (; gone < uris.length && isOwn(uris[gone] ?? '', token); gone += 1) {
    const user = uriPlace(uris[gone] ?? '')?.user ?? '';
    if (user.startsWith('g1.')) token = user;
  }
  if (gone === 0) return { lines: new Map(), strict: '' };
  const next = uris[gone] ?? '';
  const [plain = ''] = next.slice(uriPlace(next)?.tail ?? 0).split('?');
  const loose = plain.split(';').some((parameter) => parameter.toLowerCase().replace(/=.*$/, '') === 'lr');
  const strict = uriPlace(next) === undefined || loose || next.includes('?') ? '' : next;
  if (strict !== '') gone += 1;
  const lines = new Map<number, string>();
  for (const { headerIndex } of entries) {
    const first = entries.find((entry, at) => entry.headerIndex === headerIndex && at >= gone);
    const text = first === undefined ? '' : lineWith(m, headerIndex, m.head.slice(first.start, headerValueEnd(m, headerIndex)));
    lines.set(headerIndex, text);
  }
  return { lines, strict };
}

/** The head as it must read on the next wire, put together line by line. */
function expectedHead(m: Message, hop: Hop): string {
  const { lines, strict } = routeLeft(m);
  const first =
    strict === '' ? m.head.slice(0, headerLineStart(m, 0)) : `${m.method} ${strict}${m.head.slice(m.uriEnd, headerLineStart(m, 0))}`;
  let text = `${first}Via: SIP/2.0/TLS hub.example:5061;branch=${hop.branch}\r\n`;
  if (hop.recordRoute !== '') text += `Record-Route: ${hop.recordRoute}\r\n`;
  if (firstHeader(m, Header.maxForwards) < 0) text += 'Max-Forwards: 70\r\n';
  const top = firstHeader(m, Header.via);
  for (let index = 0; index < headerCount(m); index += 1) {
    const id = m.table[index << 2];
    if (index === top) text += viaLine(m, index, hop.source);
    else if (id === Header.route) text += lines.get(index) ?? lineOf(m, index);
    else if (id === Header.maxForwards) {
      const hops = Number(m.head.slice(headerValueStart(m, index), headerValueEnd(m, index)));
      text += lineWith(m, index, `${Math.max(0, hops - 1)}`);
    } else if (id !== Header.edgeProxyTrust) text += lineOf(m, index);
  }
  return `${text}${strict === '' ? '' : `Route: <${requestUri(m)}>\r\n`}\r\n`;
}

function forwarded(m: Message, hop: Hop): string {
  const head = editedHead(m, rewrite(m, hop));
  promiseSame(head, expectedHead(m, hop), 'nothing changes but what a proxy changes');
  const sent = parseMessage(Buffer.concat([bytesOf(head), bodyBytes(m)]), wide);
  promise(checkRequest(sent) === undefined, 'what is passed on is as sound as what came');
  promiseSame(bodyBytes(sent).toString('latin1'), bodyBytes(m).toString('latin1'), 'a body stays as it is');
  return `request ${headerCount(sent) - headerCount(m)}`;
}

function topVia(m: Message): Via | undefined {
  const index = firstHeader(m, Header.via);
  return index < 0 ? undefined : orNothing(() => parseVia(m, headerValueStart(m, index), headerValueEnd(m, index)));
}

/** Our Via goes, and nothing else. */
function returned(m: Message): string {
  const via = topVia(m);
  if (via === undefined) return 'no via';
  const index = firstHeader(m, Header.via);
  const edited = stripVia(m, via.start, via.next);
  if (edited === undefined) {
    promise(via.next < 0 && m.table.filter((id, at) => at % 4 === 0 && id === Header.via).length === 1, 'only the last Via leaves nobody');
    return 'last';
  }
  const stripped = editedHead(m, edited);
  const gone = via.next < 0 ? [headerLineStart(m, index), headerLineEnd(m, index)] : [via.start, via.next];
  promiseSame(stripped, m.head.slice(0, gone[0]) + m.head.slice(gone[1]), 'nothing goes but the first Via value');
  const sent = parseMessage(Buffer.concat([bytesOf(stripped), bodyBytes(m)]), wide);
  promise(sent.status === m.status && headerCount(sent) === headerCount(m) - (via.next < 0 ? 1 : 0), 'no field comes or goes with it');
  return `response ${via.next < 0}`;
}

/** What the relay makes of requests and responses. */
export const rewriteTarget: Target = {
  name: 'rewrite',
  about: 'a head on the next wire and its way back: byte for byte what a proxy must make of it, and sound again',
  longest: 2_048,
  words: [...sipWords, ', SIP/2.0/TLS a', '<sip:hub.example;lr>,', '<sip:g1.x@hub.example;lr>'],
  seeds: () => corpusInputs((random) => bytesOf(random.once(4) ? response(random) : request(random)), 200),
  make: (random) => bytesOf(random.once(4) ? response(random) : request(random)),
  mend: mendLength,
  run(input) {
    const m = parsed(input, defaultLimits);
    if (typeof m === 'string') return m;
    if (m.status !== 0) return returned(m);
    const random = createRandom(bytesHash(input));
    const hop: Hop = {
      here,
      branch: 'z9hG4bKe.1.2',
      recordRoute: random.once(2) ? recordRoute : '',
      source: random.pick(senders),
    };
    const wrong = checkRequest(m);
    if (wrong === undefined) return orNothing(() => forwarded(m, hop)) ?? 'a Route that cannot be read';
    orNothing(() => rewrite(m, hop));
    return wrong.code;
  },
};
