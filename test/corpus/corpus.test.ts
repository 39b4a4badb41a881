import { readdirSync } from 'node:fs';
import { addressDomain } from '@guildhall/proto/sip/address';
import { isLoop, loopHash } from '@guildhall/proto/sip/branch';
import { checkRequest, checkResponse } from '@guildhall/proto/sip/check';
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
  isRequest,
  type Message,
  parseMessage,
  wireBytes,
} from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import { unknownSender } from '@guildhall/proto/sip/received';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import type { SipError } from '@guildhall/proto/sip/sip-error';
import { uriDomain } from '@guildhall/proto/sip/uri';
import { editedHead, type Hop, hereOf, rewrite } from '@guildhall/relay/rewrite';
import { describe, expect, it } from 'vitest';
import { type CorpusEntry, corpusFolder, readCorpus, readEntry } from './entry.js';

/** What the codec did with the octets of one file. */
interface Doing {
  readonly sound: Message[];
  /** What was done, in the words of the manifest, with status and code. */
  readonly done: string[];
  pings: number;
}

function judge(m: Message, error: SipError | undefined, doing: Doing): void {
  if (error === undefined) {
    doing.sound.push(m);
    doing.done.push('forward');
  } else doing.done.push(isRequest(m) ? `refuse ${error.status} ${error.code}` : `drop ${error.code}`);
}

/** Feeds the octets in pieces of `size`. A sound message that follows shows whether the connection goes on. */
function run(bytes: Buffer, size: number): Doing {
  const doing: Doing = { sound: [], done: [], pings: 0 };
  const reader = createMessageReader(defaultLimits, {
    message: (m) => judge(m, isRequest(m) ? checkRequest(m) : checkResponse(m), doing),
    ping: () => {
      doing.pings++;
    },
    pong: () => undefined,
    broken: (error) => doing.done.push(`close ${error.status} ${error.code}`),
    refused: (error, m) => judge(m, error, doing),
  });
  for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
  if (reader.buffered() > 0) doing.done.push('wait');
  return doing;
}

function expected(entry: CorpusEntry): string[] {
  if (entry.by !== undefined || entry.do === 'forward') return Array.from({ length: entry.messages ?? 1 }, () => 'forward');
  return [[entry.do, entry.status, entry.code].filter((part) => part !== undefined).join(' ')];
}

const hop: Hop = {
  here: hereOf({ host: 'hub.example', port: 5061 }, 'hub.example'),
  branch: 'z9hG4bKe.1.2',
  recordRoute: '',
  source: unknownSender,
};
const ours = 'Via: SIP/2.0/TLS hub.example:5061;branch=z9hG4bKe.1.2\r\n';

/** Has the relay rewrite a request, and proves that what is not the hub's is still there, octet by octet. */
function expectFaithful(m: Message): void {
  const bytes = Buffer.concat([Buffer.from(editedHead(m, rewrite(m, hop)), 'latin1'), bodyBytes(m)]);
  const sent = parseMessage(bytes, { ...defaultLimits, headers: 200 });
  expect(checkRequest(sent)).toBeUndefined();
  expect(bodyBytes(sent).equals(bodyBytes(m))).toBe(true);
  expect(linesOf(sent).filter((line) => line !== ours)).toEqual(linesOf(m));
  expect(sent.head.slice(0, headerLineStart(sent, 0))).toBe(m.head.slice(0, headerLineStart(m, 0)));
}

/** Every header field as it stands on the wire, but Max-Forwards. */
function linesOf(m: Message): string[] {
  return Array.from({ length: headerCount(m) }, (_, index) => index)
    .filter((index) => m.table[index * 4] !== Header.maxForwards)
    .map((index) => m.head.slice(headerLineStart(m, index), headerLineEnd(m, index)));
}

function domainOf(m: Message, id: number): string {
  const index = firstHeader(m, id);
  return addressDomain(m, headerValueStart(m, index), headerValueEnd(m, index));
}

const corpus = readCorpus();

describe('the manifest', () => {
  it('names every file once, and no other', () => {
    const files = readdirSync(corpusFolder, { recursive: true })
      .map((file) => String(file).replaceAll('\\', '/'))
      .filter((file) => file.endsWith('.sip'));
    expect(corpus.map((entry) => entry.file).sort()).toEqual(files.sort());
  });

  it('holds all 49 situations of RFC 4475 and all 12 of RFC 5118', () => {
    const sections = (folder: string) => new Set(corpus.filter(({ file }) => file.startsWith(folder)).map(({ section }) => section));
    expect(sections('rfc4475').size).toBe(49);
    // Two sections have two messages each.
    expect(sections('rfc5118').size).toBe(10);
  });
});

describe.each(corpus)('$file: $about', (entry) => {
  const bytes = readEntry(entry);
  const whole = run(bytes, bytes.length);

  it(`${entry.do}${entry.by === undefined ? '' : `, by ${entry.by}`}`, () => {
    expect(whole.done).toEqual(expected(entry));
    expect(whole.pings).toBe(entry.pings ?? 0);
  });

  it('does the same in pieces of any size', () => {
    for (const size of [1, 2, 7, 100]) expect(run(bytes, size).done).toEqual(whole.done);
  });

  if (entry.do !== 'close' && entry.do !== 'wait') {
    it('lets the connection go on', () => {
      const next = Buffer.from('OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n');
      expect(run(Buffer.concat([bytes, next]), 1_000).done).toEqual([...whole.done, 'refuse 400 missing-header']);
    });
  }
  if (whole.sound.length > 0) {
    it('is read as it stands', () => {
      expect(Buffer.concat(whole.sound.map(wireBytes)).equals(bytes.subarray(4 * whole.pings))).toBe(true);
      for (const m of whole.sound) {
        expect(isRequest(m)).toBe(entry.response !== true);
        if (entry.fromDomain !== undefined) expect(domainOf(m, Header.from)).toBe(entry.fromDomain);
        if (entry.toDomain !== undefined) expect(domainOf(m, Header.to)).toBe(entry.toDomain);
        if (entry.uriDomain !== undefined) expect(uriDomain(m, m.uriStart, m.uriEnd)).toBe(entry.uriDomain);
      }
    });
  }
  if (whole.sound.length > 0 && entry.response !== true) {
    it('goes on octet by octet, unless other rules forbid, and can be answered', () => {
      for (const m of whole.sound) {
        if (entry.do === 'forward') expectFaithful(m);
        expect(isLoop(m, new Set(['hub.example']), loopHash(m))).toBe(false);
        expect(canAnswer(m)).toBe(true);
        const answer = parseMessage(Buffer.from(writeResponse(m, 404, { toTag: 'h1' }), 'latin1'), defaultLimits);
        expect(checkResponse(answer)).toBeUndefined();
      }
    });
  }
});
