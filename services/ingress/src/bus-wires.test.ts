import { describe, expect, it } from 'vitest';
import { busWiresStage } from './bus-wires.stage.js';
import { wayBack } from './members.js';
import { sip } from './sip.stage.js';
import { wireBatchOf } from './wires.stage.js';

describe('what arrived on a link of a relay', () => {
  it('is dropped when it is no request, or comes from no relay', () => {
    const { desk, counts, requests } = busWiresStage();
    desk.arrived(wireBatchOf('nonsense'));
    desk.arrived(wireBatchOf('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'));
    desk.arrived(wireBatchOf(sip(), { service: 'ingress' }));
    desk.arrived(wireBatchOf(sip(), { id: 'relay.*' }));
    desk.arrived(Buffer.from([0xff]));
    expect(counts.brokenBatches).toBe(5);
    expect(requests).toEqual([]);
  });

  it('is refused when it is of no member', () => {
    const { desk, requests, flush } = busWiresStage();
    desk.arrived(wireBatchOf(sip(), { members: ['stranger'] }));
    desk.arrived(wireBatchOf(sip({ method: 'ACK' }), { members: ['stranger'] }));
    const [answer, ...more] = flush();
    expect(answer).toMatchObject({ subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l1'], length: [expect.any(Number)] } });
    expect(answer?.batch.wire.toString()).toMatch(/^SIP\/2.0 403 .*unknown-peer/s);
    expect([more, requests]).toEqual([[], []]);
  });

  it('is not taken for a stranger’s while nobody is known', () => {
    const { desk, requests, flush, state } = busWiresStage();
    state.knows = false;
    desk.arrived(wireBatchOf(sip()));
    expect(flush()[0]?.batch.wire.toString()).toMatch(/^SIP\/2.0 503 .*hub-unavailable/s);
    expect(requests).toEqual([]);
  });

  it.each([
    ['more header fields than ingress takes', Array.from({ length: 200 }, () => 'X-More: 1')],
    ['a longer header field than ingress takes', [`X-Long: ${'x'.repeat(9_000)}`]],
  ])('is refused when it has %s, though the relay took it', (_why, headers) => {
    const { desk, requests, flush } = busWiresStage();
    desk.arrived(wireBatchOf(sip({ headers })));
    desk.arrived(wireBatchOf(sip({ method: 'ACK', headers })));
    const [answer, ...more] = flush();
    expect(answer).toMatchObject({ subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l1'], length: [expect.any(Number)] } });
    expect(more).toEqual([]);
    expect(answer?.batch.wire.toString()).toMatch(/^SIP\/2.0 400 .*bad-message/s);
    expect(requests).toEqual([]);
  });

  it('is refused when no more links can be remembered', () => {
    const { desk, requests, flush } = busWiresStage(1);
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
    const { desk, requests, flush, table } = busWiresStage();
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
    const { relayWires, table } = busWiresStage(2);
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
    // Its relay may be back before its answers are there.
    expect([first.open, relayWires.size()]).toEqual([true, 2]);
    first.inFlight = 0;
    relayWires.prune((relay) => relay === 'r2');
    expect([first.open, relayWires.size()]).toEqual([false, 1]);
  });

  it('is answered by its relay alone, which may have done so by itself while it was away, whatever else its member has', () => {
    const { relayWires, table, flush } = busWiresStage();
    const wire = relayWires.of('r1', 'a', table.members.of('bolt'), '');
    if (wire === undefined) throw new Error('no wire');
    const own = table.wire('bolt');
    wire.inFlight = 1;
    for (const inFlight of [1, 0]) {
      relayWires.prune(() => false);
      expect([wire.open, wayBack(wire)]).toEqual([inFlight === 1, wire]);
      wire.inFlight = 0;
    }
    wayBack(wire)?.text('a further 2xx');
    expect([flush().map(({ subject }) => subject), own.written]).toEqual([['gh.v1.depart.relay.r1'], []]);
  });
});
