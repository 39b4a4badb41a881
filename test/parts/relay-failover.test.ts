import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../stage/certificates.js';
import { badCertificates, memberCertificate } from '../stage/identities.js';
import { type Member, startMember } from '../stage/member.js';
import { freePort } from '../stage/port.js';
import { request } from '../stage/speech.js';
import { doorTo, hubName, type Neighbours, startRelay } from './relay-neighbours.js';

const domain = 'bolt.example';
const bob = `sip:bob@${domain}`;

let relay: Neighbours;
let good: Identity;
let proxies: Member[] = [];
let next = 0;

/** Every story has a member of its own, so that no story meets another's links. */
let member = '';

function say(method: string): { text: string; handed: { transaction: number; member: string } } {
  next += 1;
  const text = request({ method, uri: bob, from: '<sip:alice@acme.example>;tag=a', callId: `call-${next}` }).text;
  return { text, handed: { transaction: next, member } };
}

function forward(method: string, wait?: number): number {
  const { text, handed } = say(method);
  relay.forward(text, wait === undefined ? handed : { ...handed, wait });
  return handed.transaction;
}

async function proxy(identity: Identity = good, id = 'proxy'): Promise<Member> {
  const started = await startMember({ id, domain, identity, authority: relay.authority, hubName });
  proxies.push(started);
  return started;
}

/** Opens the door of a fresh member to these ports, in order of priority. */
function open(...ports: number[]): void {
  member = `bolt-${next}`;
  relay.door(doorTo(relay.authority, ...ports.map((port, index) => ({ port, priority: index }))));
}

beforeAll(async () => {
  relay = await startRelay({
    timeouts: { connect: 1000, reconnect: 500, probe: 500, dead: 1000, attempt: 400, backoffFirst: 3000, backoffMost: 3000 },
    limits: { queue: 3 },
  });
  good = await memberCertificate(relay.authority, domain);
});
afterAll(() => relay.close());
afterEach(async () => {
  for (const one of proxies) expect(one.unheard()).toEqual([]);
  expect(relay.left()).toEqual([]);
  for (const one of proxies) await one.close();
  proxies = [];
});

describe('a proxy that is not who it should be', () => {
  it.each([
    'name-of-no-member',
    'expired',
    'not-yet-valid',
    'wildcard-name',
    'common-name-only',
    'weak-key',
    'untrusted-authority',
  ] as const)('with a certificate that is %s hears nothing', async (flaw) => {
    const impostor = await proxy(await badCertificates[flaw](relay.authority, domain, relay.safe));
    open(impostor.port);
    const transaction = forward('MESSAGE');
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'gone', code: 'member-untrusted' });
  });

  it('with another member’s good certificate neither, and the next one is asked', async () => {
    const [impostor, second] = [await proxy(await memberCertificate(relay.authority, 'acme.example')), await proxy()];
    open(impostor.port);
    expect((await relay.outcome(forward('MESSAGE'))).code).toBe('member-untrusted');
    open(impostor.port, second.port);
    const transaction = forward('MESSAGE');
    second.answer(await second.hear('MESSAGE'), 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('is accepted by its pin, whatever authority signed it', async () => {
    const own = await (await relay.safe.authority('own')).issue({ name: 'self', dns: ['elsewhere.example'] });
    const pinned = await proxy(own);
    open(pinned.port);
    relay.door({ ...doorTo(relay.authority, { port: pinned.port }), pins: [own.pin] });
    const transaction = forward('MESSAGE');
    pinned.answer(await pinned.hear('MESSAGE'), 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });
});

describe('no proxy that answers', () => {
  it('is unreachable when all refuse, and then fails fast while they rest', async () => {
    open(await freePort(), await freePort());
    expect(await relay.outcome(forward('MESSAGE'))).toMatchObject({
      code: 'member-unreachable',
      sentence: `no proxy of ${member} could be reached`,
    });
    expect((await relay.outcome(forward('INVITE'))).code).toBe('member-unreachable');
  });

  it('is overloaded when all answer 503, which never reaches the sender', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    first.answer(heard, 503, { headers: ['Retry-After: 30'] });
    const again = await second.hear('MESSAGE');
    expect(again.header('via')).toBe(`${heard.header('via')}.1`);
    expect(again.header('call-id')).toBe(heard.header('call-id'));
    second.answer(again, 503);
    expect((await relay.outcome(transaction)).code).toBe('member-overloaded');
  });

  it('is nobody for a member that only dials out and is not connected', async () => {
    open();
    expect(await relay.outcome(forward('MESSAGE'))).toMatchObject({
      code: 'member-unreachable',
      sentence: `${member} has no connection to the hub at the moment`,
    });
  });
});

describe('the next proxy', () => {
  it('takes over from one that refuses, under the same branch, for nothing was sent', async () => {
    const second = await proxy();
    open(await freePort(), second.port);
    const transaction = forward('MESSAGE');
    const heard = await second.hear('MESSAGE');
    expect(heard.header('via')).toMatch(/branch=z9hG4bKe1\.[0-9a-z]+\.7$/);
    second.answer(heard, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('takes over an INVITE after a 503, which is acknowledged', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('INVITE');
    const heard = await first.hear('INVITE');
    first.answer(heard, 100);
    first.answer(heard, 503);
    expect((await first.hear('ACK')).header('via')).toBe(heard.header('via'));
    const again = await second.hear('INVITE');
    expect(again.header('via')).toBe(`${heard.header('via')}.1`);
    second.answer(again, 486);
    expect((await second.hear('ACK')).header('via')).toBe(again.header('via'));
    expect((await relay.outcome(transaction)).status).toBe(486);
  });

  it('takes over from one that says nothing, and a late ring of that one is called off (RFC 3263 4.3, RFC 3261 16.7 step 10)', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('INVITE');
    const heard = await first.hear('INVITE');
    const again = await second.hear('INVITE');
    first.answer(heard, 180);
    const cancel = await first.hear('CANCEL');
    expect(cancel.headers('via')).toEqual([heard.header('via')]);
    first.answer(cancel, 200);
    first.answer(heard, 487);
    await first.hear('ACK');
    second.answer(again, 200);
    expect(await relay.outcome(transaction)).toMatchObject({ kind: 'final', status: 200 });
  });

  it('is asked in vain when the first answers after all: the first final counts', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    const again = await second.hear('MESSAGE');
    first.answer(heard, 503);
    first.answer(heard, 202);
    expect((await relay.outcome(transaction)).status).toBe(202);
    second.answer(again, 200);
  });

  it('is not asked for what the first has begun', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('INVITE');
    first.answer(await first.hear('INVITE'), 180);
    expect((await relay.outcome(transaction)).status).toBe(180);
    first.shutDoor();
    await first.cutAccepted();
    expect((await relay.outcome(transaction)).code).toBe('member-unreachable');
  });
});

describe('a link that dies', () => {
  it('is redialled, and what it carried is written again under the same branch (RFC 3261 17.2.3)', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const earlier = forward('MESSAGE');
    first.answer(await first.hear('MESSAGE'), 200);
    await relay.outcome(earlier);
    const transaction = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    await first.cutAccepted();
    const again = await first.hear('MESSAGE');
    expect(again.text).toBe(heard.text);
    first.answer(again, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('and cannot be redialled hands what it carried to the next proxy', async () => {
    const [first, second] = [await proxy(), await proxy()];
    open(first.port, second.port);
    const transaction = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    first.shutDoor();
    await first.cutAccepted();
    const again = await second.hear('MESSAGE');
    expect(again.header('via')).toBe(`${heard.header('via')}.1`);
    second.answer(again, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('without a word is noticed by its silence', async () => {
    const first = await proxy();
    open(first.port);
    const earlier = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    first.answer(heard, 200);
    await relay.outcome(earlier);
    heard.line.freeze();
    const transaction = forward('MESSAGE');
    const again = await first.hear('MESSAGE');
    expect(again.line).not.toBe(heard.line);
    first.answer(again, 200);
    expect((await relay.outcome(transaction)).status).toBe(200);
  });

  it('because what came in was no SIP, and is left alone for a while', async () => {
    const first = await proxy();
    open(first.port);
    const transaction = forward('MESSAGE');
    const heard = await first.hear('MESSAGE');
    heard.line.say('SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: many\r\n\r\n');
    expect((await relay.outcome(transaction)).code).toBe('member-unreachable');
    expect((await relay.outcome(forward('MESSAGE'))).code).toBe('member-unreachable');
  });
});

describe('bounds', () => {
  it('refuse what is too much to wait for a member that does not come up', async () => {
    const tarpit = createServer((socket) => socket.on('error', () => undefined));
    const port = await freePort();
    await new Promise<void>((resolve) => tarpit.listen(port, '127.0.0.1', resolve));
    open(port);
    const held = [forward('MESSAGE'), forward('MESSAGE'), forward('MESSAGE')];
    expect((await relay.outcome(forward('MESSAGE'))).code).toBe('member-queue-full');
    for (const transaction of held) expect((await relay.outcome(transaction)).code).toBe('member-unreachable');
    tarpit.close();
  });

  it('end what nobody answers, and call off what rings, without a word to the ingress', async () => {
    const first = await proxy();
    open(first.port);
    const silent = forward('MESSAGE', 100);
    await first.hear('MESSAGE');
    const rings = forward('INVITE', 100);
    const heard = await first.hear('INVITE');
    first.answer(heard, 100);
    first.answer(await first.hear('CANCEL'), 200);
    first.answer(heard, 487);
    await first.hear('ACK');
    expect((await relay.outcome(rings)).status).toBe(487);
    expect(silent).toBeGreaterThan(0);
    await expect
      .poll(async () => /guildhall_relay_tries_total\{[^}]*why="deadline"[^}]*\} (\d+)/.exec(await relay.metrics())?.[1])
      .toBe('2');
  });
});
