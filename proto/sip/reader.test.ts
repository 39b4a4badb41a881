import { describe, expect, it } from 'vitest';
import { defaultLimits, type SipLimits } from './limits.js';
import { bodyBytes, headerValue, type Message, wireBytes } from './message.js';
import { createMessageReader, type MessageReader, type MessageSink } from './reader.js';
import { bytesOf, sampleRequest, usualLinesBut } from './sample-request.js';

interface Listening {
  readonly reader: MessageReader;
  readonly log: string[];
  readonly messages: Message[];
}

function listen(limits: SipLimits = defaultLimits, refuses = true): Listening {
  const log: string[] = [];
  const messages: Message[] = [];
  const sink: MessageSink = {
    message: (m) => {
      messages.push(m);
      log.push(`${m.method || m.status}:${bodyBytes(m).toString('latin1')}`);
    },
    ping: () => log.push('ping'),
    pong: () => log.push('pong'),
    broken: (error, request) => log.push(`broken ${error.code} ${error.status} ${request?.method ?? '-'}`),
  };
  const refused = (error: { code: string }, m: Message) => log.push(`refused ${error.code} ${m.method || m.status}`);
  return { reader: createMessageReader(limits, refuses ? { ...sink, refused } : sink), log, messages };
}

function read(text: string, limits?: SipLimits, refuses?: boolean): string[] {
  const { reader, log } = listen(limits, refuses);
  reader.feed(bytesOf(text));
  return log;
}

const good = sampleRequest();

describe('framing is lost, once and for all', () => {
  it.each([
    ['no Content-Length', 'OPTIONS sip:x SIP/2.0\r\nVia: a\r\n\r\n', 'broken content-length 400 OPTIONS'],
    ['two of them', sampleRequest({ more: ['l: 5'] }), 'broken content-length 400 MESSAGE'],
    ['a negative one', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n', 'broken content-length 400 OPTIONS'],
    ['a response without one', 'SIP/2.0 200 OK\r\n\r\n', 'broken content-length 400 -'],
    ['a bare LF', 'OPTIONS sip:x SIP/2.0\r\nVia: a\nTo: b\r\n\r\n', 'broken bare-character 400 OPTIONS'],
    ['a bare CR', 'OPTIONS sip:x SIP/2.0\r\nVia: a\rTo: b\r\n\r\n', 'broken bare-character 400 OPTIONS'],
    ['lines that end in LF', 'OPTIONS sip:x SIP/2.0\nContent-Length: 0\n\n', 'broken bare-character 400 -'],
    ['an LF between messages', '\n', 'broken bare-character 400 -'],
    ['a CR at the end of the head', 'OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\rx', 'broken bare-character 400 OPTIONS'],
    ['another protocol', 'GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 'broken start-line 400 -'],
    ['a start line over the limit', `OPTIONS sip:${'x'.repeat(5000)}`, 'broken start-line-too-long 400 -'],
    ['a header over the limit', `OPTIONS sip:x SIP/2.0\r\nTo: ${'x'.repeat(9000)}`, 'broken header-too-long 400 OPTIONS'],
    ['a header over the limit by folds', `OPTIONS sip:x SIP/2.0\r\nTo: x${'\r\n x'.repeat(3000)}`, 'broken header-too-long 400 OPTIONS'],
    ['too many headers', `OPTIONS sip:x SIP/2.0\r\n${'a: b\r\n'.repeat(129)}`, 'broken too-many-headers 400 OPTIONS'],
    ['a head over the limit', `OPTIONS sip:x SIP/2.0\r\n${`a: ${'b'.repeat(8000)}\r\n`.repeat(9)}`, 'broken message-too-large 513 OPTIONS'],
  ])('%s', (_, text, expected) => {
    expect(read(`${text}`)).toEqual([expected]);
    expect(read(`${text}${good}`)).toEqual([expected]);
    const slow = listen();
    for (const byte of bytesOf(`${text}${good}`)) slow.reader.feed(Buffer.of(byte));
    expect(slow.log.filter((entry) => entry !== 'pong')).toEqual([expected]);
    expect(slow.reader.buffered()).toBe(0);
  });

  it('hands over the fields before the broken one, so that a 400 can be written', () => {
    let request: Message | undefined;
    const reader = createMessageReader(defaultLimits, {
      message: () => undefined,
      ping: () => undefined,
      pong: () => undefined,
      broken: (_, partial) => {
        request = partial;
      },
    });
    reader.feed(bytesOf('OPTIONS sip:x SIP/2.0\r\nVia: a\r\nTo: b\r\n c\r\nSubj'));
    reader.feed(bytesOf('ect: d\ne'));
    expect(request?.head).toBe('OPTIONS sip:x SIP/2.0\r\nVia: a\r\nTo: b\r\n c\r\n\r\n');
    expect(request && [headerValue(request, 0), headerValue(request, 1)]).toEqual(['a', 'b c']);
    expect(request && bodyBytes(request).length).toBe(0);
  });
});

describe('a message that must not pass but has an end', () => {
  const cases: [string, string, string][] = [
    ['a NUL', sampleRequest({ more: ['Subject: a\0b'] }), 'refused bare-character MESSAGE'],
    ['a line that is no field', sampleRequest({ more: ['Subject'] }), 'refused header MESSAGE'],
    ['a bad request line', sampleRequest({ start: 'MESSAGE  sip:x SIP/2.0' }), 'refused start-line MESSAGE'],
    ['another version', sampleRequest({ start: 'MESSAGE sip:x SIP/7.0' }), 'refused version MESSAGE'],
    ['a bad status', sampleRequest({ start: 'SIP/2.0 9999 x' }), 'refused start-line -1'],
    ['a body over the limit', sampleRequest({ body: 'x'.repeat(70_000) }), 'refused message-too-large MESSAGE'],
  ];

  it.each(cases)('is refused and skipped: %s', (_, text, expected) => {
    expect(read(`${good}${text}${good}`)).toEqual(['MESSAGE:hello', expected, 'MESSAGE:hello']);
    const slow = listen();
    for (const byte of bytesOf(`${text}${good}`)) slow.reader.feed(Buffer.of(byte));
    expect(slow.log).toEqual([expected, 'MESSAGE:hello']);
  });

  it.each(cases)('breaks the framing for a sink that cannot refuse: %s', (_, text, expected) => {
    const [only, ...rest] = read(`${text}${good}`, defaultLimits, false);
    expect(rest).toEqual([]);
    expect(only?.split(' ').slice(0, 2)).toEqual(['broken', expected.split(' ')[1]]);
  });

  it('shows its NULs as spaces', () => {
    let head = '';
    const sink = { message: () => undefined, ping: () => undefined, pong: () => undefined, broken: () => undefined };
    const reader = createMessageReader(defaultLimits, { ...sink, refused: (_, m) => (head = m.head) });
    reader.feed(bytesOf(sampleRequest({ lines: usualLinesBut('To', 'To: "a\\\0b" <sip:x>'), more: ['\0bad: 1'] })));
    expect(head).toContain('To: "a\\ b" <sip:x>\r\n');
    expect(head).not.toContain('\0');
  });

  it('holds nothing of a body it skips', () => {
    const { reader, log } = listen();
    reader.feed(bytesOf('MESSAGE sip:x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n'));
    for (let i = 0; i < 50; i++) reader.feed(Buffer.alloc(10_000, 'x'));
    expect([log, reader.buffered()]).toEqual([['refused message-too-large MESSAGE'], 0]);
  });
});

describe('the reader delivers', () => {
  it('messages, keepalives and messages again', () => {
    expect(read(`\r\n\r\n${good}\r\n\r\n\r\n${good}${good}`)).toEqual([
      'ping',
      'MESSAGE:hello',
      'ping',
      'pong',
      'MESSAGE:hello',
      'MESSAGE:hello',
    ]);
  });

  it('CRLFCRLF inside a body as body', () => {
    const body = 'a\r\n\r\nINVITE sip:x SIP/2.0\r\n\r\n\0\n\r';
    expect(read(sampleRequest({ body }))).toEqual([`MESSAGE:${body}`]);
  });

  it('a message without body at once, cut before or after its last byte', () => {
    const text = sampleRequest({ body: '' });
    for (const cut of [text.length - 1, text.length]) {
      const { reader, log } = listen();
      reader.feed(bytesOf(text.slice(0, cut)));
      reader.feed(bytesOf(text.slice(cut)));
      expect(log).toEqual(['MESSAGE:']);
    }
  });

  it('views of the chunk, and a copy only of what crosses chunks', () => {
    const { reader, messages } = listen();
    const first = bytesOf(good + good.slice(0, 100));
    const second = bytesOf(good.slice(100) + good);
    reader.feed(first);
    reader.feed(second);
    expect(messages.map((m) => m.buffer === first || m.buffer === second)).toEqual([true, false, true]);
    expect(messages.map((m) => wireBytes(m).toString('latin1'))).toEqual([good, good, good]);
  });

  it('every split in two the same', () => {
    const text = `\r\n\r\n${good}${sampleRequest({ start: 'SIP/2.0 200 OK', body: 'x\r\n\r\ny' })}`;
    const whole = read(text);
    for (let cut = 0; cut <= text.length; cut++) {
      const { reader, log } = listen();
      reader.feed(bytesOf(text.slice(0, cut)));
      reader.feed(bytesOf(text.slice(cut)));
      expect(log.filter((entry) => entry !== 'pong')).toEqual(whole);
      expect(reader.buffered()).toBe(0);
    }
  });

  it('what is held back, and no more than the message has', () => {
    const { reader } = listen();
    reader.feed(bytesOf(good.slice(0, 50)));
    expect(reader.buffered()).toBe(50);
    reader.feed(bytesOf(good.slice(50, -1)));
    expect(reader.buffered()).toBe(good.length - 1);
    reader.feed(bytesOf(good.slice(-1)));
    expect(reader.buffered()).toBe(0);
  });
});

describe('a message that just reaches a limit', () => {
  const text = 'OPTIONS sip:x SIP/2.0\r\nVia: a\r\nTo: b\r\n c\r\nX: dd\r\nContent-Length: 3\r\n\r\nabc';

  function told(limits: SipLimits, cuts: readonly number[]): string {
    const log: string[] = [];
    const show = (m: Message | undefined) => JSON.stringify(m?.head);
    const reader = createMessageReader(limits, {
      message: (m) => log.push(show(m)),
      ping: () => undefined,
      pong: () => undefined,
      broken: (error, m) => log.push(`${error.code} ${show(m)}`),
      refused: (error, m) => log.push(`${error.code} ${show(m)}`),
    });
    let from = 0;
    for (const cut of [...cuts, text.length]) {
      reader.feed(bytesOf(text.slice(from, cut)));
      if (reader.buffered() > limits.messageBytes) log.push('too much is held');
      from = cut;
    }
    return log.join();
  }

  it('is read to the same field wherever its bytes are cut', () => {
    const differing: string[] = [];
    for (let most = 20; most <= text.length; most += 1) {
      for (const line of [most - 1, most, 18, 100]) {
        const limits: SipLimits = { messageBytes: most, headers: 9, headerLineBytes: line, startLineBytes: 60 };
        const whole = told(limits, []);
        for (let cut = 1; cut < text.length; cut += 1) if (told(limits, [cut]) !== whole) differing.push(`${most} ${line} ${cut}`);
      }
    }
    expect(differing).toEqual([]);
  });
});
