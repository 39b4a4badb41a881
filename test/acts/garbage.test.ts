import { afterEach, describe, expect, it } from 'vitest';
import { exchange, outcome } from '../stage/exchange.js';
import type { Line } from '../stage/line.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Request } from '../stage/speech.js';

type Spoil = (text: string) => string;

describe.each(topologies)('hostile bytes on a good connection, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it.each([
    ['no Content-Length', (text: string) => text.replace(/Content-Length: \d+\r\n/, '')],
    ['two Content-Lengths', (text: string) => text.replace(/(Content-Length: \d+\r\n)/, '$1l: 0\r\n')],
    ['a negative Content-Length', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: -1')],
    ['a Content-Length of ten digits', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: 0000000000')],
    ['a Content-Length in hex', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: 0x0')],
    ['a head that never ends', (text: string) => text.replace('\r\n\r\n', `\r\nX-A: ${'b'.repeat(100_000)}`)],
    ['a Content-Length with a sign', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: +0')],
  ])('%s: 400, and the connection is closed', async (_name, spoil) => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    line.say(spoil(said.text));
    expect(outcome(await acme.hearFinal(said))).toBe('400 bad-message');
    await line.over;
  });

  it.each<[string, Spoil, '400 bad-message' | '505 bad-message']>([
    ['a NUL in a header', (text) => text.replace('Call-ID: ', 'X-A: b\0c\r\nCall-ID: '), '400 bad-message'],
    ['another method in CSeq', (text) => text.replace(/CSeq: .*\r\n/, 'CSeq: 1 INVITE\r\n'), '400 bad-message'],
    ['a CSeq beyond 32 bits', (text) => text.replace(/CSeq: .*\r\n/, 'CSeq: 4294967296 MESSAGE\r\n'), '400 bad-message'],
    ['Max-Forwards of letters', (text) => text.replace('Max-Forwards: 70', 'Max-Forwards: many'), '400 bad-message'],
    ['no Request-URI', (text) => text.replace('sip:bob@bolt.example SIP', ' SIP'), '400 bad-message'],
    ['a Request-URI with header fields', (text) => text.replace('bolt.example SIP', 'bolt.example?a=b SIP'), '400 bad-message'],
    ['two To', (text) => text.replace('Call-ID: ', 't: <sip:bob@crow.example>\r\nCall-ID: '), '400 bad-message'],
    ['SIP/3.0', (text) => text.replace('SIP/2.0', 'SIP/3.0'), '505 bad-message'],
  ])('%s: answered, not passed on, and what comes behind counts', async (_name, spoil, expected) => {
    const { line, said, ping } = await sayBetween(spoil);
    const acme = actor('acme');
    expect(outcome(await acme.hear((message) => message.status >= 400 && message.header('call-id') === said.callId))).toBe(expected);
    expect((await acme.hearFinal(ping)).status).toBe(200);
    line.cut();
  });

  it.each<[string, Spoil]>([
    ['no To', (text) => text.replace(/To: .*\r\n/, '')],
    ['no Via', (text) => text.replace(/Via: .*\r\n/, '')],
    ['an answer without Via', () => 'SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a status of 999', () => 'SIP/2.0 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: nobody can be told, so it is dropped, and what comes behind counts', async (_name, spoil) => {
    const { line, ping } = await sayBetween(spoil);
    expect((await actor('acme').hearFinal(ping)).status).toBe(200);
    line.cut();
  });

  it.each<[string, Spoil]>([
    ['a bare LF', (text) => text.replace('Call-ID: ', 'X-A: b\nCall-ID: ')],
    ['a bare CR', (text) => text.replace('Call-ID: ', 'X-A: b\rc\r\nCall-ID: ')],
    ['129 headers', (text) => text.replace('Call-ID: ', `${'X-A: b\r\n'.repeat(129)}Call-ID: `)],
    ['a header of more than 8 KiB', (text) => text.replace('Call-ID: ', `X-A: ${'b'.repeat(8200)}\r\nCall-ID: `)],
    ['a Request-URI of more than 4 KiB', (text) => text.replace('sip:bob', `sip:${'b'.repeat(4200)}`)],
  ])('%s: closed, and nothing of it or behind it is passed on', async (_name, spoil) => {
    const { line } = await sayBetween(spoil);
    await line.over;
  });

  afterEach(async () => {
    await exchange(actor('acme'), actor('bolt'));
  });

  /** Says a spoiled request on a line of its own, and a good one to the hub itself behind it. */
  async function sayBetween(spoil: Spoil): Promise<{ line: Line; said: Request; ping: Request }> {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    const ping = acme.request('OPTIONS', 'sip:hub.example');
    line.say(spoil(said.text));
    line.say(ping.text);
    return { line, said, ping };
  }

  it('a message over 64 KiB: refused, and it is not waited for', async () => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'x'.repeat(70_000) });
    line.say(said.text);
    expect(outcome(await acme.hearFinal(said))).toBe('513 message-too-large');
    line.cut();
  });

  it('one byte at a time is as good as any', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'hello' });
    for (const byte of Buffer.from(said.text, 'latin1')) acme.line().say(Buffer.from([byte]));
    const heard = await bolt.hear('MESSAGE');
    expect(heard.body).toBe('hello');
    bolt.answer(heard, 200);
    await acme.hearFinal(said);
  });
});
