import { describe, expect, it } from 'vitest';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('connections are kept, and missed when they are gone, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    // A member a story: a link that is lost twice within a second is left alone for a while.
    cast: { acme: {}, bolt: {}, crow: {}, dora: {}, echo: {} },
    settings: { relay: { timeouts: { probe: '500ms', dead: '1s', connect: '500ms' } } },
  });

  it('CRLFCRLF is answered with CRLF, in one piece or two', async () => {
    const acme = actor('acme');
    const line = acme.line();
    for (const pieces of [['\r\n\r\n'], ['\r\n', '\r\n']]) {
      const before = line.pongs();
      for (const piece of pieces) line.say(piece);
      const fence = acme.say('OPTIONS', `sip:${hub().domain}`);
      expect((await acme.hearFinal(fence)).status).toBe(200);
      expect(line.pongs()).toBe(before + 1);
    }
    await exchange(acme, actor('bolt'));
  });

  it('a silent link is asked for a sign of life, and any answer is one', async () => {
    const bolt = actor('bolt');
    bolt.hearPings();
    const { request } = await exchange(actor('acme'), bolt);
    for (const status of [200, 405, 501]) {
      const ping = await bolt.hear('OPTIONS');
      expect(ping.line).toBe(request.line);
      expect(ping.header('from')).toContain(hub().domain);
      expect(ping.headers('record-route')).toEqual([]);
      bolt.answer(ping, status);
    }
    expect((await exchange(actor('acme'), bolt)).request.line).toBe(request.line);
    await bolt.answerPings();
  });

  it('a link that hangs without a word is noticed: what it carried is said again on a new one, under the same branch', async () => {
    const acme = actor('acme');
    const crow = actor('crow');
    const { request } = await exchange(acme, crow);
    request.line.freeze();
    const said = acme.say('MESSAGE', 'sip:carol@crow.example');
    const heard = await hearRequest(crow, said);
    expect(heard.line).not.toBe(request.line);
    crow.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });

  it('a link that is cut is dialled anew at once', async () => {
    const dora = actor('dora');
    const { request } = await exchange(actor('acme'), dora);
    await dora.cutAccepted();
    const again = await exchange(actor('acme'), dora);
    expect(again.request.line).not.toBe(request.line);
  });

  it('a link that is cut before the answer: the request is said again under the same branch, and answered once', async () => {
    const acme = actor('acme');
    const echo = actor('echo');
    await exchange(acme, echo);
    const said = acme.say('MESSAGE', 'sip:eve@echo.example');
    const first = await hearRequest(echo, said);
    await echo.cutAccepted();
    const second = await hearRequest(echo, said);
    expect(second.text).toBe(first.text);
    echo.answer(second, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });
});
