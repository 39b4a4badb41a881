import { SipError, type SipErrorCode } from '@guildhall/proto/sip/sip-error';
import { describe, expect, it } from 'vitest';
import { busWiresStage } from './bus-wires.stage.js';
import { sip } from './sip.stage.js';
import { message } from './transaction.stage.js';
import { wireBatchOf } from './wires.stage.js';

describe('what departs and what comes back', () => {
  it('is written to the wire named, or any of that member, or counted as lost', () => {
    const { desk, table, counts } = busWiresStage();
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
    const { desk, table, counts } = busWiresStage();
    const [full, other] = [table.wire('edge'), table.wire('edge')];
    full.room = false;
    desk.depart(wireBatchOf('any', { members: ['edge'], wires: [''] }));
    desk.depart(wireBatchOf('named', { members: ['edge'], wires: [full.id] }));
    other.room = false;
    desk.depart(wireBatchOf('late', { members: ['edge'], wires: [''] }));
    expect([full.written, other.written, counts.lostDepartures]).toEqual([[], ['any'], 2]);
  });

  it('is answered where nobody can be written to, so that its relay goes elsewhere, but for what has no answer', () => {
    const { desk, table, flush } = busWiresStage();
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
    const { desk, table, flush, setOwner, state } = busWiresStage();
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

  it('is waited for on its wire, CANCEL and ACK not, until it is answered finally, be it badly', () => {
    const { desk, table } = busWiresStage();
    const [wire, other] = [table.wire('edge'), table.wire('edge')];
    const depart = (method: string) => desk.depart(wireBatchOf(sip({ method }), { members: ['edge'], wires: [wire.id] }));
    const respond = (line: string, method = 'INVITE') => message(`SIP/2.0 ${line}\r\nCSeq: 1 ${method}\r\nContent-Length: 0\r\n\r\n`);
    for (const method of ['ACK', 'CANCEL']) depart(method);
    expect([desk.isAsked(wire), desk.wroteTo(wire)]).toEqual([false, true]);
    for (const method of ['INVITE', 'MESSAGE']) depart(method);
    desk.response(respond('180 Ringing'), wire);
    desk.response(respond('200 OK', 'CANCEL'), wire);
    desk.response(respond('200 OK'), wire);
    expect([desk.isAsked(wire), desk.isAsked(other)]).toEqual([true, false]);
    desk.broken(respond('200 OK', 'MESSAGE'), wire, new SipError('header'));
    expect(desk.isAsked(wire)).toBe(false);
  });

  it('is sent back where nothing new is taken any more, but for what belongs to what was written', () => {
    const { desk, table, flush, state } = busWiresStage();
    const wire = table.wire('edge');
    state.refuses = true;
    for (const method of ['MESSAGE', 'CANCEL', 'ACK']) desk.depart(wireBatchOf(sip({ method }), { members: ['edge'], wires: [''] }));
    expect(wire.written.map((text) => text.split(' ')[0])).toEqual(['CANCEL', 'ACK']);
    const [told, ...more] = flush();
    expect([told?.batch.wire.toString().slice(0, 11), more]).toEqual(['SIP/2.0 503', []]);
  });

  it('is told as a bad answer where it cannot be passed on, as far as it says to what', () => {
    const { desk, table, flush, setOwner } = busWiresStage();
    const wire = table.wire('edge');
    const answer = ['SIP/2.0 200 OK', 'Via: x', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2', 'Call-ID: c', 'CSeq: 1 MESSAGE'];
    const broken = (lines: readonly string[], code: SipErrorCode = 'header') =>
      desk.broken(message(`${[...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`), wire, new SipError(code));
    broken(answer);
    const [told, ...more] = flush();
    expect(more).toEqual([]);
    expect(told).toMatchObject({ subject: 'gh.v1.arrived.relay.relay-1', batch: { members: ['edge'] } });
    const reason = 'Reason: SIP;cause=502;text="bad-gateway: the answer of edge could not be understood"';
    const expected = ['SIP/2.0 502 Bad Gateway', ...answer.slice(1), reason, 'Content-Length: 0', '', ''];
    expect(told?.batch.wire.toString().split('\r\n')).toEqual(expected);
    broken(answer, 'message-too-large');
    expect(flush()[0]?.batch.wire.toString()).toContain('is larger than the hub passes on');
    broken(['SIP/2.0 100 Trying', ...answer.slice(1)]);
    broken(answer.filter((line) => !line.startsWith('Via')));
    setOwner(undefined);
    broken(answer);
    expect(flush()).toEqual([]);
  });

  it('goes to the relay that owns the member, in batches of a size', () => {
    const { desk, table, counts, flush, setOwner } = busWiresStage(10, 2_000);
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
