import { describe, expect, it } from 'vitest';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('connections are kept and missed, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: {}, bolt: { hearsPings: true }, crow: {} },
    settings: { relay: { timeouts: { probe: '100ms', dead: '600ms', connect: '500ms', backoffFirst: '10ms', backoffMost: '50ms' } } },
  });

  it('CRLFCRLF is answered with CRLF, also between requests and cut in two', async () => {
    const acme = actor('acme');
    const line = acme.line();
    const before = line.pongs();
    line.say('\r\n\r\n');
    await fence();
    expect(line.pongs()).toBe(before + 1);
    line.say('\r\n');
    await fence();
    const middle = line.pongs();
    line.say('\r\n\r\n\r\n\r\n');
    await fence();
    expect(line.pongs()).toBeGreaterThan(middle);
    await exchange(acme, actor('crow'));

    async function fence(): Promise<void> {
      const ping = acme.say('OPTIONS', `sip:${hub().domain}`);
      expect((await acme.hearFinal(ping)).status).toBe(200);
    }
  });

  it('a silent link is asked for a sign of life', async () => {
    const bolt = actor('bolt');
    await exchange(actor('acme'), bolt);
    for (let turn = 0; turn < 3; turn++) {
      const ping = await bolt.hear('OPTIONS');
      expect(ping.header('from')).toContain(hub().domain);
      expect(ping.headers('record-route')).toEqual([]);
      bolt.answer(ping, 200);
    }
    await quiet();
  });

  it('any answer is a sign of life, a refusal too', async () => {
    const bolt = actor('bolt');
    const { request } = await exchange(actor('acme'), bolt);
    for (let turn = 0; turn < 8; turn++) bolt.answer(await bolt.hear('OPTIONS'), 405);
    const again = await exchange(actor('acme'), bolt);
    expect(again.request.line).toBe(request.line);
    await quiet();
  });

  it('a link that hangs without a word is closed, and what comes next takes a new one', async () => {
    const crow = actor('crow');
    const { request } = await exchange(actor('acme'), crow);
    request.line.freeze();
    const said = actor('acme').say('MESSAGE', 'sip:carol@crow.example');
    const heard = await hearRequest(crow, said);
    expect(heard.line).not.toBe(request.line);
    crow.answer(heard, 200);
    await actor('acme').hearFinal(said);
  });

  it('a link that was cut is dialled anew', async () => {
    const crow = actor('crow');
    const { request } = await exchange(actor('acme'), crow);
    await crow.cutAccepted();
    const again = await exchange(actor('acme'), crow);
    expect(again.request.line).not.toBe(request.line);
  });

  /** Bolt hears pings for ever; takes those that are there, so that only what nobody asked for is left. */
  async function quiet(): Promise<void> {
    const bolt = actor('bolt');
    await bolt.cutAccepted();
    bolt.shutDoor();
    while (bolt.unheard().length > 0) await bolt.hear('OPTIONS');
    await bolt.listen();
  }
});
