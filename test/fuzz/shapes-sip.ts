import { admit, admitAck } from '@guildhall/ingress/admit';
import { readBody } from '@guildhall/ingress/body-facts';
import { requestFacts } from '@guildhall/ingress/request-facts';
import { Header } from '@guildhall/proto/sip/header-name';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValueEnd, headerValueStart, type Message, parseMessage } from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import { readSender } from '@guildhall/proto/sip/received';
import { writeAck, writeCancel } from '@guildhall/proto/sip/request';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { parseVia } from '@guildhall/proto/sip/via';
import { hereOf, rewrite, stripVia } from '@guildhall/relay/rewrite';
import type { Shape } from './linear.js';
import { bytesOf } from './target.js';
import { goodTokens, sampleHub } from './targets/hub.js';
import { orNothing, readAll } from './targets/message.js';

/** Wide enough to let everything run into whatever it would run into; the hub's own limits end it long before. */
const wide: SipLimits = { messageBytes: 2 ** 26, headers: 2 ** 24, headerLineBytes: 2 ** 26, startLineBytes: 2 ** 26 };
const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');
const sender = readSender('192.0.2.7:40001');

function feed(input: Buffer, size: number): void {
  const nothing = (): void => undefined;
  const reader = createMessageReader(wide, { message: nothing, ping: nothing, pong: nothing, broken: nothing, refused: nothing });
  for (let at = 0; at < input.length; at += size) reader.feed(input.subarray(at, at + size));
}

function whole(input: Buffer): Message | undefined {
  return orNothing(() => parseMessage(input, wide));
}

function answer(m: Message): void {
  orNothing(() => writeCancel(m));
  orNothing(() => writeAck(m, m));
  if (canAnswer(m)) writeResponse(m, 404, { toTag: 'x', sender });
}

function passOn(m: Message): void {
  orNothing(() => rewrite(m, { here, branch: 'z9hG4bKe.1.2', recordRoute: '', source: sender }));
  const top = firstHeader(m, Header.via);
  const via = top < 0 ? undefined : orNothing(() => parseVia(m, headerValueStart(m, top), headerValueEnd(m, top)));
  if (via !== undefined) stripVia(m, via.start, via.next);
}

function letIn(m: Message): void {
  admitAck(m, 'acme', sampleHub);
  const admission = admit(m, 'acme', sampleHub);
  if (admission.kind !== 'ask') return;
  const facts = requestFacts(m, admission, 'acme');
  facts.fromUser();
  facts.toUser();
  facts.media();
}

/** What is done with a whole message. */
const subjects: readonly (readonly [name: string, work: (m: Message) => void])[] = [
  ['check', (m) => void readAll(m)],
  ['admit', letIn],
  ['pass', passOn],
  ['answer', answer],
];

/** A message with `piece` again and again between `before` and `after` in its head. */
function messageOf(before: string, piece: string, after: string, bytes: number): Buffer {
  const usual =
    'Via: SIP/2.0/TLS a;branch=z9hG4bK1\r\nFrom: <sip:a@acme.example>;tag=1\r\nTo: <sip:b@bolt.example>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n';
  const names = /^(Via|From|To|Call-ID|CSeq)(?=:)/gm;
  const mine = new Set([...`${before}${piece}`.matchAll(names)].map(([name]) => name));
  const others = usual.replace(/^(.*?):.*\r\n/gm, (line, name: string) => (mine.has(name) && name !== 'Via' ? '' : line));
  const start = before.startsWith('MESSAGE') ? '' : 'MESSAGE sip:b@bolt.example SIP/2.0\r\n';
  return bytesOf(`${start}${before}${piece.repeat(Math.ceil(bytes / piece.length))}${after}\r\n${others}Content-Length: 0\r\n\r\n`);
}

const heads: readonly (readonly [about: string, before: string, piece: string, after: string])[] = [
  ['Via fields', 'X: y\r\n', 'Via: SIP/2.0/TLS a;branch=z9hG4bKe.1.2\r\n', 'X: y'],
  ['Via values in one field', 'Via: SIP/2.0/UDP a', ',SIP/2.0/UDP a;branch=x', ''],
  ['Via values between folds', 'Via: SIP/2.0/UDP a', '\r\n ,\r\n SIP/2.0/UDP a', ''],
  ['Via parameters', 'Via: SIP/2.0/UDP a', ';x=y', ''],
  ['Via parameters with quotes', 'Via: SIP/2.0/UDP a', ';x="\\""', ''],
  ['Via that breaks off late', 'Via: SIP/2.0/UDP a', ',SIP/2.0/UDP a;branch=x', ',!'],
  ['a Via branch', 'Via: SIP/2.0/UDP a;branch=z9hG4bK', '.1', ''],
  ['commas in a Via', 'Via: SIP/2.0/UDP a', ',', ''],
  ['folds', 'Subject: x', '\r\n x', ''],
  ['folds of nothing', 'Subject: x', '\r\n ', 'x'],
  ['spaces before a colon', 'Subject', ' ', ': x'],
  ['spaces before a value', 'Subject:', ' \t', 'x'],
  ['fields nobody knows', 'X: y\r\n', 'X-a: b\r\n', 'X: y'],
  ['lines without a colon', 'X: y\r\n', 'abc\r\n', 'X: y'],
  ['colons', 'Subject: ', ':', ''],
  ['a From user', 'From: <sip:', 'a.', '@acme.example>;tag=1'],
  ['escapes in a From user', 'From: <sip:', '%41', '@acme.example>;tag=1'],
  ['labels of a From host', 'From: <sip:a@', 'a.', 'acme.example>;tag=1'],
  ['a display name of words', 'From: ', 'a ', '<sip:a@acme.example>;tag=1'],
  ['a display name of escapes', 'From: "', '\\"', '" <sip:a@acme.example>;tag=1'],
  ['a quote without end', 'From: "', '\\"', ''],
  ['many quotes without end', 'From: ', '"', ''],
  ['open brackets', 'From: ', '<', ''],
  ['From parameters', 'From: <sip:a@acme.example>;tag=1', ';a=b', ''],
  ['From parameters of quotes', 'From: <sip:a@acme.example>;tag=1', ';a="<,\\">"', ''],
  ['URI parameters', 'From: <sip:a@acme.example', ';a=b', '>;tag=1'],
  ['nested comments', 'Contact: ', '(', ''],
  ['Contact values', 'Contact: <sip:a>', ',<sip:a;x>', ''],
  ['the hub’s own Routes in one field', 'Route: <sip:hub.example;lr>', ',<sip:hub.example;lr>', ''],
  ['the hub’s own Routes in fields', 'X: y\r\n', 'Route: <sip:hub.example;lr>\r\n', 'X: y'],
  ['a token and Routes behind it', `Route: <sip:${goodTokens[0]}@hub.example;lr>`, ',<sip:x;lr>', ''],
  ['a token and Route fields behind it', `Route: <sip:${goodTokens[0]}@hub.example;lr>\r\n`, 'Route: <sip:x;lr>\r\n', 'X: y'],
  ['a strict router among Route fields', 'Route: <sip:hub.example;lr>\r\n', 'Route: <sip:x>\r\n', 'X: y'],
  ['asserted identities in one field', 'P-Asserted-Identity: <sip:a@acme.example>', ',<sip:a@acme.example>', ''],
  ['asserted identities in fields', 'X: y\r\n', 'P-Asserted-Identity: <sip:a@acme.example>\r\n', 'X: y'],
  ['extensions that are required', 'X: y\r\n', 'Proxy-Require: a\r\n', 'X: y'],
  ['claims of trust', 'X: y\r\n', 'ms-edge-proxy-message-trust: a\r\n', 'X: y'],
  ['a Call-ID', 'Call-ID: ', 'ab', ''],
  ['a CSeq of zeros', 'CSeq: ', '0', '1 MESSAGE'],
  ['a Max-Forwards of zeros', 'Max-Forwards: ', '0', '7'],
  ['Content-Length fields', 'X: y\r\n', 'Content-Length: 0\r\n', 'X: y'],
  ['a Request-URI with parameters', 'MESSAGE sip:b@bolt.example', ';a=b', ' SIP/2.0\r\nX: y'],
  ['a Request-URI of ats', 'MESSAGE sip:', '@', 'a SIP/2.0\r\nX: y'],
  ['a Request-URI of no scheme', 'MESSAGE ', 'a', ' SIP/2.0\r\nX: y'],
  ['a Request-URI of colons', 'MESSAGE tel:', '1-', ' SIP/2.0\r\nX: y'],
];

const wholeShapes = heads.flatMap(([about, before, piece, after]) =>
  subjects.map(
    ([subject, work]): Shape => ({
      subject,
      about,
      make: (bytes) => messageOf(before, piece, after, bytes),
      work(input) {
        const m = whole(input);
        if (m !== undefined) work(m);
      },
    }),
  ),
);

const streams: readonly (readonly [about: string, make: (bytes: number) => Buffer])[] = [
  ['keepalives', (bytes) => bytesOf('\r\n'.repeat(bytes / 2))],
  ['small messages', (bytes) => bytesOf('OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n'.repeat(bytes / 33))],
  ['refused messages', (bytes) => bytesOf('OPTIONS sip:a SIP/2.0\r\nx\r\nl: 3\r\n\r\nabc'.repeat(bytes / 39))],
  ['a start line without end', (bytes) => bytesOf('A'.repeat(bytes))],
  ['spaces for a start line', (bytes) => bytesOf(`A${' '.repeat(bytes)}\r\n\r\n`)],
  ['a body', (bytes) => bytesOf(`A sip:a SIP/2.0\r\nl: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`)],
  ['folds', (bytes) => messageOf('Subject: x', '\r\n x', '', bytes)],
  ['Via fields', (bytes) => messageOf('X: y\r\n', 'Via: SIP/2.0/TLS a\r\n', 'X: y', bytes)],
];
const streamShapes = streams.flatMap(([about, make]) =>
  [1, 1_460, 2 ** 26].map(
    (size): Shape => ({
      subject: size === 1 ? 'bytes' : size === 1_460 ? 'packets' : 'stream',
      about,
      make,
      work: (input) => feed(input, size),
    }),
  ),
);

const bodies: readonly (readonly [about: string, type: string, before: string, piece: string])[] = [
  ['media lines', 'application/sdp', 'v=0\r\n', 'm=audio 1 x\r\n'],
  ['media lines of one kind, off', 'application/sdp', 'v=0\r\n', 'm=audio 0 x\r\na=x\r\n'],
  ['tabs in a session', 'application/sdp', 'v=0\r\n', '\t'],
  ['carriage returns in a session', 'application/sdp', 'v=0', '\r\r\n'],
  ['parts', 'multipart/mixed;boundary=b', '', '--b\r\n\r\nx\r\n'],
  ['beginnings of a boundary', 'multipart/mixed;boundary=b', '--b\r\n', '\n--'],
  ['spaces behind a boundary', 'multipart/mixed;boundary=b', '--b', ' '],
  ['parts within parts', 'multipart/mixed;boundary=b', '', '--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n'],
  ['lines of a part', 'multipart/mixed;boundary=b', '--b\r\n\r\n', 'a: b\r\n'],
  ['folds in the head of a part', 'multipart/mixed;boundary=b', '--b\r\na: b', '\r\n b'],
];
const bodyShapes: readonly Shape[] = [
  ...bodies.map(
    ([about, type, before, piece]): Shape => ({
      subject: 'body',
      about,
      make: (bytes) => bytesOf(before + piece.repeat(Math.ceil(bytes / piece.length))),
      work: (input) => void readBody(input.toString('latin1'), { type, encoding: '' }),
    }),
  ),
  ...[';a=b', ';a="\\"', '; ', ';', '"', ';a = "b" '].map(
    (piece): Shape => ({
      subject: 'body',
      about: `a type of ${JSON.stringify(piece)}`,
      make: (bytes) => bytesOf(`multipart/mixed${piece.repeat(Math.ceil(bytes / piece.length))};boundary=b`),
      work: (input) => void readBody('--b\r\n\r\nx', { type: input.toString('latin1'), encoding: '' }),
    }),
  ),
];

/** Messages, streams of them, and their bodies. */
export const sipShapes: readonly Shape[] = [...wholeShapes, ...streamShapes, ...bodyShapes];
