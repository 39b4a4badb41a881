import { describe, expect, it } from 'vitest';
import { exchange, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('hostile bytes on a good connection, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it.each([
    ['no Content-Length', (text: string) => text.replace(/Content-Length: \d+\r\n/, '')],
    ['two Content-Lengths', (text: string) => text.replace(/(Content-Length: \d+\r\n)/, '$1l: 0\r\n')],
    ['a negative Content-Length', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: -1')],
    ['a Content-Length of ten digits', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: 0000000000')],
    ['a Content-Length in hex', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: 0x0')],
    ['a Content-Length with a sign', (text: string) => text.replace(/Content-Length: \d+/, 'Content-Length: +0')],
  ])('%s: 400, and the connection is closed', async (_name, spoil) => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    line.say(spoil(said.text));
    expect(outcome(await acme.hearFinal(said))).toBe('400 bad-message');
    await line.over;
    await exchange(acme, actor('bolt'));
  });

  it.each([
    ['a NUL in a header', (text: string) => text.replace('Call-ID: ', 'X-A: b\0c\r\nCall-ID: ')],
    ['a bare LF', (text: string) => text.replace('Call-ID: ', 'X-A: b\nCall-ID: ')],
    ['a bare CR', (text: string) => text.replace('Call-ID: ', 'X-A: b\rc\r\nCall-ID: ')],
    ['129 headers', (text: string) => text.replace('Call-ID: ', `${'X-A: b\r\n'.repeat(129)}Call-ID: `)],
    ['a header of more than 8 KiB', (text: string) => text.replace('Call-ID: ', `X-A: ${'b'.repeat(8200)}\r\nCall-ID: `)],
    ['a Request-URI of more than 4 KiB', (text: string) => text.replace('sip:bob', `sip:${'b'.repeat(4200)}`)],
    ['no To', (text: string) => text.replace(/To: [^\r]*\r\n/, '')],
    ['another method in CSeq', (text: string) => text.replace(/CSeq: .*\r\n/, 'CSeq: 1 INVITE\r\n')],
    ['a CSeq beyond 32 bits', (text: string) => text.replace(/CSeq: .*\r\n/, 'CSeq: 4294967296 MESSAGE\r\n')],
    ['Max-Forwards of letters', (text: string) => text.replace('Max-Forwards: 70', 'Max-Forwards: many')],
    ['no URI', (text: string) => text.replace('sip:bob@bolt.example SIP', ' SIP')],
  ])('%s: refused, and nothing of it is passed on', async (_name, spoil) => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    line.say(spoil(acme.request('MESSAGE', 'sip:bob@bolt.example').text));
    const after = acme.request('OPTIONS', 'sip:hub.example');
    line.say(after.text);
    // Either it is refused by an answer, or by the end of the connection; what is behind it counts only in the first case.
    const refused = await Promise.race([acme.hear(400).then(outcome), acme.hear(413).then(outcome), line.over]);
    expect(refused === '400 bad-message' || refused === '').toBe(true);
    line.cut();
    await exchange(acme, actor('bolt'));
  });

  it('a message over 64 KiB: refused, and it is not waited for', async () => {
    const acme = actor('acme');
    const line = await acme.dial(acme.line().remotePort);
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'x'.repeat(70_000) });
    line.say(said.text);
    expect(outcome(await acme.hearFinal(said))).toBe('513 message-too-large');
    line.cut();
    await exchange(acme, actor('bolt'));
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
