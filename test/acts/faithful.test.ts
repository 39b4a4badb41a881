import { describe, expect, it } from 'vitest';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Received } from '../stage/received.js';

/** Everything a proxy must not touch: the message without Via, Route, Record-Route and Max-Forwards. */
function untouched(text: string): string {
  return text.replace(/^(via|v|route|record-route|max-forwards)[ \t]*:[^\r]*(\r\n[ \t][^\r]*)*\r\n/gim, '');
}

const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');

describe.each(topologies)('what the hub does not own leaves as it came (RFC 3261 16.6, 16.7 step 9), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it.each([
    ['a body of every byte there is', [], everyByte + everyByte],
    ['a body that looks like SIP', [], 'MESSAGE sip:x SIP/2.0\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n\r\n'],
    ['a body of a lone line end', [], '\r\n'],
    [
      'odd letter case, white space and compact forms',
      ['SUBJECT :  spaced   out  ', 'c:text/plain', 'x-EMPTY:', 'X-empty-too:   '],
      'hello',
    ],
    ['folded lines', ['Subject: one\r\n two\r\n\tthree', 'X-Folded:\r\n  value'], ''],
    ['quoted strings with commas, escapes and brackets', ['Contact: "a, \\"b\\" <c>" <sip:alice@acme.example;x="y,z">;q=1, <sip:b@c>'], ''],
    ['UTF-8 and latin1', ['Subject: Gr\xc3\xbc\xc3\x9fe \xe2\x82\xac', 'X-Latin: \xe4\xf6\xfc'], 'Gr\xc3\xbc\xc3\x9fe'],
    ['the same header again and again, in order', ['X-A: 1', 'X-B: 2', 'X-A: 3', 'x-a: 4', 'X-A: 1'], ''],
    [
      'headers that only look like ours',
      ['Via-Something: x', 'Routes: <sip:evil.test>', 'X-Route: <sip:evil.test>', 'Max-Forwards-Not: 1'],
      '',
    ],
    ['names with odd characters', ["X!%*_+`'~.-1: ok"], ''],
    ['a long line', [`X-Long: ${'abcdefgh'.repeat(900)}`], ''],
    ['a long body', [], 'x'.repeat(60_000)],
  ])('%s', async (_name, headers, body) => {
    const { said, request } = await exchange(actor('acme'), actor('bolt'), { headers, body });
    expect(untouched(request.text)).toBe(untouched(said.text));
    expect(request.body).toBe(body);
  });

  it('answers too, in both directions', async () => {
    const headers = ['X-ODD :  spaced ', 'Contact: "c, d" <sip:x@10.0.0.1>', 'Subject: a\r\n b'];
    for (const [from, to] of [
      [actor('acme'), actor('bolt')],
      [actor('bolt'), actor('acme')],
    ] as const) {
      const { request, final } = await exchange(from, to, {}, { phrase: 'Gr\xc3\xbc\xc3\x9fe  twice', headers, body: everyByte });
      const sent = sentAnswer(request, headers);
      expect(untouched(final.text)).toBe(untouched(sent));
      expect(final.headers('via')).toEqual(request.headers('via').slice(1));
    }
  });

  it('URIs as they are written', async () => {
    for (const uri of [
      'sip:b%6fb;a=b@BOLT.example:5061;x=%20',
      'SIP:bob:secret@bolt.example',
      'sip:bolt.example',
      'sips:bob@bolt.example',
    ]) {
      const { request } = await exchange(actor('acme'), actor('bolt'), { uri });
      expect(request.uri).toBe(uri);
    }
  });

  it('adds one Via above the sender’s, and tells it where it came from when asked (RFC 3261 16.6 step 8, 18.2.1, RFC 3581)', async () => {
    const acme = actor('acme');
    const via = 'SIP/2.0/TLS  private.acme.example : 5061 ; branch=z9hG4bKasked ;rport;x="a;b"';
    const { request, final } = await exchange(acme, actor('bolt'), { via });
    const [ours = '', theirs = ''] = request.headers('via');
    expect(ours).toMatch(/^SIP\/2\.0\/TLS hub\.example:\d+;branch=z9hG4bK[\w.-]+$/);
    expect(theirs).toContain(`rport=${acme.line().localPort}`);
    expect(theirs).toContain('received=127.0.0.1');
    expect(theirs).toContain('x="a;b"');
    expect(final.headers('via')).toEqual([theirs]);
  });

  it('tells the sender so in its own answers too', async () => {
    const acme = actor('acme');
    for (const [method, uri, status] of [
      ['OPTIONS', `sip:${hub().domain}`, 200],
      ['MESSAGE', 'sip:x@nobody.example', 404],
    ] as const) {
      const said = acme.say(method, uri, { via: `SIP/2.0/TLS private.acme.example;branch=z9hG4bKown${status};rport` });
      const final = await acme.hearFinal(said);
      expect(final.status).toBe(status);
      expect(final.header('via')).toContain(`;rport=${acme.line().localPort};received=127.0.0.1`);
    }
  });

  function sentAnswer(request: Received, headers: readonly string[]): string {
    return [
      'SIP/2.0 200 Gr\xc3\xbc\xc3\x9fe  twice',
      `From: ${request.header('from')}`,
      `To: ${request.header('to')};tag=answered`,
      `Call-ID: ${request.header('call-id')}`,
      `CSeq: ${request.header('cseq')}`,
      ...headers,
      `Content-Length: ${everyByte.length}`,
      '',
      everyByte,
    ].join('\r\n');
  }
});
