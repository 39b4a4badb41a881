import { describe, expect, it } from 'vitest';
import { Header } from './header-name.js';
import { defaultLimits } from './limits.js';
import {
  bodyBytes,
  firstHeader,
  headerCount,
  headerLineEnd,
  headerLineStart,
  headerValue,
  isRequest,
  type Message,
  nextHeader,
  parseMessage,
  requestUri,
  wireBytes,
} from './message.js';
import { createMessageReader } from './reader.js';
import { bytesOf, sampleRequest, usualLines, usualLinesBut } from './sample-request.js';
import { SipError } from './sip-error.js';

const parse = (text: string, limits = defaultLimits): Message => parseMessage(bytesOf(text), limits);

function refusal(text: string, limits = defaultLimits): string {
  try {
    parse(text, limits);
    return 'accepted';
  } catch (error) {
    return error instanceof SipError ? error.code : String(error);
  }
}

describe('parseMessage refuses', () => {
  it.each([
    ['MESSAGE  sip:b@b.example SIP/2.0', 'start-line', 'two spaces'],
    ['MESSAGE sip:b@b.example  SIP/2.0', 'start-line', 'two spaces behind the URI'],
    ['MESSAGE sip:b@b.example; lr SIP/2.0', 'start-line', 'a space in the URI'],
    ['MESSAGE sip:b@b.example SIP/2.0 ', 'start-line', 'a space at the end'],
    [' MESSAGE sip:b@b.example SIP/2.0', 'start-line', 'a space at the start'],
    ['MESSAGE\tsip:b@b.example\tSIP/2.0', 'start-line', 'tabs'],
    ['MESSAGE SIP/2.0', 'start-line', 'no URI'],
    ['MES(AGE sip:b@b.example SIP/2.0', 'start-line', 'a method that is no token'],
    ['SIP/2.0', 'start-line', 'a version alone'],
    ['GET / HTTP/1.1', 'start-line', 'another protocol'],
    ['MESSAGE sip:b@b.example', 'start-line', 'no version'],
    ['\x16\x03\x01', 'start-line', 'the beginning of a TLS handshake'],
    ['MESSAGE sip:b@b.example SIP/7.0', 'version', 'another version'],
    ['MESSAGE sip:b@b.example SIP/2.00', 'version', 'nearly the version'],
    ['SIP/3.0 200 OK', 'version', 'a response of another version'],
    ['SIP/2.0 4294967301 x', 'start-line', 'a status too long'],
    ['SIP/2.0 099 x', 'start-line', 'a status too small'],
    ['SIP/2.0 700 x', 'start-line', 'a status too great'],
    ['SIP/2.0 2x0 x', 'start-line', 'a status that is no number'],
    ['SIP/2.0 200', 'start-line', 'no space behind the status'],
    ['SIP/2.0  200 OK', 'start-line', 'two spaces before the status'],
  ])('start line %j: %s (%s)', (start, code) => {
    expect(refusal(sampleRequest({ start }))).toBe(code);
  });

  it.each([
    [['Subject'], 'header', 'no colon'],
    [['Subject hello: x'], 'header', 'a space in the name'],
    [[': x'], 'header', 'no name'],
    [['Sub(ject: x'], 'header', 'a name that is no token'],
    [['S\u00fcbject: x'], 'header', 'UTF-8 in a name'],
    [['Subject: a\0b'], 'bare-character', 'NUL'],
    [['Subject: a\nb'], 'bare-character', 'a bare LF'],
    [['Subject: a\rb'], 'bare-character', 'a bare CR'],
    [['Subject: a\r\r'], 'bare-character', 'CR CR LF'],
    [['Subject: a\n'], 'bare-character', 'LF CR LF'],
    [['Content-Length: 5'], 'content-length', 'a second Content-Length, though equal'],
    [['l: 5'], 'content-length', 'a second one in compact form'],
    [['CONTENT-LENGTH : 5'], 'content-length', 'a second one in capitals and with a space'],
  ])('header %j: %s (%s)', (more, code) => {
    expect(refusal(sampleRequest({ more }))).toBe(code);
  });

  it.each(['', ' ', '-5', '+5', '5x', '0x5', '5.0', '5, 5', '1234567890', '5 5', '\u00b25', '"5"'])('Content-Length %j', (length) => {
    expect(refusal(`MESSAGE sip:b@b.example SIP/2.0\r\nContent-Length: ${length}\r\n\r\nhello`)).toBe('content-length');
  });

  it('a message without Content-Length', () => {
    expect(refusal('MESSAGE sip:b@b.example SIP/2.0\r\nCSeq: 1 MESSAGE\r\n\r\n')).toBe('content-length');
  });

  it('a message that is cut anywhere, or goes on', () => {
    const whole = sampleRequest();
    for (let length = 0; length < whole.length; length++) expect(refusal(whole.slice(0, length))).toBe('incomplete');
    expect(refusal(`${whole}\r\n`)).toBe('incomplete');
  });

  it.each([
    ['startLineBytes', 36, 'start-line-too-long'],
    ['headerLineBytes', 61, 'header-too-long'],
    ['headers', 7, 'too-many-headers'],
    ['messageBytes', sampleRequest().length, 'message-too-large'],
  ] as const)('one more than %s allows', (limit, most, code) => {
    const text = sampleRequest();
    expect(refusal(text, { ...defaultLimits, [limit]: most })).toBe('accepted');
    expect(refusal(text, { ...defaultLimits, [limit]: most - 1 })).toBe(code);
  });

  it('a folded header that is too long as a whole', () => {
    const folded = `Subject: a\r\n ${'b'.repeat(20)}\r\n ${'c'.repeat(20)}`;
    expect(refusal(sampleRequest({ lines: [folded] }), { ...defaultLimits, headerLineBytes: folded.length })).toBe('accepted');
    expect(refusal(sampleRequest({ lines: [folded] }), { ...defaultLimits, headerLineBytes: folded.length - 1 })).toBe('header-too-long');
  });

  it('a fold of the start line', () => {
    expect(refusal(sampleRequest({ start: 'MESSAGE sip:b@b.example SIP/2.0\r\n x' }))).toBe('start-line');
  });
});

describe('parseMessage reads', () => {
  it('a request: method, URI, headers in their order, body', () => {
    const text = sampleRequest();
    const m = parse(text);
    expect(isRequest(m)).toBe(true);
    expect([m.method, m.status, requestUri(m)]).toEqual(['MESSAGE', 0, 'sip:bob@bolt.example']);
    expect(headerCount(m)).toBe(usualLines.length + 1);
    usualLines.forEach((line, index) => {
      expect(m.head.slice(headerLineStart(m, index), headerLineEnd(m, index))).toBe(`${line}\r\n`);
      expect(headerValue(m, index)).toBe(line.slice(line.indexOf(':') + 2));
    });
    expect(headerLineEnd(m, usualLines.length)).toBe(m.head.length - 2);
    expect(bodyBytes(m).toString('latin1')).toBe('hello');
    expect(wireBytes(m).toString('latin1')).toBe(text);
  });

  it.each([
    ['SIP/2.0 200 OK', 200],
    ['SIP/2.0 100 ', 100],
    ['sip/2.0 699 Na \u00c3\u00bc', 699],
  ])('the status line %j', (start, status) => {
    const m = parse(sampleRequest({ start }));
    expect([isRequest(m), m.method, m.status, requestUri(m)]).toEqual([false, '', status, '']);
  });

  it.each([
    ['a method nobody knows', "!interesting-Method0123456789_*+`.%indeed'~", 'sip:x'],
    ['a method that begins like one', 'INVITED', 'sip:x'],
    ['a method in lower case', 'invite', 'sip:x'],
    ['a scheme nobody knows', 'OPTIONS', 'soap.beep://192.0.2.103:3002'],
    ['a method as long as none', 'A', 'sip:x'],
  ])('%s', (_, method, uri) => {
    const m = parse(sampleRequest({ start: `${method} ${uri} SIP/2.0` }));
    expect([m.method, requestUri(m)]).toEqual([method, uri]);
  });

  it('compact names, letter cases, white space and folds', () => {
    const m = parse(
      'OPTIONS sip:x SIP/2.0\r\nv:a\r\nVIA \t:  b \t\r\nTO :\r\n \t c\r\n d\r\nSubject:\r\nX-Empty: \r\n \r\nl  :\r\n  0002\r\n\r\nhi',
    );
    const values = Array.from({ length: headerCount(m) }, (_, index) => headerValue(m, index));
    expect(values).toEqual(['a', 'b', 'c d', '', '', '0002']);
    expect(m.table.filter((_, at) => at % 4 === 0)).toEqual([
      Header.via,
      Header.via,
      Header.to,
      Header.subject,
      Header.other,
      Header.contentLength,
    ]);
    expect([firstHeader(m, Header.via), nextHeader(m, Header.via, 0), nextHeader(m, Header.via, 1)]).toEqual([0, 1, -1]);
    expect(firstHeader(m, Header.route)).toBe(-1);
  });

  it('bytes above 127 as they are, and lengths in bytes', () => {
    const line = `Subject: ${Buffer.from('größer 🜁', 'utf8').toString('latin1')}`;
    const body = Buffer.from('grüße', 'utf8').toString('latin1');
    const text = sampleRequest({ lines: usualLinesBut('To', line), body });
    const m = parse(text);
    expect(wireBytes(m).equals(bytesOf(text))).toBe(true);
    expect(Buffer.from(headerValue(m, 3), 'latin1').toString('utf8')).toBe('größer 🜁');
    expect(bodyBytes(m).toString('utf8')).toBe('grüße');
  });

  it('a message in the middle of a buffer, as a view', () => {
    const text = sampleRequest();
    const buffer = bytesOf(`before${text}after`);
    const m = parseMessage(buffer, defaultLimits, 6, 6 + text.length);
    expect(bodyBytes(m).toString()).toBe('hello');
    expect(bodyBytes(m).buffer).toBe(buffer.buffer);
    expect(m.buffer).toBe(buffer);
  });
});

describe('a message', () => {
  it('is its own, whatever is read after it', () => {
    const texts = [
      sampleRequest(),
      sampleRequest({ lines: [...usualLines, 'X-One: 1', 'X-Two: 2', 'Route: <sip:a.example;lr>'] }),
      sampleRequest({ lines: usualLinesBut('Max-Forwards', '').toReversed(), body: '' }),
      'SIP/2.0 200 OK\r\nl: 0\r\n\r\n',
    ];
    const told = (m: Message) => Array.from({ length: headerCount(m) }, (_, at) => [m.table[at << 2], headerValue(m, at)]);
    const alone = texts.map((text) => told(parse(text)));
    const together = texts.map((text) => parse(text));
    expect(together.map(told)).toEqual(alone);
    expect(new Set(together.map(({ table }) => table)).size).toBe(texts.length);
    const read: Message[] = [];
    const keep = (m: Message) => void read.push(m);
    const reader = createMessageReader(defaultLimits, {
      message: keep,
      ping: () => undefined,
      pong: () => undefined,
      broken: () => undefined,
    });
    reader.feed(bytesOf(texts.join('')));
    for (const byte of bytesOf(texts.join(''))) reader.feed(Buffer.from([byte]));
    expect(read.map(told)).toEqual([...alone, ...alone]);
  });
});
