import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { monotonic } from '@guildhall/chassis/clock';
import { Fault } from '@guildhall/chassis/fault';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import { createRoster } from '@guildhall/chassis/roster';
import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { configSchema } from '@guildhall/relay/config';
import { start } from '@guildhall/relay/start';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memberCertificate } from '../stage/identities.js';
import type { Member } from '../stage/member.js';
import { freePort } from '../stage/port.js';
import { answer, request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { doorTo, hubName, type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;

function say(transaction: number, method = 'MESSAGE', body = ''): string {
  const text = request({
    method,
    uri: 'sip:bob@bolt.example',
    from: '<sip:alice@acme.example>;tag=a',
    callId: `call-${transaction}`,
    body,
  }).text;
  relay.forward(text, { transaction });
  return text;
}

beforeEach(async () => {
  relay = await startRelay({
    drain: '5s',
    timeouts: { handover: 200, backoffFirst: '400ms', backoffMost: '400ms' },
    limits: { linkBytes: '64KiB' },
  });
  bolt = await startBolt(relay);
});
afterEach(async () => {
  await bolt.close();
  await relay.close();
});

describe('a relay that ends', () => {
  it('says so, finishes what it has, and closes its links in order', async () => {
    const hellos: Hello[] = [];
    relay.bus.subscribe(subjects.hello('relay', 'relay-1'), (payload) => hellos.push(Hello.decode(payload)));
    say(1);
    const heard = await bolt.hear('MESSAGE');
    const ended = relay.relay.stop();
    await expect.poll(() => hellos.at(-1)?.draining).toBe(true);
    bolt.answer(heard, 200);
    expect((await relay.outcome(1)).status).toBe(200);
    expect(await heard.line.over).toBe('');
    await ended;
    await expect(fetch(`http://${relay.relay.admin}/livez`)).rejects.toThrow();
  });
});

describe('a relay that ends while an ingress has not heard of it', () => {
  it('finishes what was on its way, and the ingress is told at once that nobody takes the next', async () => {
    const ended = relay.relay.stop();
    say(1);
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    expect((await relay.outcome(1)).status).toBe(200);
    await ended;
    const payload = Buffer.alloc(0);
    await new Promise<void>((resolve) => relay.bus.publish(subjects.relay('relay-1'), payload, relay.bus.unheard(resolve)));
  });
});

/** A member that falls to relay-2 as soon as there is one. */
function othersMember(): string {
  const ids = ['bolt', 'bolt-1', 'bolt-2', 'bolt-3', 'bolt-4', 'bolt-5', 'bolt-6'];
  return ids.find((one) => ownerOf(one, ['relay-1', 'relay-2']) === 'relay-2') ?? '';
}

describe('a member that is another relay’s now', () => {
  it('is let go of once nothing is in flight', async () => {
    const id = othersMember();
    const text = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>' }).text;
    relay.forward(text, { transaction: 1, member: id });
    const heard = await bolt.hear('MESSAGE');
    const other = createRoster(relay.bus, { service: 'relay', id: 'relay-2', epoch: 'e' }, {}, monotonic);
    bolt.answer(heard, 200);
    expect((await relay.outcome(1)).status).toBe(200);
    expect(await heard.line.over).toBe('');
    other.close();
  });

  it('is still dialled for what waits here until it may be', async () => {
    const id = othersMember();
    const text = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>' }).text;
    relay.door(doorTo(relay.authority, { port: await freePort() }));
    const other = createRoster(relay.bus, { service: 'relay', id: 'relay-2', epoch: 'e' }, {}, monotonic);
    for (let transaction = 1; transaction <= 6; transaction += 1) {
      relay.forward(text, { transaction, member: id });
      expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-unreachable' });
    }
    other.close();
  });
});

describe('a call whose link is lost and that rings over another connection of its member', () => {
  it('is cancelled over the next link', async () => {
    say(2);
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    expect((await relay.outcome(2)).status).toBe(200);
    say(1, 'INVITE');
    const heard = await bolt.hear('INVITE');
    bolt.shutDoor();
    const tarpit = createServer((socket) => socket.on('error', () => undefined).resume());
    await bolt.cutAccepted();
    await new Promise<void>((resolve) => tarpit.listen(bolt.port, '127.0.0.1', resolve));
    await expect.poll(() => relay.metrics()).toMatch(/relay_tries_total\{[^}]*why="redial"[^}]*\} 1\b/);
    relay.arrived('bolt', answer(heard, 180));
    expect((await relay.outcome(1)).status).toBe(180);
    await new Promise((resolve) => tarpit.close(resolve));
    await bolt.listen();
    await expect.poll(() => bolt.accepted().length).toBe(2);
    relay.forward(heard.text.replaceAll('INVITE', 'CANCEL'), { transaction: 1, kind: 'cancel' });
    expect((await bolt.hear('CANCEL')).header('via')).toBe(heard.header('via'));
    relay.arrived('bolt', answer(heard, 487));
    expect((await relay.outcome(1)).status).toBe(487);
    await bolt.hear('ACK');
  });
});

describe('a proxy that leaves the door', () => {
  it('keeps nothing waiting for the end of its rest', async () => {
    relay.door(doorTo(relay.authority, { port: await freePort() }));
    say(1);
    expect((await relay.outcome(1)).code).toBe('member-unreachable');
    say(2);
    relay.door(doorTo(relay.authority, { port: bolt.port }));
    relay.change();
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    expect((await relay.outcome(2)).status).toBe(200);
  });
});

describe('while NATS is away', () => {
  it('an answer is kept, and given again to a forward that comes again', async () => {
    const text = say(1);
    const heard = await bolt.hear('MESSAGE');
    await relay.nats.kill();
    await expect.poll(async () => (await fetch(`http://${relay.relay.admin}/readyz`)).status).toBe(503);
    bolt.answer(heard, 202, { body: 'kept' });
    await relay.nats.revive();
    expect(await relay.outcome(1)).toMatchObject({ kind: 'final', status: 202 });
    relay.forward(text, { transaction: 1, again: true });
    expect((await relay.outcome(1)).text).toContain('kept');
    expect(bolt.unheard()).toEqual([]);
  });
});

/** A response of a member that answers on its own connection. */
function respond(text: string, status: number): string {
  return text.replace(/^[^\r]*/, `SIP/2.0 ${status} OK`);
}

describe('what an ingress was given to write', () => {
  it('is given to it again under the same branch when NATS was away', async () => {
    relay.door({ proxies: [], anchors: [] });
    relay.present(['edge']);
    const text = request({ method: 'MESSAGE', uri: 'sip:eve@edge.example', from: '<sip:a@acme.example>' }).text;
    const answered = request({ method: 'MESSAGE', uri: 'sip:ed@edge.example', from: '<sip:a@acme.example>' }).text;
    relay.forward(answered, { transaction: 1, member: 'edge' });
    relay.arrived('edge', respond((await relay.departed()).text, 200));
    expect((await relay.outcome(1)).status).toBe(200);
    relay.forward(text, { transaction: 2, member: 'edge' });
    const first = await relay.departed();
    await relay.nats.kill();
    await relay.nats.revive();
    const again = await relay.departed();
    expect(again.text).toBe(first.text);
    relay.arrived('edge', respond(again.text, 202));
    expect((await relay.outcome(2)).status).toBe(202);
  });
});

describe('a member that reads nothing', () => {
  it('costs only itself', async () => {
    say(1);
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    await relay.outcome(1);
    heard.line.freeze();
    const body = 'x'.repeat(60_000);
    let transaction = 1;
    const full = new Promise<void>((resolve) => {
      const more = () => {
        for (const last = transaction + 20; transaction < last; ) {
          transaction += 1;
          say(transaction, 'MESSAGE', body);
        }
        const timer = setTimeout(more, 5);
        if (relay.left().some((one) => one.includes('member-queue-full'))) {
          clearTimeout(timer);
          resolve();
        }
      };
      more();
    });
    await full;
    const acme = await startBolt(relay, 'acme');
    const text = request({ method: 'OPTIONS', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>' }).text;
    relay.forward(text, { transaction: 999_999, member: 'acme' });
    acme.answer(await acme.hear('OPTIONS', (message) => message.uri.includes('@')), 200);
    expect((await relay.outcome(999_999)).status).toBe(200);
    await acme.close();
  });
});

describe('bytes from the bus that are none of ours', () => {
  it('are counted and change nothing', async () => {
    for (const subject of [
      subjects.relay('relay-1'),
      subjects.arrived('relay', 'relay-1'),
      subjects.depart('relay', 'relay-1'),
      subjects.present,
      subjects.changed,
    ]) {
      relay.bus.publish(subject, Uint8Array.of(0xff, 0xff, 0xff));
    }
    relay.arrived('bolt', 'no SIP at all');
    relay.forward('no SIP at all', { transaction: 5 });
    expect((await relay.outcome(5)).code).toBe('bad-message');
    say(6);
    const heard = await bolt.hear('MESSAGE');
    relay.arrived('bolt', answer(heard, 200).replace('CSeq: 1 MESSAGE', 'CSeq: 1 INVITE'));
    bolt.answer(heard, 200);
    expect((await relay.outcome(6)).status).toBe(200);
    const metrics = await relay.metrics();
    for (const what of ['forward-batch"', 'stray-response"', 'bad-response"'])
      expect(metrics).toMatch(new RegExp(`relay_dropped_total\\{[^}]*what="${what}[^}]*\\} 1\\b`));
    expect(metrics).toMatch(/relay_dropped_total\{[^}]*what="wire-batch"[^}]*\} 4\b/);
  });
});

describe('a bad start', () => {
  async function fault(changes: object): Promise<Fault> {
    const { url, user, password } = relay.nats;
    const config = configSchema.parse({
      nats: { url, user, password },
      hub: { domain: hubName },
      certificate: { cert: relay.hub.certFile, key: relay.hub.keyFile },
      log: { level: 'silent' },
      ...changes,
    });
    const thrown: unknown = await start(config, new AbortController().signal).catch((error: unknown) => error);
    if (!(thrown instanceof Fault)) throw new Error('it did start, or threw something else');
    return thrown;
  }

  it('names what to do about it', async () => {
    const other = await memberCertificate(relay.authority, 'acme.example');
    const garbage = relay.safe.folder.file('garbage.crt');
    writeFileSync(garbage, 'nothing');
    const { certFile, keyFile } = relay.hub;
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const cases: [changes: object, code: string][] = [
      [{ certificate: { cert: '/nowhere.crt', key: keyFile } }, 'certificate'],
      [{ certificate: { cert: certFile, key: other.keyFile } }, 'certificate'],
      [{ certificate: { cert: garbage, key: keyFile } }, 'certificate'],
      [{ nats: { url: `nats://127.0.0.1:${await freePort()}` } }, 'bus-unreachable'],
      [{ nats: { url: relay.nats.url, user: 'guildhall', password: 'wrong' } }, 'bus-authorization'],
      [{ admin: { host: '127.0.0.1', port } }, 'port-taken'],
    ];
    for (const [changes, code] of cases) {
      const { code: given, cure } = await fault(changes);
      expect(given).toBe(code);
      expect(cure.length).toBeGreaterThan(10);
    }
    taken.close();
  });
});
