import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { memberCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { freePort } from '../stage/port.js';

/** TLS 1.2 shows what a record is (RFC 5246 6.2.1): the last one of a connection that is closed in order is an alert, close_notify. */
const alert = 21;
const alertRecordBytes = 5 + 26;

describe.each(topologies)('an ingress is told to end, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} }, settings: { ingress: { drain: '10s' } } });

  it('what it took it finishes, what is new it refuses, nobody new gets in', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const port = acme.line().remotePort;
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    const ended = hub().ingresses[0]?.stop();
    for (;;) {
      const ping = acme.say('MESSAGE', 'sip:bob@nobody.test');
      if (outcome(await acme.hearFinal(ping)) === '503 hub-draining') break;
    }
    expect(await refusal(acme, acme.request('INVITE', 'sip:bob@bolt.example'))).toBe('503 hub-draining');
    await expect(acme.dial(port)).rejects.toThrow();
    bolt.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await acme.line().over;
    await ended;
  });

  if (topology.ingresses > 1) {
    it('the other one goes on', async () => {
      await actor('acme').dial(hub().ingresses[1]?.port ?? 0);
      await exchange(actor('acme'), actor('bolt'));
    });
  }
});

describe('an ingress that ends', () => {
  const { hub, play } = perform({ cast: { acme: {} }, settings: { ingress: { drain: '5s' } } });

  it('says close_notify on each connection (RFC 5246 7.2.1)', async () => {
    const { authority } = play();
    const [ingress] = hub().ingresses;
    let told = Buffer.alloc(0);
    const tap = createServer((near) => {
      const far = connect(ingress?.port ?? 0, '127.0.0.1');
      far.on('data', (chunk: Buffer) => {
        told = Buffer.concat([told, chunk]);
      });
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => tap.listen(port, '127.0.0.1', resolve));
    const { cert, key } = await memberCertificate(authority, 'acme.example');
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'hub.example', cert, key, ca: authority.cert, maxVersion: 'TLSv1.2' });
    const heard = new Promise((resolve) => socket.once('data', resolve));
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
    await heard;
    const over = new Promise((resolve) => socket.once('close', resolve));
    await ingress?.stop();
    await over;
    const last = told.subarray(-alertRecordBytes);
    expect([last[0], last.readUInt16BE(3)]).toEqual([alert, alertRecordBytes - 5]);
    tap.close();
  });
});

describe('a service that is told to end', () => {
  const { actor, hub } = perform({ apart: true, log: 'info', cast: { acme: {} } });

  it('says so once', async () => {
    const { ingresses, relays, policies } = hub();
    for (const one of [...ingresses, ...relays, ...policies]) {
      await one.stop();
      const lines = one.log().filter((line) => Object(line).msg === 'draining');
      expect(lines, one.id).toHaveLength(1);
    }
    await actor('acme').line().over;
  });
});
