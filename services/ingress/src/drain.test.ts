import { connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import { RecordBatch } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { Presence } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, describe, expect, it } from 'vitest';
import { openStage, type Stage, until } from './hub.stage.js';
import { response } from './neighbours.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});
const edge = { from: '<sip:e@edge.example>;tag=1' };

/** Sends until it is told that nothing new is taken. */
async function refused(member: Awaited<ReturnType<Stage['member']>>): Promise<void> {
  const told = member.next();
  const sending = setInterval(() => member.send(sip()), 50);
  try {
    expect(await told).toMatch(/^SIP\/2.0 503 .*hub-draining/s);
  } finally {
    clearInterval(sending);
  }
}

describe('an ingress that is told to go', () => {
  it('lets idle connections go, serves busy ones for a while, then takes nothing new, and answers what it has', async () => {
    stage = await openStage(process.env, { drain: '5s' });
    const [busy, idle] = [await stage.member('acme'), await stage.member('bolt')];
    busy.send(sip());
    await until('it is forwarded', () => stage?.relay.forwards.length === 1);
    const over = stage.drain();
    await idle.closed();
    busy.send(sip());
    await until('what is new is forwarded, too', () => stage?.relay.forwards.length === 2);
    await expect(stage.member('acme')).rejects.toThrow();
    await refused(busy);
    for (const forward of stage.relay.forwards) stage.relay.answer(forward, 200, 'OK');
    for (let left = stage.relay.forwards.length; left > 0; ) {
      const answer = await busy.next();
      expect(answer).toMatch(/^SIP\/2.0 (200|503)/);
      if (answer.startsWith('SIP/2.0 200')) left -= 1;
    }
    await Promise.all([busy.closed(), over]);
    expect(busy.socket.errored).toBeNull();
  });

  it('hands over its last records before it ends', async () => {
    stage = await openStage(process.env, { records: { interval: '10s' } });
    const batches: number[] = [];
    const bus = await connectBus({ url: stage.nats.url }, 'records', createLogger('test', 'test', { level: 'silent', pretty: false }));
    bus.subscribe(subjects.records('ingress-1'), (payload) => {
      batches.push(RecordBatch.decode(payload).kind.length);
    });
    await bus.settled();
    stage.relay.onForward = (forward) => stage?.relay.answer(forward, 200, 'OK');
    const acme = await stage.member('acme');
    acme.send(sip());
    expect(await acme.next()).toMatch(/^SIP\/2.0 200/);
    expect(batches).toEqual([]);
    await stage.drain();
    await bus.settled();
    expect(batches[0]).toBe(1);
    await bus.close();
  });

  it('keeps the connection of a member that relays wait for, and sends back what they ask later, until that is answered', async () => {
    stage = await openStage(process.env, { drain: '10s' });
    const { relay } = stage;
    const [edge, idle] = [await stage.member('edge'), await stage.member('acme')];
    await until('the relay knows', () => relay.presences.some((one) => one.connected.includes('edge')));
    const request = sip({ uri: 'sip:e@edge.example' });
    relay.depart('ingress-1', '', 'edge', request);
    expect(await edge.next()).toBe(request);
    const over = stage.drain();
    await idle.closed();
    const asking = setInterval(() => relay.depart('ingress-1', '', 'edge', request.replace('MESSAGE sip:', 'OPTIONS sip:')), 50);
    await until('something is sent back', () => relay.arrived.some((one) => one.text.startsWith('SIP/2.0 503')));
    clearInterval(asking);
    const asked = edge.rest().length + 1;
    for (let left = asked; left > 0; left -= 1) edge.send(response(request, 200, 'OK'));
    await until('each answer passes', () => relay.arrived.filter((one) => one.text.startsWith('SIP/2.0 200')).length === asked);
    await Promise.all([edge.closed(), over]);
  });

  it('gives up on what does not end', async () => {
    stage = await openStage(process.env, { drain: '300ms' });
    const acme = await stage.member('acme');
    acme.send(sip());
    await until('it is forwarded', () => stage?.relay.forwards.length === 1);
    await stage.drain();
    await acme.closed();
  });
});

describe('a connection that is reused (RFC 5923)', () => {
  it('carries requests to a member that only dials out, and its responses to the relay', async () => {
    stage = await openStage(process.env);
    const { relay } = stage;
    const member = await stage.member('edge');
    await until('the relay knows', () => relay.presences.some((one) => one.connected.includes('edge')));
    expect(relay.presences.flatMap((one) => one.connected)).not.toContain('acme');
    const request = sip({ uri: 'sip:e@edge.example' });
    relay.depart('ingress-1', '', 'edge', request);
    expect(await member.next()).toBe(request);
    member.send(response(request, 200, 'OK'));
    await until('the response is handed on', () => relay.arrived.length === 1);
    expect(relay.arrived[0]).toMatchObject({ member: 'edge', text: response(request, 200, 'OK') });
    member.send(response(request, 200, 'OK').replace('Content-Length', 'no header field\r\nContent-Length'));
    await until('a response that must not pass is told of', () => relay.arrived.length === 2);
    expect(relay.arrived[1]?.text).toMatch(/^SIP\/2.0 502 Bad Gateway\r\n.*text="bad-gateway: /s);
    member.end();
    await until('the relay knows that it left', () => relay.presences.some((one) => one.left.includes('edge')));
    // A relay that comes later learns everything at once.
    const again = await stage.member('edge');
    const late = await stage.anotherRelay('relay-2');
    await until('the late relay knows', () => late.presences.some((one: Presence) => one.full && one.connected.includes('edge')));
    again.end();
  });

  it('that ends while another of its member stands is told to the relays, where something of theirs was written to it', async () => {
    stage = await openStage(process.env);
    const { relay } = stage;
    const told = () => relay.presences.filter((one) => !one.full && one.connected.includes('edge')).length;
    const first = await stage.member('edge');
    await until('the relay knows', () => told() === 1);
    const second = await stage.member('edge');
    const third = await stage.member('edge');
    third.end();
    const request = sip({ uri: 'sip:e@edge.example' });
    relay.depart('ingress-1', '', 'edge', request);
    expect(await first.next()).toBe(request);
    first.end();
    await until('the relay knows that one is lost', () => told() === 2);
    expect(relay.presences.flatMap((one) => one.left)).toEqual([]);
    relay.depart('ingress-1', '', 'edge', request);
    expect(await second.next()).toBe(request);
  });

  it('that can no longer be understood is none that relays could use, though it is still given its own answers', async () => {
    stage = await openStage(process.env);
    const { relay } = stage;
    const member = await stage.member('edge');
    await until('the relay knows', () => relay.presences.some((one) => one.connected.includes('edge')));
    member.send(sip(edge));
    await until('it is forwarded', () => relay.forwards.length === 1);
    member.send('SIP/2.0 200 OK\r\nContent-Length: many\r\n\r\n');
    await until('the relay knows that nothing comes of it', () => relay.presences.some((one) => one.left.includes('edge')));
    for (const forward of relay.forwards) relay.answer(forward, 202, 'Accepted');
    expect(await member.next()).toMatch(/^SIP\/2.0 202/);
    await member.closed();
  });

  it('carries requests of a member that the hub dialled, and their answers back to that link', async () => {
    stage = await openStage(process.env);
    const { relay } = stage;
    relay.onForward = (forward) => relay.answer(forward, 200, 'OK');
    relay.request('ingress-1', 'link-7', 'edge', sip(edge));
    relay.request('ingress-1', 'link-7', 'edge', sip());
    await until('both are answered', () => relay.departed.length === 2);
    const texts = relay.departed.map((one) => `${one.wire} ${one.member} ${one.text.split('\r\n', 1)[0]}`);
    expect(new Set(texts)).toEqual(new Set(['link-7 edge SIP/2.0 200 OK', 'link-7 edge SIP/2.0 403 Forbidden']));
    expect(relay.forwards.map((one) => [one.member, one.source])).toEqual([['bolt', '192.0.2.9:5061']]);
  });
});

describe('what is for a link of a relay that is not heard for a while', () => {
  it('is told it once more when it is heard again', async () => {
    stage = await openStage(process.env);
    const { relay: owner } = stage;
    // The one that does not own the member asked for.
    const names = Array.from({ length: 20 }, (_, index) => `relay-a${index}`);
    const id = names.find((one) => ownerOf('bolt', ['relay-1', one]) === 'relay-1') ?? '';
    const other = await stage.anotherRelay(id);
    const told = () => owner.presences.filter((one) => one.full).length;
    await until('the other is known', () => told() > 0 && other.presences.some((one) => one.full));
    other.request('ingress-1', 'link-7', 'edge', sip(edge));
    await until('it is forwarded', () => owner.forwards.length === 1);
    const before = told();
    await other.die();
    await until('the ingress knows that the other is gone', () => told() > before);
    for (const forward of owner.forwards) owner.answer(forward, 200, 'OK');
    const after = told();
    const again = await stage.anotherRelay(id);
    await until('the ingress knows that it is back', () => told() > after);
    await until('it has the answer', () => again.departed.length === 1);
    expect(again.departed[0]).toMatchObject({ wire: 'link-7', member: 'edge', text: expect.stringMatching(/^SIP\/2.0 200 /) });
  });
});
