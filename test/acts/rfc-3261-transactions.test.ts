import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { dialogOfCaller, within } from '../stage/dialog.js';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Received } from '../stage/received.js';
import { acknowledge, answer, cancel, type Request } from '../stage/speech.js';

describe.each(topologies)('transactions (RFC 3261 9 and 17), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  /** What acme said on its line before has been read. */
  const fence = async (acme: Member) => {
    const ping = acme.say('OPTIONS', `sip:${hub().domain}`);
    await acme.hearFinal(ping);
  };
  const ring = async (words = {}): Promise<{ said: Request; heard: Received }> => {
    const said = actor('acme').say('INVITE', 'sip:bob@bolt.example', words);
    const heard = await hearRequest(actor('bolt'), said);
    actor('bolt').answer(heard, 180);
    await actor('acme').hearAnswer(said, 100);
    await actor('acme').hearAnswer(said, 180);
    return { said, heard };
  };
  const giveUp = async (said: Request, headers = ''): Promise<Received> => {
    const acme = actor('acme');
    const gone = cancel(said);
    acme.line().say(gone.text.replace('Content-Length', `${headers}Content-Length`));
    return acme.hearFinal(gone);
  };
  const refused = async (said: Request, heard: Received): Promise<void> => {
    actor('bolt').answer(heard, 487);
    await actor('bolt').hear('ACK');
    actor('acme')
      .line()
      .say(acknowledge(said, await actor('acme').hearFinal(said)).text);
  };

  it('9.1: the CANCEL is the INVITE’s in Request-URI, Via, From, To, Call-ID and CSeq number, and asks for no extension', async () => {
    const { said, heard } = await ring({
      cseq: 4711,
      headers: ['Require: 100rel', 'Supported: timer', 'Contact: <sip:a@10.1.1.1>'],
      body: 'x',
    });
    expect((await giveUp(said)).status).toBe(200);
    const cancelled = await actor('bolt').hear('CANCEL');
    for (const name of ['from', 'to', 'call-id']) expect(cancelled.header(name), name).toBe(heard.header(name));
    expect(cancelled.uri).toBe(heard.uri);
    expect(cancelled.headers('via')).toEqual([heard.header('via')]);
    expect(cancelled.header('cseq')).toBe('4711 CANCEL');
    for (const name of ['require', 'proxy-require', 'contact', 'record-route']) expect(cancelled.headers(name), name).toEqual([]);
    expect(cancelled.body).toBe('');
    actor('bolt').answer(cancelled, 200);
    await refused(said, heard);
  });

  it('9.1, RFC 3326 2: why it was cancelled goes along', async () => {
    const { said, heard } = await ring();
    await giveUp(said, 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n');
    const cancelled = await actor('bolt').hear('CANCEL');
    expect(cancelled.headers('reason')).toEqual(['SIP;cause=200;text="Call completed elsewhere"']);
    actor('bolt').answer(cancelled, 200);
    await refused(said, heard);
  });

  it('9.2: a CANCEL that is too late is answered 200 and changes nothing; one of what is over, 481', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const busy = await ring();
    bolt.answer(busy.heard, 486);
    await bolt.hear('ACK');
    const final = await acme.hearFinal(busy.said);
    expect((await giveUp(busy.said)).status).toBe(200);
    acme.line().say(acknowledge(busy.said, final).text);
    expect(outcome(await giveUp(busy.said))).toBe('481 no-such-transaction');

    const taken = await ring();
    bolt.answer(taken.heard, 200, { headers: ['Contact: <sip:bob@10.2.2.2>'] });
    const ok = await acme.hearFinal(taken.said);
    expect((await giveUp(taken.said)).status).toBe(200);
    const ack = within(dialogOfCaller(taken.said, ok), 'ACK', { cseq: taken.said.cseq });
    acme.line().say(ack.text);
    await hearRequest(bolt, ack);
  });

  it('9.2: a second CANCEL is answered 200 too, and goes no further', async () => {
    const { said, heard } = await ring();
    await giveUp(said);
    expect((await giveUp(said)).status).toBe(200);
    actor('bolt').answer(await actor('bolt').hear('CANCEL'), 200);
    await refused(said, heard);
  });

  it('9.2: a CANCEL has no effect on anything but INVITE', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    expect(outcome(await giveUp(said))).toBe('481 no-such-transaction');
    bolt.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('17.1.1.3: the ACK of a refusal has one Via, and Request-URI, From, Call-ID, Route and CSeq number of the INVITE, To of the answer', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller } = await openCall(acme, bolt);
    const routes = [...caller.routes, '<sip:edge.bolt.example;lr>', '<sip:inner.bolt.example;lr>'];
    const said = within({ ...caller, routes }, 'INVITE', {
      cseq: 99,
      headers: ['Require: 100rel', 'Contact: <sip:a@10.1.1.1>'],
      body: 'sdp',
    });
    acme.line().say(said.text);
    const heard = await hearRequest(bolt, said);
    bolt.answer(heard, 488);
    const ack = await bolt.hear('ACK');
    for (const name of ['from', 'to', 'call-id', 'route']) expect(ack.headers(name), name).toEqual(heard.headers(name));
    expect(ack.uri).toBe(heard.uri);
    expect(ack.headers('via')).toEqual([heard.header('via')]);
    expect(ack.header('cseq')).toBe('99 ACK');
    expect(ack.headers('require')).toEqual([]);
    expect(ack.body).toBe('');
    acme.line().say(acknowledge(said, await acme.hearFinal(said)).text);
  });

  it('17.1.3: an answer with the branch but not the method of a request is none to it', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    heard.line.say(answer(heard, 403).replace('CSeq: 1 MESSAGE', 'CSeq: 1 OPTIONS'));
    heard.line.say(answer(heard, 200));
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('17.2.1: an INVITE that is said again gets the newest answer again, and goes no further', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    for (const status of [100, 180, 486]) {
      if (status > 100) bolt.answer(heard, status);
      if (status > 200) await bolt.hear('ACK');
      const first = await acme.hearAnswer(said, status);
      acme.line().say(said.text);
      expect((await acme.hearAnswer(said, status)).text).toBe(first.text);
      if (status > 200) acme.line().say(acknowledge(said, first).text);
    }
    await fence(acme);
  });

  it('17.2.3: branch, sent-by and method tell transactions apart, and which member speaks', async () => {
    const bolt = actor('bolt');
    const say = (name: string, method: string, via: string) => actor(name).say(method, 'sip:bob@bolt.example', { via });
    const branch = 'branch=z9hG4bKtheSame';
    const all = [
      { who: 'acme', said: say('acme', 'MESSAGE', `SIP/2.0/TLS one.invalid:5061;${branch}`) },
      { who: 'acme', said: say('acme', 'MESSAGE', `SIP/2.0/TLS two.invalid:5061;${branch}`) },
      { who: 'acme', said: say('acme', 'MESSAGE', `SIP/2.0/TLS one.invalid:5062;${branch}`) },
      { who: 'acme', said: say('acme', 'INFO', `SIP/2.0/TLS one.invalid:5061;${branch}`) },
      { who: 'crow', said: say('crow', 'MESSAGE', `SIP/2.0/TLS one.invalid:5061;${branch}`) },
    ];
    const heard: Received[] = [];
    for (const { said } of all) heard.push(await hearRequest(bolt, said));
    // The same transaction: a host in another letter case, whatever else differs.
    say('acme', 'MESSAGE', `SIP/2.0/TLS ONE.invalid:5061;${branch}`);
    await fence(actor('acme'));
    for (const one of heard) bolt.answer(one, 200);
    for (const { who, said } of all) expect((await actor(who).hearFinal(said)).status).toBe(200);
    await exchange(actor('acme'), bolt);
  });

  it('17.2.3: a branch without the magic cookie (RFC 2543) tells nothing; the request does', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const via = 'SIP/2.0/TLS old.invalid;branch=1';
    const one = acme.say('MESSAGE', 'sip:bob@bolt.example', { via });
    const other = acme.say('MESSAGE', 'sip:bob@bolt.example', { via });
    const heard = [await hearRequest(bolt, one), await hearRequest(bolt, other)];
    acme.line().say(one.text);
    await fence(acme);
    for (const each of heard) bolt.answer(each, 200);
    await acme.hearFinal(one);
    await acme.hearFinal(other);
  });
});
