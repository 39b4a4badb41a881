import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, cancel } from '../stage/speech.js';

/** The URI between the angle brackets. */
const uriIn = (route: string | undefined) => /<([^>]*)>/.exec(route ?? '')?.[1] ?? '';

describe.each(topologies)('what a proxy does with requests (RFC 3261 16), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  it('16.3 item 1: what is merged from two ways is no error; the far side decides', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const from = '<sip:alice@acme.example>;tag=forked';
    const one = acme.say('MESSAGE', 'sip:bob@bolt.example', { from, callId: 'merged' });
    const other = acme.say('MESSAGE', 'sip:bob@bolt.example', { from, callId: 'merged' });
    const [first, second] = [await bolt.hear('MESSAGE'), await bolt.hear('MESSAGE')];
    expect([first, second].map((heard) => /branch=([^;]*)/.exec(heard.headers('via')[1] ?? '')?.[1])).toEqual([one.branch, other.branch]);
    bolt.answer(first, 200);
    bolt.answer(second, 482);
    await acme.hear(200, (message) => message.header('via').includes(one.branch));
    await acme.hear(482, (message) => message.header('via').includes(other.branch));
  });

  it('16.3 item 1: what the hub does not need may be broken, and leaves as it came', async () => {
    const headers = ['Date: never', 'Expires: -1', 'Contact: <<>>', 'Allow: ,,', 'Content-Type: /', 'Timestamp: now', 'Retry-After: x'];
    const { said, request } = await exchange(actor('acme'), actor('bolt'), { headers });
    expect(headers.every((line) => request.text.includes(`\r\n${line}\r\n`))).toBe(true);
    expect(said.text).not.toBe(request.text);
  });

  it('16.3 item 3: an OPTIONS to the hub itself is answered though it may go no further', async () => {
    const acme = actor('acme');
    const said = acme.say('OPTIONS', `sip:${hub().domain}`, { maxForwards: 0 });
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('16.3 item 5: what is required of proxies and not known is refused with 420, all of it named', async () => {
    const acme = actor('acme');
    const headers = ['Proxy-Require: sec-agree, magic', 'Require: 100rel', 'proxy-require: more'];
    for (const method of ['MESSAGE', 'INVITE', 'SING']) {
      const said = acme.say(method, 'sip:bob@bolt.example', { headers });
      const final = await acme.hearFinal(said);
      expect(outcome(final)).toBe('420 extension-required');
      expect(final.header('unsupported')).toBe('sec-agree, magic, more');
      if (method === 'INVITE') acme.line().say(acknowledge(said, final).text);
    }
  });

  it('16.4: a strict router’s request is put right: its last Route is the Request-URI, and the hub’s own URI is gone', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller } = await openCall(acme, bolt);
    const target = uriIn(caller.routes[0]);
    for (const [further, left] of [
      [[], []],
      [['<sip:edge.bolt.example;lr>'], ['<sip:edge.bolt.example;lr>']],
    ]) {
      const strict = { ...caller, target, routes: [...(further ?? []), `<${caller.target}>`] };
      const info = within(strict, 'INFO', { body: 'as it is' });
      acme.line().say(info.text);
      const heard = await hearRequest(bolt, info);
      expect(heard.uri).toBe(caller.target);
      expect(heard.headers('route')).toEqual(left);
      expect(heard.body).toBe('as it is');
      bolt.answer(heard, 200);
      await acme.hearAnswer(info, 200);
    }
    const again = within({ ...caller, target, routes: [`<${caller.target}>`] }, 'INVITE', { cseq: 7 });
    acme.line().say(again.text);
    bolt.answer(await hearRequest(bolt, again), 200);
    await acme.hearAnswer(again, 100);
    await acme.hearAnswer(again, 200);
    const ack = within({ ...caller, target, routes: [`<${caller.target}>`] }, 'ACK', { cseq: 7 });
    acme.line().say(ack.text);
    expect((await hearRequest(bolt, ack)).uri).toBe(caller.target);
  });

  it('16.4: only the hub’s own signature makes it so, and only for the two members of the dialog', async () => {
    const { caller } = await openCall(actor('acme'), actor('bolt'));
    const own = uriIn(caller.routes[0]);
    const routes = [`<${caller.target}>`];
    const forged = within({ ...caller, target: own.replace('.acme.', '.crow.'), routes }, 'BYE');
    expect(await refusal(actor('acme'), forged)).toBe('403 foreign-route');
    expect(await refusal(actor('acme'), within({ ...caller, target: own, routes: [] }, 'BYE'))).toBe('404 unknown-domain');
    const stolen = within({ ...caller, local: '<sip:carol@crow.example>;tag=1', target: own, routes }, 'BYE');
    expect(await refusal(actor('crow'), stolen)).toBe('403 bad-route-token');
  });

  it('16.6 step 6: a strict router that is next behind the hub finds its own URI as Request-URI; the ACK and the CANCEL follow', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller } = await openCall(acme, bolt);
    const strict = { ...caller, routes: [...caller.routes, '<sip:edge.bolt.example>', '<sip:inner.bolt.example;lr>'] };
    const left = ['<sip:inner.bolt.example;lr>', `<${caller.target}>`];
    for (const status of [486, 487]) {
      const said = within(strict, 'INVITE', { cseq: status });
      acme.line().say(said.text);
      const heard = await hearRequest(bolt, said);
      expect(heard.uri).toBe('sip:edge.bolt.example');
      expect(heard.headers('route')).toEqual(left);
      if (status === 487) {
        bolt.answer(heard, 180);
        await acme.hearAnswer(said, 180);
        const giveUp = cancel(said);
        acme.line().say(giveUp.text);
        await acme.hearFinal(giveUp);
        const cancelled = await bolt.hear('CANCEL');
        expect([cancelled.uri, ...cancelled.headers('route')]).toEqual(['sip:edge.bolt.example', ...left]);
        bolt.answer(cancelled, 200);
      }
      bolt.answer(heard, status);
      const ack = await bolt.hear('ACK');
      expect([ack.uri, ...ack.headers('route')]).toEqual(['sip:edge.bolt.example', ...left]);
      acme.line().say(acknowledge(said, await acme.hearFinal(said)).text);
    }
  });

  it('16.10, 16.11: nothing is passed on without state: a CANCEL of nothing is answered 481, an ACK of nothing is dropped', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const never = acme.request('INVITE', 'sip:bob@bolt.example');
    const giveUp = cancel(never);
    acme.line().say(giveUp.text);
    expect(outcome(await acme.hearFinal(giveUp))).toBe('481 no-such-transaction');
    acme.line().say(acme.request('ACK', 'sip:bob@bolt.example', { to: '<sip:bob@bolt.example>;tag=1' }).text);
    acme.line().say(acme.request('ACK', 'sip:bob@bolt.example', { routes: [`<sip:${hub().domain};lr>`] }).text);
    await exchange(acme, bolt);
  });
});
