import { checkRequest, checkResponse } from '@guildhall/proto/sip/check';
import { Header, headerId } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import {
  bodyBytes,
  headerCount,
  headerLineEnd,
  headerLineStart,
  type Message,
  parseMessage,
  requestUri,
} from '@guildhall/proto/sip/message';
import { readSender } from '@guildhall/proto/sip/received';
import { writeAck, writeCancel, writeRequest } from '@guildhall/proto/sip/request';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { corpusInputs } from '../corpus-inputs.js';
import { request, sipWords } from '../sip-grammar.js';
import { mendLength } from '../sip-lengths.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';
import { orNothing } from './message.js';
import { parsed } from './reader.js';

/** Wider than a message, since an answer has lines more than its request. */
const wide = { ...defaultLimits, messageBytes: 200_000, headers: 200, headerLineBytes: 16_384 };
const copied: readonly number[] = [Header.via, Header.from, Header.to, Header.callId, Header.cseq];
const sender = readSender('192.0.2.7:40001');

function reread(text: string): Message {
  const bytes = bytesOf(text);
  promise(bytes.length === text.length, 'what is written is latin1');
  return parseMessage(bytes, wide);
}

/** The lines of the fields that an answer copies. */
function copiedLines(m: Message, but: number): string[] {
  const lines: string[] = [];
  for (let index = 0; index < headerCount(m); index += 1) {
    const id = m.table[index << 2] ?? 0;
    if (copied.includes(id) && id !== but) lines.push(m.head.slice(headerLineStart(m, index), headerLineEnd(m, index)));
  }
  return lines;
}

function answer(m: Message): void {
  const bare = reread(writeResponse(m, 404, {}));
  promiseSame(copiedLines(bare, 0).join(''), copiedLines(m, 0).join(''), 'an answer has Via, From, To, Call-ID and CSeq as they came');
  promise(headerCount(bare) === copiedLines(m, 0).length + 1, 'an answer has no field but those and Content-Length');
  const told = reread(writeResponse(m, 503, { toTag: 'h1', headers: ['Retry-After: 2'], sender }));
  const plain = copiedLines(m, Header.via).length + m.table.filter((id, at) => at % 4 === 0 && id === Header.via).length + 2;
  promise(headerCount(told) === plain, 'a tag and received add no field');
  if (checkRequest(m) === undefined) promise(checkResponse(told) === undefined, 'the answer to a sound request is sound');
}

/** The same fields written anew, as a request of our own. */
function rewritten(m: Message): void {
  const headers: [string, string][] = [];
  for (let index = 0; index < headerCount(m); index += 1) {
    const line = m.head.slice(headerLineStart(m, index), headerLineEnd(m, index) - 2);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trimEnd();
    if (headerId(name, 0, name.length) !== Header.contentLength) headers.push([name, line.slice(colon + 1).replace(/\r\n[ \t]+/g, ' ')]);
  }
  const body = bodyBytes(m).toString('latin1');
  const text = orNothing(() => writeRequest({ method: m.method, uri: requestUri(m), headers, body }));
  if (text === undefined) return;
  const again = reread(text);
  promiseSame(again.method, m.method, 'a method that is written is read');
  promiseSame(requestUri(again), requestUri(m), 'a URI that is written is read');
  promise(headerCount(again) === headers.length + 1, 'as many fields are read as were written');
  promiseSame(bodyBytes(again).toString('latin1'), body, 'a body that is written is read');
}

/** What the hub writes of what peers wrote. */
export const writeTarget: Target = {
  name: 'write',
  about: 'what is written of a message (answers, CANCEL, ACK, the request anew) reads back, with no field more',
  longest: 2_048,
  words: sipWords,
  seeds: () => corpusInputs((random) => bytesOf(request(random)), 150),
  make: (random) => bytesOf(request(random)),
  mend: mendLength,
  run(input) {
    const m = parsed(input, defaultLimits);
    if (typeof m === 'string') return m;
    const cancel = orNothing(() => writeCancel(m, 'SIP;cause=487'));
    const ack = orNothing(() => writeAck(m, m));
    if (m.status === 0) {
      for (const text of [cancel, ack]) if (text !== undefined) promise(reread(text).status === 0, 'CANCEL and ACK are requests');
      rewritten(m);
    }
    const answerable = canAnswer(m);
    if (answerable) answer(m);
    return `${m.status === 0} ${cancel !== undefined} ${ack !== undefined} ${answerable} ${headerCount(m)}`;
  },
};
