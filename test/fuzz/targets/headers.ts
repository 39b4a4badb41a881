import { addressDomain, addressTag, parseAddress, splitValues } from '@guildhall/proto/sip/address';
import { readBranch } from '@guildhall/proto/sip/branch';
import { readMaxForwards } from '@guildhall/proto/sip/check';
import { parseCSeq } from '@guildhall/proto/sip/cseq';
import { printable } from '@guildhall/proto/sip/escape';
import { headerId } from '@guildhall/proto/sip/header-name';
import { readSender, receivedViaIfSound } from '@guildhall/proto/sip/received';
import { reasonPhrase } from '@guildhall/proto/sip/status';
import { isUriText, parseUri, uriDomain, uriPlace } from '@guildhall/proto/sip/uri';
import { userOfUri } from '@guildhall/proto/sip/user';
import { parseVia } from '@guildhall/proto/sip/via';
import { bytesHash, createRandom, type Random } from '../random.js';
import { address, routes, sipWords, uri, via } from '../sip-grammar.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';
import { orNothing } from './message.js';

function value(random: Random): Buffer {
  const made = random.pick([address, uri, via, routes, () => '1 MESSAGE', () => '70', () => 'z9hG4bKe1.1.2.3', () => 'call-id'])(random);
  return bytesOf(made);
}

function viaOutcome(text: string): string {
  const found = orNothing(() => parseVia(text, 0, text.length));
  if (found === undefined) return '-';
  promise(!/^[ \t\r\n]|[ \t\r\n]$/.test(text.slice(found.start, found.end)), 'a Via value has no space around it');
  const branch = readBranch(found.branch);
  const told = receivedViaIfSound({ buffer: bytesOf(text), start: 0, head: text }, 0, text.length, readSender('[2001:db8::7]:4001'));
  if (told !== undefined) {
    const again = orNothing(() => parseVia(told, 0, told.length));
    promise(again !== undefined, 'a Via with received is a Via');
    promise(again?.branch === found.branch && again.host === found.host, 'received changes nothing else of a Via');
  }
  return `${found.next >= 0}${found.hasRport}${found.rportAt >= 0}${found.received === ''}${branch === undefined}`;
}

function uriOutcome(text: string): string {
  const found = orNothing(() => parseUri(text));
  const place = uriPlace(text);
  const user = userOfUri(text);
  promiseSame(uriDomain(text, 0, text.length), place?.host ?? '', 'both readers of a URI see the same host');
  promise(user === '' || user.endsWith(`@${place?.host}`), 'a user is of the host that is looked at');
  if (found === undefined) return `- ${place !== undefined}`;
  promise(place?.host === found.host || found.host === '', 'the reader of a whole URI sees the same host');
  promise(isUriText(text), 'a URI has no character that no URI has');
  promise(!/[ \t\r\n<>"]/.test(`${found.user}${found.host}`), 'user and host end where the URI does');
  promise(found.port >= 0 && found.port <= 65_535, 'a port is one');
  return `${found.scheme.slice(0, 4)}${found.user === ''}${found.port > 0}${found.parameters.size}${found.headers === ''}`;
}

function addressOutcome(text: string): string {
  const found = orNothing(() => parseAddress(text, 0, text.length));
  const domain = addressDomain(text, 0, text.length);
  const tag = addressTag(text, 0, text.length);
  if (found === undefined) return '-';
  promiseSame(tag, found.parameters.get('tag') ?? '', 'both readers of an address see the same tag');
  const inner = orNothing(() => parseUri(text.slice(found.uriStart, found.uriEnd)));
  if (inner !== undefined) promiseSame(domain, inner.host, 'both readers of an address see the same host');
  return `${found.bracketed}${found.display === ''}${domain === ''}${tag === ''}${found.parameters.size}`;
}

/** Single values, from text and from the middle of a buffer. */
export const headersTarget: Target = {
  name: 'headers',
  about: 'one value to every reader of values: only SipErrors, the same from text as from bytes',
  longest: 400,
  words: sipWords,
  seeds: () => {
    const random = createRandom(2, 'values');
    return Array.from({ length: 300 }, () => value(random));
  },
  make: value,
  run(input) {
    const text = input.toString('latin1');
    const outcome = `${viaOutcome(text)} ${uriOutcome(text)} ${addressOutcome(text)}`;
    const inside = { buffer: Buffer.concat([bytesOf('ab'), input, bytesOf('<')]), start: 2, head: text };
    promiseSame(addressDomain(inside, 0, text.length), addressDomain(text, 0, text.length), 'a value reads the same wherever it stands');
    promiseSame(splitValues(inside, 0, text.length).join(), splitValues(text, 0, text.length).join(), 'values split the same anywhere');
    const cseq = orNothing(() => parseCSeq(text, 0, text.length));
    const hops = readMaxForwards(text, 0, text.length);
    const id = headerId(text, 0, text.length);
    promise(/^[\x20-\x7e]*$/.test(printable(text)), 'what is made printable is');
    reasonPhrase(bytesHash(input) % 1_000);
    return `${outcome} ${cseq?.method.slice(0, 3) ?? '-'} ${hops >= 0} ${id}`;
  },
};
