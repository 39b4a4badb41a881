import {
  Ask,
  Changed,
  Door,
  DoorRequest,
  TrustPage,
  TrustRequest,
  Verdict,
  VerdictAction,
} from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { Presence, WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { subjects } from '@guildhall/proto/subjects';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Intruder, intrude } from '../stage/bus.js';
import { exchange, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { bytes, rubbish } from '../stage/rubbish.js';

describe.each(topologies)('somebody who has a password of the bus, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: { dialsOnly: true } } });
  let intruder: Intruder;
  beforeAll(async () => {
    intruder = await intrude(hub());
  });
  afterAll(() => intruder?.close());

  /** Every subject there is, with the ids of this hub. */
  const everySubject = () => [
    ...Object.values(subjects).flatMap((subject) => (typeof subject === 'string' && !subject.includes('*') ? [subject] : [])),
    ...hub().relays.flatMap(({ id }) => [
      subjects.relay(id),
      subjects.arrived('relay', id),
      subjects.depart('relay', id),
      subjects.hello('relay', id),
    ]),
    ...hub().ingresses.flatMap(({ id }) => [
      subjects.ingress(id),
      subjects.arrived('ingress', id),
      subjects.depart('ingress', id),
      subjects.hello('ingress', id),
    ]),
    ...hub().policies.map(({ id }) => subjects.hello('policy', id)),
    subjects.hello('stranger', 'one'),
  ];
  const all = async () => {
    await exchange(actor('acme'), actor('bolt'));
    await exchange(actor('bolt'), actor('crow'));
    await exchange(actor('crow'), actor('acme'));
    expect(await refusal(actor('acme'), actor('acme').request('MESSAGE', 'sip:x@nobody.test'))).toBe('404 unknown-domain');
  };
  /** The incarnation of a service's instance, as it says itself. */
  const epochOf = async (service: string, id: string): Promise<string> => {
    const heard = await intruder.overhear(subjects.hello(service, id));
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), 30_000);
    return Hello.decode(heard[0]?.data ?? bytes()).epoch;
  };

  it.each(rubbish)(
    'says %s on every subject, with and without asking for an answer: everybody stays, and the right answers come',
    async (_name, payload) => {
      for (const subject of everySubject()) {
        await intruder.say(subject, payload);
        await intruder.say(subject, payload, subjects.ask);
        await intruder.say(subject, payload, subjects.changed);
      }
      await all();
    },
  );

  it('and all that is counted', async () => {
    expect(await hub().counted('ingress', 'guildhall_ingress_dropped_total', { kind: 'broken-batch' })).toBeGreaterThan(10);
    expect(await hub().counted('relay', 'guildhall_relay_dropped_total', { what: 'forward-batch' })).toBeGreaterThan(10);
    expect(await hub().counted('relay', 'guildhall_relay_dropped_total', { what: 'wire-batch' })).toBeGreaterThan(10);
    expect(await hub().counted('policy', 'guildhall_policy_questions_total', { result: 'malformed' })).toBeGreaterThan(10);
    for (const service of ['ingress', 'relay', 'policy'] as const)
      expect(await hub().counted(service, 'guildhall_roster_hellos_dropped_total', { why: 'malformed' })).toBeGreaterThan(10);
  });

  it('asks about ids there are not, of odd shapes and lengths: refusals, shut doors, empty pages', async () => {
    for (const id of ['', 'nobody', '__proto__', 'acme.example', '*', '>', 'a b', 'é', 'a'.repeat(100_000)]) {
      const door = await intruder.ask(subjects.door, DoorRequest.encode({ member: id }).finish(), 2000);
      expect(Door.decode(door ?? bytes()).open).toBe(false);
      const target = { $case: 'toDomain' as const, value: id };
      const ask = Ask.encode({ peer: id, fromDomain: id, target, method: id, event: id }).finish();
      expect(Verdict.decode((await intruder.ask(subjects.ask, ask, 2000)) ?? bytes()).action).toBe(VerdictAction.REFUSE);
      const page = await intruder.ask(subjects.trust, TrustRequest.encode({ members: [id], after: '\uffff' }).finish(), 2000);
      expect(TrustPage.decode(page ?? bytes()).members.flatMap((member) => member.names)).toEqual([]);
    }
    const crowded = TrustRequest.encode({ members: Array.from({ length: 50_000 }, (_one, index) => `m${index}`), after: '' }).finish();
    await intruder.ask(subjects.trust, crowded, 5000);
    await all();
  });

  it('says what it overheard once more: no sender hears a thing, and a receiver at most the same request under the same branch', async () => {
    const heard = await intruder.overhear('gh.v1.>');
    const { request, said } = await exchange(actor('acme'), actor('bolt'));
    await vi.waitFor(() => expect(heard.some(({ subject }) => subject.startsWith('gh.v1.ingress.'))).toBe(true), 30_000);
    const batches = heard.filter(({ subject }) => /^gh\.v1\.(relay|ingress|arrived|depart)\./.test(subject));
    expect(batches.length).toBeGreaterThanOrEqual(2);
    for (const { subject, data } of batches) for (let time = 0; time < 20; time += 1) await intruder.say(subject, data);
    await all();
    // A proxy that saw it knows the branch, and absorbs it (RFC 3261 17.2.3).
    for (const again of actor('bolt').unheard()) expect(again).toContain(said.callId);
    while (actor('bolt').unheard().length > 0) {
      expect((await actor('bolt').hear('MESSAGE')).header('via')).toBe(request.header('via'));
    }
    expect(actor('acme').unheard()).toEqual([]);
  });

  it('answers what nobody asked, for the right incarnation and the wrong: dropped and counted', async () => {
    const [ingress] = hub().ingresses;
    if (ingress === undefined) throw new Error('no ingress');
    const epoch = await epochOf('ingress', ingress.id);
    const answer = Buffer.from('SIP/2.0 200 OK\r\nVia: x\r\n\r\n', 'latin1');
    const before = await hub().counted('ingress', 'guildhall_ingress_dropped_total', { kind: 'stray-outcome' });
    for (const lives of [epoch, 'another', '', epoch.toUpperCase()]) {
      for (const transaction of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
        const columns = { kind: [OutcomeKind.FINAL], transaction: [transaction], status: [200], reason: [0], length: [answer.length] };
        await intruder.say(
          subjects.ingress(ingress.id),
          OutcomeBatch.encode(OutcomeBatch.fromPartial({ relay: 'x', epoch: lives, ...columns, wire: answer })).finish(),
        );
      }
    }
    await all();
    await vi.waitFor(async () => {
      expect(await hub().counted('ingress', 'guildhall_ingress_dropped_total', { kind: 'stray-outcome' })).toBeGreaterThanOrEqual(
        before + 12,
      );
    }, 30_000);
  });

  it('hands over columns that do not fit, tables that lead nowhere and a batch of five thousand that are no SIP: refused as a whole, or each entry by itself', async () => {
    const [relay] = hub().relays;
    if (relay === undefined) throw new Error('no relay');
    const one = actor('acme').request('MESSAGE', 'sip:bob@bolt.example');
    const wire = Buffer.from(one.text, 'latin1');
    const good = {
      ingress: 'nowhere',
      epoch: 'e',
      members: ['bolt'],
      sources: ['127.0.0.1:1'],
      kind: [ForwardKind.REQUEST],
      transaction: [1],
      member: [0],
      recordRoute: [0],
      source: [0],
      loop: [0],
      wait: [1000],
      length: [wire.length],
      wire,
    };
    const spoilt: readonly Partial<ForwardBatch>[] = [
      { ingress: 'a.b' },
      { ingress: '>' },
      { ingress: '' },
      { epoch: '' },
      { epoch: 'x'.repeat(33) },
      { members: [] },
      { members: ['*'] },
      { member: [1] },
      { member: [2 ** 32 - 1] },
      { source: [1] },
      { sources: ['\r\nX: y'] },
      { recordRoute: [1] },
      { recordRoute: [1], recordRoutes: ['<sip:x>\r\nX-Smuggled: yes'] },
      { length: [wire.length - 1] },
      { length: [2 ** 32 - 1] },
      { length: [0] },
      { kind: [] },
      { kind: [ForwardKind.UNSPECIFIED] },
      { transaction: [] },
      { wait: [] },
    ];
    for (const part of spoilt)
      await intruder.say(subjects.relay(relay.id), ForwardBatch.encode(ForwardBatch.fromPartial({ ...good, ...part })).finish());
    const many = 5_000;
    const full = <T>(value: T): T[] => Array.from({ length: many }, () => value);
    const largest = {
      ...good,
      kind: full(ForwardKind.REQUEST),
      transaction: Array.from({ length: many }, (_one, index) => index),
      member: full(0),
      recordRoute: full(0),
      source: full(0),
      loop: full(0),
      wait: full(2 ** 28 - 1),
      length: full(1),
      wire: Buffer.alloc(many, 'x'),
    };
    await intruder.say(subjects.relay(relay.id), ForwardBatch.encode(ForwardBatch.fromPartial(largest)).finish());
    await all();
    expect(await hub().counted('relay', 'guildhall_relay_transactions')).toBeLessThan(100);
  });

  it('tells of wires, members and presence that are not: nobody is written to, nobody is asked in vain', async () => {
    const [ingress] = hub().ingresses;
    const [relay] = hub().relays;
    if (ingress === undefined || relay === undefined) throw new Error('nobody there');
    const answer = Buffer.from('SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS x;branch=z9hG4bKnone\r\nContent-Length: 0\r\n\r\n', 'latin1');
    const request = Buffer.from(actor('acme').request('MESSAGE', 'sip:bob@bolt.example', { from: '<sip:x@nobody.test>' }).text, 'latin1');
    const batch = (service: string, id: string, member: string, wireId: string, wire: Buffer) =>
      WireBatch.encode({
        service,
        id,
        epoch: 'e',
        wires: [wireId],
        members: [member],
        sources: ['1.2.3.4:5'],
        wireIndex: [0],
        length: [wire.length],
        wire,
      }).finish();
    for (const member of ['nobody', 'acme', '__proto__', '']) {
      for (const wireId of ['c999999', '__proto__', '', 'x'.repeat(500)]) {
        await intruder.say(
          subjects.depart('ingress', ingress.id),
          batch('relay', relay.id, member === 'acme' ? 'nobody' : member, wireId, answer),
        );
        await intruder.say(subjects.depart('relay', relay.id), batch('ingress', ingress.id, member, wireId, answer));
        await intruder.say(subjects.arrived('relay', relay.id), batch('ingress', ingress.id, member, wireId, answer));
        await intruder.say(subjects.arrived('ingress', ingress.id), batch('relay', relay.id, member, wireId, request));
        await intruder.say(subjects.arrived('ingress', ingress.id), batch('relay', 'a.b.>', member, wireId, request));
      }
    }
    for (let index = 0; index < 300; index += 1) {
      const told = { ingress: `ghost-${index}`, epoch: 'e', full: true, connected: ['bolt', 'crow'], left: [] };
      await intruder.say(subjects.present, Presence.encode(told).finish());
    }
    await all();
  });

  it('announces changes of no version, of the highest and of everybody: the membership stays what it is, and later ones are learned', async () => {
    for (const version of [0n, 2n ** 64n - 1n]) {
      for (const all of [true, false]) {
        await intruder.say(
          subjects.changed,
          Changed.encode({ version, members: ['acme', 'nobody', '*'], all, revocations: version }).finish(),
        );
      }
    }
    await all();
  });

  it('says hello as somebody else’s service: only what a subject names is believed', async () => {
    const hello = (service: string, id: string) => Hello.encode(Hello.fromPartial({ service, id, epoch: 'evil' })).finish();
    const again = () => hub().counted('ingress', 'guildhall_ingress_forwards_total', { kind: 'again' });
    const before = await again();
    for (let index = 0; index < 50; index += 1) {
      await intruder.say(subjects.hello('ingress', `x-${index}`), hello('relay', `ghost-${index}`));
      await intruder.say(subjects.hello('stranger', `x-${index}`), hello('relay', `specter-${index}`));
    }
    for (let time = 0; time < 20; time += 1) await all();
    // Nothing was handed to a ghost, and so nothing had to be handed over from one.
    expect(await again()).toBe(before);
    expect(await hub().counted('relay', 'guildhall_roster_hellos_dropped_total', { why: 'foreign' })).toBeGreaterThanOrEqual(50);
  });

  it('says hello as two thousand relays that are not there, and falls silent: within two seconds everything is as before', async () => {
    for (let index = 0; index < 2_000; index += 1) {
      await intruder.say(
        subjects.hello('relay', `flood-${index}`),
        Hello.encode(Hello.fromPartial({ service: 'relay', id: `flood-${index}`, epoch: 'evil' })).finish(),
      );
    }
    await vi.waitFor(all, 30_000);
  }, 40_000);
});
