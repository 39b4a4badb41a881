import type { Job } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { describe, expect, it } from 'vitest';
import { createAnswers } from './answers.js';
import { createBusWires } from './bus-wires.js';
import { createCounts } from './counts.js';
import { noRecords } from './records.js';
import { createRelayWires } from './relay-wires.js';
import { sip } from './sip.stage.js';
import { message, transactionTable } from './transaction.stage.js';
import type { Wire } from './wire.js';
import { createWireBatches } from './wires.js';
import { wireBatchOf } from './wires.stage.js';

const setting = (most = 10, batchBytes = 100_000) => {
  const jobs: Job[] = [];
  const sent: { subject: string; payload: Uint8Array }[] = [];
  const table = transactionTable();
  const counts = createCounts();
  const turn = { later: (job: Job) => void jobs.push(job) };
  const publish = (subject: string, payload: Uint8Array) => void sent.push({ subject, payload });
  const batches = createWireBatches({
    id: 'ingress-1',
    epoch: 'now',
    batchBytes,
    keptMs: 4_000,
    keptBytes: 8 * 1024 * 1024,
    turn,
    publish,
    clock: () => 0,
  });
  const relayWires = createRelayWires(batches, most);
  const requests: [text: string, wire: Wire][] = [];
  let owner: string | undefined = 'relay-1';
  const state = { now: 0 };
  const desk = createBusWires({
    limits: defaultLimits,
    members: table.members,
    relays: { ownerId: () => owner, ownerOf: () => undefined, any: () => true, refresh: () => ({ gone: [], returned: new Set() }) },
    relayWires,
    batches,
    answers: createAnswers({ domain: 'hub.example', epoch: 'now', random: () => 0 }),
    counts,
    records: noRecords,
    clock: () => state.now,
    isMember: (id) => id !== 'stranger',
    request: (request, wire) => requests.push([request.method, wire]),
  });
  const flush = () => {
    for (const job of jobs.splice(0)) job.run();
    return sent.splice(0).map(({ subject, payload }) => ({ subject, batch: WireBatch.decode(payload) }));
  };
  return {
    table,
    counts,
    batches,
    relayWires,
    desk,
    requests,
    flush,
    turn,
    publish,
    jobs,
    sent,
    state,
    setOwner: (id: string | undefined) => (owner = id),
  };
};

describe('what arrived on a link of a relay', () => {
  it('is dropped when it is no request, or comes from no relay', () => {
    const { desk, counts, requests } = setting();
    desk.arrived(wireBatchOf('nonsense'));
    desk.arrived(wireBatchOf('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'));
    desk.arrived(wireBatchOf(sip(), { service: 'ingress' }));
    desk.arrived(wireBatchOf(sip(), { id: 'relay.*' }));
    desk.arrived(Buffer.from([0xff]));
    expect(counts.brokenBatches).toBe(5);
    expect(requests).toEqual([]);
  });

  it('is refused when it is of no member', () => {
    const { desk, requests, flush } = setting();
    desk.arrived(wireBatchOf(sip(), { members: ['stranger'] }));
    desk.arrived(wireBatchOf(sip({ method: 'ACK' }), { members: ['stranger'] }));
    const [answer, ...more] = flush();
    expect(answer).toMatchObject({ subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l1'], length: [expect.any(Number)] } });
    expect(answer?.batch.wire.toString()).toMatch(/^SIP\/2.0 403 .*unknown-peer/s);
    expect([more, requests]).toEqual([[], []]);
  });

  it.each([
    ['more header fields than ingress takes', Array.from({ length: 200 }, () => 'X-More: 1')],
    ['a longer header field than ingress takes', [`X-Long: ${'x'.repeat(9_000)}`]],
  ])('is refused when it has %s, though the relay took it', (_why, headers) => {
    const { desk, requests, flush } = setting();
    desk.arrived(wireBatchOf(sip({ headers })));
    desk.arrived(wireBatchOf(sip({ method: 'ACK', headers })));
    const [answer, ...more] = flush();
    expect(answer).toMatchObject({ subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l1'], length: [expect.any(Number)] } });
    expect(more).toEqual([]);
    expect(answer?.batch.wire.toString()).toMatch(/^SIP\/2.0 400 .*bad-message/s);
    expect(requests).toEqual([]);
  });

  it('is refused when no more links can be remembered', () => {
    const { desk, requests, flush } = setting(1);
    desk.arrived(wireBatchOf(sip()));
    const [, first] = requests[0] ?? [];
    if (first !== undefined) first.inFlight = 1;
    desk.arrived(wireBatchOf(sip(), { wires: ['l2'] }));
    desk.arrived(wireBatchOf(sip({ method: 'ACK' }), { wires: ['l2'] }));
    const [answer, ...more] = flush();
    expect(answer).toMatchObject({ subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l2'], length: [expect.any(Number)] } });
    expect(answer?.batch.wire.toString()).toMatch(/^SIP\/2.0 503 .*hub-overloaded/s);
    expect([more, requests.length]).toEqual([[], 1]);
  });

  it('is admitted on a wire of its own, whose answers go back to that link', () => {
    const { desk, requests, flush, table } = setting();
    desk.arrived(wireBatchOf(sip()));
    desk.arrived(wireBatchOf(sip({ method: 'INFO' })));
    expect(requests.map(([method]) => method)).toEqual(['MESSAGE', 'INFO']);
    const [wire, again] = requests.map(([, one]) => one);
    expect(again).toBe(wire);
    expect(wire).toMatchObject({ id: 'l1', source: '192.0.2.7:5061', open: true, member: table.members.of('bolt') });
    // A member's other connections may take its answers, but not the other way round.
    expect(table.members.of('bolt').wires).toEqual([]);
    wire?.text('answer');
    wire?.bytes(Buffer.from('..more..'), 2, 6);
    expect(flush()).toMatchObject([
      {
        subject: 'gh.v1.depart.relay.relay-1',
        batch: {
          service: 'ingress',
          id: 'ingress-1',
          epoch: 'now',
          wires: ['l1'],
          members: ['bolt'],
          wireIndex: [0, 0],
          length: [6, 4],
          wire: Buffer.from('answermore'),
        },
      },
    ]);
  });

  it('is remembered for so many wires, those in use first, and until the relay is gone', () => {
    const { relayWires, table } = setting(2);
    const bolt = table.members.of('bolt');
    const [first, second] = [relayWires.of('r1', 'a', bolt, ''), relayWires.of('r2', 'b', bolt, '')];
    if (first === undefined || second === undefined) throw new Error('no wires');
    first.inFlight = 1;
    expect(relayWires.of('r1', 'c', bolt, '')).toBeDefined();
    expect([first.open, second.open, relayWires.size()]).toEqual([true, false, 2]);
    relayWires.of('r1', 'c', bolt, '')?.inFlight;
    const third = relayWires.of('r1', 'c', bolt, '');
    if (third !== undefined) third.inFlight = 1;
    expect(relayWires.of('r1', 'd', bolt, '')).toBeUndefined();
    expect(relayWires.of('r 1', 'd', bolt, '')).toBeUndefined();
    expect(relayWires.of('r1', '', bolt, '')).toBeUndefined();
    relayWires.prune((relay) => relay === 'r2');
    expect([first.open, relayWires.size()]).toEqual([false, 0]);
  });
});

describe('what departs and what comes back', () => {
  it('is written to the wire named, or any of that member, or counted as lost', () => {
    const { desk, table, counts } = setting();
    const [first, second, other] = [table.wire('edge'), table.wire('edge'), table.wire('acme')];
    desk.depart(wireBatchOf('any', { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf('second', { members: ['edge'], wires: [second.id] }));
    expect(first.member.owed).toBe(8);
    expect([desk.wroteTo(first), desk.wroteTo(other)]).toEqual([true, false]);
    first.open = false;
    desk.depart(wireBatchOf('rest', { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf('closed', { members: ['edge'], wires: [first.id] }));
    desk.depart(wireBatchOf('foreign', { members: ['bolt'], wires: [other.id] }));
    desk.depart(Buffer.from([0xff]));
    expect([first.written, second.written, other.written]).toEqual([['any'], ['second', 'rest'], []]);
    expect([counts.lostDepartures, counts.brokenBatches]).toEqual([2, 1]);
  });

  it('is not heaped on a wire whose far end does not read', () => {
    const { desk, table, counts } = setting();
    const [full, other] = [table.wire('edge'), table.wire('edge')];
    full.room = false;
    desk.depart(wireBatchOf('any', { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf('named', { members: ['edge'], wires: [full.id] }));
    other.room = false;
    desk.depart(wireBatchOf('late', { members: ['edge'], wires: [''] }));
    expect([full.written, other.written, counts.lostDepartures]).toEqual([[], ['any'], 2]);
  });

  it('is answered where nobody can be written to, so that its relay goes elsewhere, but for what has no answer', () => {
    const { desk, table, flush } = setting();
    const wire = table.wire('edge');
    wire.room = false;
    const request = sip({ uri: 'sip:e@edge.example' });
    desk.depart(wireBatchOf(request, { members: ['edge'], wires: [''] }));
    const [answer, ...more] = flush();
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ subject: 'gh.v1.arrived.relay.relay-1', batch: { members: ['edge'], length: [expect.any(Number)] } });
    const text = answer?.batch.wire.toString() ?? '';
    expect(text).toMatch(/^SIP\/2.0 503 /);
    for (const field of [/^Via: .*$/m, /^Call-ID: .*$/m, /^CSeq: .*$/m]) expect(text).toContain(field.exec(request)?.[0]);
    wire.open = false;
    desk.depart(wireBatchOf(request, { members: ['edge'], wires: [''] }));
    expect(flush()[0]?.batch.wire.toString()).toMatch(/^SIP\/2.0 503 /);
    for (const method of ['ACK', 'CANCEL']) desk.depart(wireBatchOf(sip({ method }), { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n', { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf(request, { service: 'ingress', members: ['edge'], wires: [''] }));
    expect(flush()).toEqual([]);
  });

  it('goes back to the relay that asked, too, when another owns the member meanwhile', () => {
    const { desk, table, flush, setOwner, state } = setting();
    const wire = table.wire('edge');
    const response = message('SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 0\r\n\r\n');
    const relaysTold = () => {
      desk.response(response, wire);
      return flush().map(({ subject }) => subject.split('.').at(-1));
    };
    desk.depart(wireBatchOf('first', { members: ['edge'], wires: [''] }));
    expect(relaysTold()).toEqual(['relay-1']);
    setOwner('relay-2');
    expect(relaysTold()).toEqual(['relay-2', 'relay-1']);
    desk.depart(wireBatchOf('second', { id: 'relay-2', members: ['edge'], wires: [''] }));
    state.now = 600_000;
    expect(relaysTold()).toEqual(['relay-2', 'relay-1']);
    setOwner(undefined);
    expect(relaysTold()).toEqual(['relay-1', 'relay-2']);
    setOwner('relay-2');
    desk.depart(wireBatchOf('third', { id: 'relay-2', members: ['edge'], wires: [''] }));
    state.now = 601_000;
    expect(relaysTold()).toEqual(['relay-2']);
    desk.depart(wireBatchOf('fourth', { id: 'relay.*', members: ['edge'], wires: [''] }));
    expect(relaysTold()).toEqual(['relay-2']);
  });

  it('is told as a bad answer where it cannot be passed on, as far as it says to what', () => {
    const { desk, table, flush, setOwner } = setting();
    const wire = table.wire('edge');
    const answer = ['SIP/2.0 200 OK', 'Via: x', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2', 'Call-ID: c', 'CSeq: 1 MESSAGE'];
    const broken = (lines: readonly string[]) => desk.broken(message(`${[...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`), wire);
    broken(answer);
    const [told, ...more] = flush();
    expect(more).toEqual([]);
    expect(told).toMatchObject({ subject: 'gh.v1.arrived.relay.relay-1', batch: { members: ['edge'] } });
    expect(told?.batch.wire.toString().split('\r\n')).toEqual(['SIP/2.0 502 Bad Gateway', ...answer.slice(1), 'Content-Length: 0', '', '']);
    broken(['SIP/2.0 100 Trying', ...answer.slice(1)]);
    broken(answer.filter((line) => !line.startsWith('Via')));
    setOwner(undefined);
    broken(answer);
    expect(flush()).toEqual([]);
  });

  it('goes to the relay that owns the member, in batches of a size', () => {
    const { desk, table, counts, flush, setOwner } = setting(10, 2_000);
    const wire = table.wire('edge');
    const response = message('SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 0\r\n\r\n');
    for (let i = 0; i < 9; i += 1) desk.response(response, wire);
    setOwner(undefined);
    desk.response(response, wire);
    expect(counts.lostArrivals).toBe(1);
    const sent = flush();
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.flatMap((one) => one.batch.length).length).toBe(9);
    expect(sent[0]).toMatchObject({
      subject: 'gh.v1.arrived.relay.relay-1',
      batch: { wires: [wire.id], members: ['edge'], sources: [wire.source] },
    });
    expect(flush()).toEqual([]);
  });
});
