import { configSchema } from '@guildhall/relay/config';
import { describe, expect, it } from 'vitest';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const certificate = { cert: 'hub.crt', key: 'hub.key' };

describe.each(topologies)('connections are kept, and missed when they are gone, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    // A member a story: a link that is lost twice within a second is left alone for a while.
    cast: { acme: {}, bolt: {}, crow: {}, dora: {}, echo: {} },
    // Longer than a busy machine lets an answer wait.
    settings: { relay: { timeouts: { probe: '500ms', dead: '4s', connect: '2s' } } },
  });

  it('CRLFCRLF is answered with CRLF, in one piece or two (RFC 5626 4.4.1)', async () => {
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

  it('a link that hangs without a word is noticed: what it carried is said again on a new one, under the same branch (RFC 3261 17.2.3)', async () => {
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

  it('a link that is cut before the answer: the request is said again under the same branch, and answered once (RFC 3261 17.2.3)', async () => {
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

describe('a hub with the times that it has by itself', () => {
  const { actor } = perform({ cast: { acme: {}, bolt: {} } });

  it('misses a link that hangs within 10 s: 9 s of silence, looked at four times a second', async () => {
    const { dead, probe } = configSchema.parse({ hub: { domain: 'hub.example' }, via: { host: 'hub.example' }, certificate }).timeouts;
    expect(probe).toBeLessThan(dead);
    expect(dead + 250).toBeLessThan(10_000);
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    request.line.freeze();
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said, 15_000);
    expect(heard.line).not.toBe(request.line);
    bolt.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });
});
