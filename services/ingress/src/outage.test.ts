import { ownerOf } from '@guildhall/chassis/rendezvous';
import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStage, type Stage, until } from './hub.stage.js';
import type { FakeMember } from './member.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage;
let acme: FakeMember;
beforeEach(async () => {
  stage = await openStage(process.env, { timeouts: { final: '2s', timerC: '2s', ask: '300ms', verdictFresh: '100ms' } });
  acme = await stage.member('acme');
});
afterEach(() => stage.close());

const answered = async (text: string): Promise<string> => {
  acme.send(text);
  return (await acme.next()).split('\r\n\r\n', 1)[0] ?? '';
};

describe('when something is lost', () => {
  it('a member that does not answer costs its sender one 504, and an INVITE is cancelled', async () => {
    expect(await answered(sip())).toMatch(/^SIP\/2.0 504 .*no-answer: bolt did not answer within 2 s/s);
    expect(await answered(sip({ method: 'INVITE', branch: 'z9hG4bKsilent' }))).toMatch(/^SIP\/2.0 100/);
    expect(await acme.next()).toMatch(/^SIP\/2.0 504/);
    await until('it is cancelled', () => stage.relay.forwards.some((one) => one.kind === ForwardKind.CANCEL));
    const [invite, cancel] = stage.relay.forwards.slice(-2);
    expect(cancel?.transaction).toBe(invite?.transaction);
    expect(cancel?.text).toMatch(/^CANCEL sip:bob@bolt.example SIP\/2.0\r\n/);
    // Too late: the callee picked up after all.
    if (invite !== undefined) stage.relay.answer(invite, 200, 'OK');
    await until('it is dropped', async () => (await stage.metric('guildhall_ingress_dropped_total', 'stray-outcome')) === 1);
    expect(acme.rest()).toEqual([]);
  });

  it('policy: what was decided stays decided, what is new is 503', async () => {
    stage.relay.onForward = (forward) => stage.relay.answer(forward, 200, 'OK');
    expect(await answered(sip())).toMatch(/^SIP\/2.0 200/);
    await stage.policy.close();
    for (let i = 0; i < 5; i += 1) expect(await answered(sip())).toMatch(/^SIP\/2.0 200/);
    expect(await answered(sip({ method: 'INFO' }))).toMatch(/^SIP\/2.0 503 .*hub-unavailable.*Retry-After: \d/s);
    const another = await stage.member('acme');
    another.end();
  });

  it('a relay: its unanswered requests go to another under the same id, and without any it is 503', async () => {
    acme.send(sip({ callId: 'orphan@acme.example' }));
    await until('it is forwarded', () => stage.relay.forwards.length === 1);
    const second = await stage.anotherRelay('relay-2');
    second.onForward = (forward) => second.answer(forward, 202, 'Accepted');
    await stage.relay.die();
    expect(await acme.next()).toMatch(/^SIP\/2.0 (202|504)/);
    const [before, after] = [stage.relay.forwards[0], second.forwards[0]];
    expect(after).toMatchObject({ transaction: before?.transaction, text: before?.text, loop: before?.loop, member: 'bolt' });
    await second.die();
    await until('nobody is there', async () => (await stage.readyz()).reasons.includes('no relay is there'));
    expect(await answered(sip())).toMatch(/^SIP\/2.0 503 .*hub-unavailable/s);
  });

  it('a relay that nobody has missed yet: the first forward that finds it gone is told so, and goes to another', async () => {
    const relays = new Map([
      ['relay-1', stage.relay],
      ['relay-2', await stage.anotherRelay('relay-2')],
    ]);
    const owner = ownerOf('bolt', [...relays.keys()]) ?? '';
    const [gone, other] = [relays.get(owner), [...relays].find(([id]) => id !== owner)?.[1]];
    if (gone === undefined || other === undefined) throw new Error('there are two relays');
    for (const relay of [gone, other]) relay.onForward = (forward) => relay.answer(forward, relay === gone ? 200 : 202, 'OK');
    await until('both are known', async () => (await answered(sip())).startsWith('SIP/2.0 200'));
    const [before, others] = [gone.forwards.length, other.forwards.length];
    await gone.deafen();
    for (let i = 0; i < 3; i += 1) expect(await answered(sip())).toMatch(/^SIP\/2.0 202/);
    expect([gone.forwards.length - before, other.forwards.length - others]).toEqual([0, 3]);
    expect(await stage.metric('guildhall_ingress_forwards_total', 'again')).toBeGreaterThan(0);
  });

  it('NATS: 503 at once while it is away, all by itself again when it is back, and nothing unanswered is forgotten', async () => {
    acme.send(sip());
    await until('it is forwarded', () => stage.relay.forwards.length === 1);
    await stage.nats.kill();
    await until('it is noticed', async () => (await stage.readyz()).reasons.includes('NATS is not connected'));
    expect(await answered(sip({ method: 'INFO' }))).toMatch(/^SIP\/2.0 503 .*hub-unavailable/s);
    stage.relay.onForward = (forward) => stage.relay.answer(forward, 200, 'OK');
    await stage.nats.start();
    expect(await acme.next()).toMatch(/^SIP\/2.0 (200|504)/);
    await until('it is ready', async () => (await stage.readyz()).ok);
    expect(await answered(sip())).toMatch(/^SIP\/2.0 200/);
  });

  it('NATS, and the only relay is back later than others: what came meanwhile waits for it, whoever asked for it first', async () => {
    const patient = await openStage(process.env, { timeouts: { bus: '10s' } });
    try {
      const sender = await patient.member('acme');
      patient.relay.onForward = (forward) => patient.relay.answer(forward, 200, 'OK');
      sender.send(sip());
      expect(await sender.next()).toMatch(/^SIP\/2.0 200/);
      await patient.nats.kill();
      await until('it is noticed', async () => (await patient.readyz()).reasons.includes('NATS is not connected'));
      await patient.relay.die();
      sender.send(sip());
      sender.send(sip({ method: 'INFO' }));
      await until('both are in', async () => (await patient.metric('guildhall_ingress_requests_total', 'INFO')) === 1);
      await patient.nats.start();
      await until('the new one is asked about', () => patient.policy.asks.some(({ method }) => method === 'INFO'));
      await until('nobody heard the known one', async () => (await patient.metric('guildhall_bus_failures_total', 'unheard')) > 0);
      sender.send(sip());
      const relay = await patient.anotherRelay('relay-1');
      relay.onForward = (forward) => relay.answer(forward, 202, 'Accepted');
      for (let count = 0; count < 3; count += 1) expect(await sender.next()).toMatch(/^SIP\/2.0 202/);
      expect(sender.rest()).toEqual([]);
    } finally {
      await patient.close();
    }
  });
});
