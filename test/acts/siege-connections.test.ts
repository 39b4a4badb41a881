import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

/** Machines that are busy with other tests are slow. */
const soon = { timeout: 30_000 };

describe.each(topologies)('a member that misuses its connections, %s', { timeout: 60_000 }, (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: {
      ingress: {
        overload: { enabled: false },
        limits: {
          connectionsPerMember: 20,
          handshakesPerSecond: 1_000,
          handshakesPerSecondPerAddress: 1_000,
          outboxBytes: '64KiB',
          outboxBytesMax: '256KiB',
        },
        timeouts: { message: '1s' },
      },
    },
  });
  const port = () => actor('acme').line().remotePort;
  const standing = (member: string) => hub().counted('ingress', 'guildhall_member_connections', { member });
  const givenUp = () => hub().counted('ingress', 'guildhall_ingress_connections_total', { result: 'given-up' });
  const business = () => exchange(actor('crow'), actor('bolt'));

  it('hundreds of connections: as many as agreed stay, the others are closed with one reason, and other members get in', async () => {
    const acme = actor('acme');
    const closed = () => hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'too-many-connections' });
    const before = await closed();
    const lines = await Promise.all(Array.from({ length: 60 }, () => acme.dial(port())));
    await expect.poll(async () => (await closed()) - before, soon).toBe(60 - 19);
    expect(await standing('acme')).toBe(20);
    const crow = actor('crow');
    const another = await crow.dial(port());
    const ping = crow.request('OPTIONS', `sip:${hub().domain}`);
    another.say(ping.text);
    expect((await crow.hearFinal(ping)).status).toBe(200);
    await business();
    for (const line of [...lines, another]) line.cut();
    await expect.poll(() => standing('acme'), soon).toBe(1);
    await expect.poll(() => standing('crow'), soon).toBe(1);
  });

  it('a connection for each request: all are answered, and nothing is left behind', async () => {
    const acme = actor('acme');
    for (let round = 0; round < 25; round += 1) {
      const line = await acme.dial(port());
      const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
      line.say(said.text);
      actor('bolt').answer(await hearRequest(actor('bolt'), said), 200);
      expect((await acme.hearFinal(said)).status).toBe(200);
      line.hangUp();
      await line.over;
    }
    await expect.poll(() => standing('acme'), soon).toBe(1);
  });

  it.each<[where: string, from: (text: string) => number]>([
    ['head', () => 0],
    ['body', (text) => text.indexOf('\r\n\r\n') + 4],
  ])('a slow sender, byte by byte in the %s: given up in time, others notice nothing', async (_where, from) => {
    const acme = actor('acme');
    const before = await givenUp();
    const lines = await Promise.all(Array.from({ length: 10 }, () => acme.dial(port())));
    const { text } = acme.request('MESSAGE', 'sip:bob@bolt.example', { body: 'x'.repeat(5_000) });
    const start = from(text);
    for (const line of lines) line.say(text.slice(0, start));
    let at = start;
    const drip = setInterval(() => {
      for (const line of lines) line.say(text.charAt(at));
      at += 1;
    }, 20);
    try {
      await business();
      await Promise.all(lines.map((line) => line.over));
      await business();
    } finally {
      clearInterval(drip);
    }
    await expect.poll(async () => (await givenUp()) - before, soon).toBe(10);
    await expect.poll(() => standing('acme'), soon).toBe(1);
  });

  it('a slow sender whose messages are whole in time is served', async () => {
    const acme = actor('acme');
    const line = await acme.dial(port());
    const { text, ...said } = acme.request('OPTIONS', `sip:${hub().domain}`);
    for (let at = 0; at < text.length; at += 10) {
      line.say(text.slice(at, at + 10));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await acme.hearFinal({ ...said, text })).status).toBe(200);
    line.cut();
    await line.over;
  });

  it('a member that asks and does not read the answers is given up, and its memory is given back', async () => {
    const acme = actor('acme');
    const buffered = () => hub().counted('ingress', 'guildhall_member_buffered_bytes', { member: 'acme' });
    const before = await givenUp();
    const { cert, key } = acme.identity;
    const ca = hub().authority.cert;
    // Nobody listens to what comes on these: nothing is read.
    const deaf = Array.from({ length: 2 }, () => connect({ port: port(), host: '127.0.0.1', servername: hub().domain, cert, key, ca }));
    for (const socket of deaf) socket.on('error', () => undefined);
    // Long answers fill what the system buffers sooner.
    const long = `Call-ID: ${'x'.repeat(6_000)}`;
    const ask = acme
      .request('OPTIONS', `sip:${hub().domain}`)
      .text.replace(/^Call-ID: .*$/m, long)
      .repeat(40);
    const pump = setInterval(() => {
      for (const socket of deaf) if (!socket.destroyed && socket.writableLength < 1_000_000) socket.write(ask);
    }, 10);
    try {
      await expect.poll(async () => (await givenUp()) - before, soon).toBe(2);
    } finally {
      clearInterval(pump);
      for (const socket of deaf) socket.destroy();
    }
    await business();
    await expect.poll(buffered, soon).toBe(0);
    await expect.poll(() => standing('acme'), soon).toBe(1);
  });
});

describe.each(topologies)(
  'a member that only dials out, whose connection is cut off without a word, %s',
  { timeout: 60_000 },
  (_, topology) => {
    const { actor, hub } = perform({
      topology,
      cast: { acme: {}, edge: { dialsOnly: true }, echo: { dialsOnly: true } },
      settings: { ingress: { timeouts: { probe: '1s', dead: '2500ms' } } },
    });

    it('is asked for a sign of life while it is silent, may answer anything, and is reached as before', async () => {
      const echo = actor('echo');
      echo.hearPings();
      for (const status of [200, 483, 501]) {
        const ping = await echo.hear('OPTIONS');
        expect(ping.uri).not.toContain('@');
        expect(ping.header('max-forwards')).toBe('0');
        echo.answer(ping, status);
      }
      await echo.answerPings();
      await exchange(actor('acme'), echo);
      // The answers were for the ingress that asked, and for nobody else.
      expect(await hub().counted('relay', 'guildhall_relay_dropped_total', { what: 'stray-response' })).toBe(0);
    });

    it('is noticed in time: then who writes to it has an answer at once, and a new connection is used', async () => {
      const edge = actor('edge');
      const acme = actor('acme');
      await exchange(acme, edge);
      const dead = edge.line();
      dead.freeze();
      const lost = acme.say('MESSAGE', 'sip:eve@edge.example');
      expect((await acme.hearFinal(lost)).status).toBe(500);
      await edge.dial(dead.remotePort);
      for (;;) {
        const said = acme.say('MESSAGE', 'sip:eve@edge.example');
        const final = acme.hearFinal(said);
        const heard = await edge.hearUnless(said, final);
        if (heard === undefined) continue;
        edge.answer(heard, 200);
        expect((await final).status).toBe(200);
        break;
      }
      dead.cut();
    });
  },
);
