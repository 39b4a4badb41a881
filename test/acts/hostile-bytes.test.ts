import { afterEach, describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Request, Words } from '../stage/speech.js';

type Spoil = (text: string) => string;

/** Puts header lines, or anything else, before the Call-ID. */
const before =
  (extra: string): Spoil =>
  (text) =>
    text.replace('Call-ID: ', `${extra}Call-ID: `);
const lengths =
  (line: string): Spoil =>
  (text) =>
    text.replace(/Content-Length: \d+\r\n/, line);
/** A Via value of 24 bytes. */
const via = 'SIP/2.0/TLS a;branch=z9h';

describe.each(topologies)('bytes that want to be misread, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  // Whatever was said, others talk on, and so does its own member on its other line.
  afterEach(async () => {
    await exchange(actor('crow'), actor('bolt'));
    await exchange(actor('acme'), actor('bolt'));
  });

  /** Says bytes on a line of their own that the hub must answer with this, or not at all (''), and close. */
  async function closes(said: Request, bytes: string, expected: string): Promise<void> {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    line.say(bytes);
    if (expected !== '') expect(outcome(await acme.hearFinal(said))).toBe(expected);
    await line.over;
  }

  it.each<[string, Spoil]>([
    ['empty', lengths('Content-Length: \r\n')],
    ['a list of two equal ones', lengths('Content-Length: 5, 5\r\n')],
    ['two equal ones', lengths('Content-Length: 5\r\nContent-Length: 5\r\n')],
    ['two, one in compact form and the first of them 0', lengths('l: 0\r\nContent-Length: 5\r\n')],
    ['two that differ in letter case', lengths('Content-Length: 5\r\ncONTENT-lENGTH: 500\r\n')],
    ['with a point', lengths('Content-Length: 5.0\r\n')],
    ['with digits behind a space', lengths('Content-Length: 5 5\r\n')],
    ['of digits that are none in ASCII', lengths('Content-Length: \xb2\r\n')],
    ['a number beyond 32 bits', lengths('Content-Length: 4294967301\r\n')],
    ['a number beyond 64 bits', lengths('Content-Length: 18446744073709551621\r\n')],
    ['in scientific notation', lengths('Content-Length: 5e0\r\n')],
    ['none, but a Transfer-Encoding', lengths('Transfer-Encoding: chunked\r\n')],
  ])('a Content-Length that is %s: 400, closed, and what hides in the body is nobody’s request', async (_name, spoil) => {
    const acme = actor('acme');
    const hidden = acme.request('MESSAGE', 'sip:bob@bolt.example').text;
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'hello' });
    await closes(said, `${spoil(said.text)}${hidden}`, '400 bad-message');
  });

  it('a Content-Length that says less than there is: what is left over spoils the next request, which is refused', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'hello there' });
    line.say(said.text.replace('Content-Length: 11', 'Content-Length: 5'));
    const heard = await hearRequest(bolt, said);
    expect(heard.body).toBe('hello');
    bolt.answer(heard, 200);
    // " there" waits for the end of its line; the next request completes it.
    const spoilt = acme.request('MESSAGE', 'sip:bob@bolt.example');
    line.say(spoilt.text);
    await acme.hearAnswer(said, 200);
    expect(outcome(await acme.hearFinal(spoilt))).toBe('400 bad-message');
    line.cut();
  });

  it('a Content-Length that says more than there is: the next request is its body, and reaches nobody as a request', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const line = await acme.dial(acme.line().remotePort);
    const eaten = acme.request('MESSAGE', 'sip:mallory@crow.example').text;
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: eaten });
    line.say(said.text.slice(0, -eaten.length));
    line.say(eaten);
    const heard = await hearRequest(bolt, said);
    expect(heard.body).toBe(eaten);
    bolt.answer(heard, 200);
    await acme.hearAnswer(said, 200);
    line.cut();
  });

  it('every place at which two requests in a row can be cut into two pieces', { timeout: 60_000 }, async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const whole = () => acme.request('MESSAGE', 'sip:bob@bolt.example', { headers: ['Subject: a\r\n b'], body: 'one\r\n\r\ntwo' });
    const size = whole().text.length * 2;
    for (let at = 1; at < size; at += 1) {
      const pair = [whole(), whole()];
      const text = pair.map((one) => one.text).join('');
      acme.line().say(text.slice(0, at));
      // The kernel may put both pieces together again; a turn between them makes that rare.
      await new Promise((resolve) => setImmediate(resolve));
      acme.line().say(text.slice(at));
      for (const one of pair) {
        const heard = await hearRequest(bolt, one);
        expect(heard.body, `cut at ${at}`).toBe('one\r\n\r\ntwo');
        bolt.answer(heard, 200);
      }
      for (const one of pair) await acme.hearAnswer(one, 200);
    }
  });

  it('five hundred requests in one write: each answered once, in the order in which the far side answers', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = Array.from({ length: 500 }, () => acme.request('MESSAGE', 'sip:bob@bolt.example'));
    acme.line().say(said.map((one) => one.text).join('\r\n\r\n'));
    const order: string[] = [];
    for (const one of said) {
      const heard = await bolt.hear('MESSAGE');
      order.push(heard.header('call-id'));
      bolt.answer(heard, 200);
      await acme.hearAnswer(one, 200);
    }
    expect(order).toEqual(said.map((one) => one.callId));
  });

  it.each<[string, Spoil]>([
    ['a million Vias in fields of their own', before(`Via: ${via}\r\n`.repeat(1_000_000))],
    ['a million Vias in one field', before(`Via: ${`${via},`.repeat(1_000_000)}${via}\r\n`)],
    ['a header name without an end', before('a'.repeat(1_000_000))],
    ['a fold without an end', before(`X-A: b${'\r\n '.repeat(500_000)}\r\n`)],
    ['a start line without an end', (text) => text.replace(' SIP/2.0', ' '.repeat(1_000_000))],
    ['a head of colons', before(`${':'.repeat(1_000_000)}\r\n`)],
  ])('%s: the hub stops to listen, and nothing of it is passed on', async (_name, spoil) => {
    const said = actor('acme').request('MESSAGE', 'sip:bob@bolt.example');
    await closes(said, spoil(said.text), '');
    actor('acme').forget();
  });

  it('as many Vias as fit: passed on and answered, with all of them', async () => {
    const many = Array.from({ length: 100 }, (_one, index) => `Via: SIP/2.0/TLS h${index}.invalid;branch=z9hG4bKmany${index}`);
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { headers: many });
    acme.line().say(said.text);
    const heard = await hearRequest(bolt, said);
    expect(heard.headers('via')).toHaveLength(102);
    bolt.answer(heard, 200);
    expect((await acme.hearAnswer(said, 200)).headers('via')).toHaveLength(101);
  });

  it.each<[string, Spoil]>([
    ['a NUL in From', (text) => text.replace('From: <sip:', 'From: <sip:\0')],
    ['a NUL in the Request-URI', (text) => text.replace('sip:bob@', 'sip:b\0ob@')],
    ['a NUL in a Via', (text) => text.replace('Via: SIP', 'Via: \0SIP')],
    ['a header line without a colon', before('nonsense\r\n')],
    ['a header line that begins with a colon', before(': nonsense\r\n')],
    ['a header name with a space in it', before('X A: b\r\n')],
    ['a header name of UTF-8', before('X-\xc3\xa9: b\r\n')],
    ['a fold before the first header', (text) => text.replace('\r\nVia', '\r\n Via')],
    ['an empty From', (text) => text.replace(/From: .*\r\n/, 'From: \r\n')],
    ['a From that is folded into nothing', (text) => text.replace(/From: .*\r\n/, 'From:\r\n \r\n \r\n')],
    ['a Call-ID with a space', (text) => text.replace(/Call-ID: (.*)\r\n/, 'Call-ID: $1 x\r\n')],
    ['a Via without a branch value', (text) => text.replace(/;branch=\S*/, ';branch=')],
    ['a Via with a control character', (text) => text.replace(';branch', '\x01;branch')],
    ['a branch in quotes that do not end', (text) => text.replace(/;branch=\S*/, ';branch="abc')],
    ['a CSeq without a method', (text) => text.replace(/CSeq: .*\r\n/, 'CSeq: 1\r\n')],
    ['a CSeq that is negative', (text) => text.replace('CSeq: 1', 'CSeq: -1')],
    ['a Request-URI with UTF-8 for a host', (text) => text.replace('bob@bolt.example SIP', 'bob@b\xc3\xb6lt.example SIP')],
    ['a Request-URI with an escaped host', (text) => text.replace('bob@bolt.example SIP', 'bob@%62olt.example SIP')],
    ['a Request-URI with a NATS wildcard for a host', (text) => text.replace('bob@bolt.example SIP', 'bob@*.example SIP')],
    ['a Request-URI with a full NATS wildcard', (text) => text.replace('bob@bolt.example SIP', 'bob@gh.v1.> SIP')],
    ['a Request-URI with an empty label', (text) => text.replace('bob@bolt.example SIP', 'bob@bolt..example SIP')],
    ['two spaces in the start line', (text) => text.replace(' SIP/2.0', '  SIP/2.0')],
    ['a tab in the start line', (text) => text.replace(' SIP/2.0', '\tSIP/2.0')],
    ['HTTP', (text) => text.replace('SIP/2.0', 'HTTP/1.1')],
    ['a version of letters', (text) => text.replace('SIP/2.0\r', 'SIP/two\r')],
  ])('%s: refused or dropped, not passed on; what comes behind counts, or the line ends', async (_name, spoil) => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    const ping = acme.request('OPTIONS', 'sip:hub.example');
    line.say(spoil(said.text) + ping.text);
    const final = await acme.hearFinalUnless(ping, line.over);
    if (final !== undefined) expect(final.status).toBe(200);
    // Where it could be answered at all, with a refusal.
    for (const told of acme.unheard()) expect(told).toMatch(/^SIP\/2\.0 (4|5)\d\d /);
    acme.forget();
    line.cut();
  });

  it.each<[string, Partial<Words>]>([
    ['overlong UTF-8 in a display name', { from: '"\xc0\xaf\xe0\x80\xaf" <sip:alice@acme.example>' }],
    ['UTF-8 cut short in a display name', { from: '"\xe2\x82" <sip:alice@acme.example>' }],
    ['UTF-16 surrogates as UTF-8 in the body', { body: '\xed\xa0\x80\xed\xb0\x80' }],
    ['every byte there is in the body', { body: String.fromCharCode(...Array.from({ length: 256 }, (_one, code) => code)) }],
    ['bytes that are no UTF-8 in a header', { headers: ['Subject: \xff\xfe\x80'] }],
  ])('%s: passed on byte for byte', async (_name, words) => {
    const { request, said } = await exchange(actor('acme'), actor('bolt'), words);
    expect(request.header('from')).toBe(said.from);
    expect(request.body).toBe(words.body ?? '');
    for (const line of words.headers ?? []) expect(request.text).toContain(`\r\n${line}\r\n`);
  });

  it('folds wherever a header may have them: passed on as they came, and judged by what they say', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const from = '"Alice"\r\n\t<sip:alice@acme.example>\r\n ;tag=folded';
    const { request } = await exchange(acme, bolt, { from, headers: ['Subject: a\r\n b\r\n\tc'] });
    expect(request.text).toContain(`From: ${from}\r\n`);
    expect(request.text).toContain('Subject: a\r\n b\r\n\tc\r\n');
    const posing = acme.request('MESSAGE', 'sip:bob@bolt.example', { from: '"Alice"\r\n <sip:bob@bolt.example>\r\n ;tag=f' });
    expect(await refusal(acme, posing)).toBe('403 from-not-yours');
  });
});
