import { defaultLimits } from '@guildhall/proto/sip/limits';
import { describe, expect, it } from 'vitest';
import { createAnswers } from './answers.js';
import { createCounts } from './counts.js';
import { createResponses } from './responses.js';
import { sip } from './sip.stage.js';
import { message, transactionTable } from './transaction.stage.js';

const setting = () => {
  const table = transactionTable();
  const counts = createCounts();
  const answers = createAnswers({ domain: 'hub.example', epoch: 'now', random: () => 0 });
  const responses = createResponses(table.transactions, answers, counts, { limits: defaultLimits, answered: () => undefined });
  return { table, counts, responses, wire: table.wire('acme') };
};
const lines = (texts: readonly string[]) => texts.map((text) => text.split('\r\n', 1)[0]);
const bytes = Buffer.from('SIP/2.0 486 Busy\r\n');

describe('responses', () => {
  it('never go out twice, and never 408', () => {
    const { table, counts, responses, wire } = setting();
    const transaction = table.open(sip(), wire);
    transaction.target = 'bolt';
    expect(responses.timeout(transaction, 25_000)).toBe(false);
    responses.pass(transaction, 200, bytes, 0, bytes.length, 25_001);
    responses.refuse(transaction, 500, 'member-unreachable', 'late', 25_002);
    expect(responses.timeout(transaction, 26_000)).toBe(false);
    expect(lines(wire.written)).toEqual(['SIP/2.0 504 Server Time-out']);
    expect(wire.written[0]).toContain('no-answer: bolt did not answer within 25 s');
    expect(counts.strayOutcomes).toBe(2);
    expect(counts.responses[5]).toBe(1);
  });

  it('to an INVITE are repeated when it is', () => {
    const { table, responses, wire } = setting();
    const text = sip({ method: 'INVITE' });
    const transaction = table.open(text, wire);
    responses.again(transaction, message(text), wire, 0);
    const ringing = Buffer.from('SIP/2.0 180 Ringing\r\n');
    responses.pass(transaction, 180, ringing, 0, ringing.length, 0);
    responses.again(transaction, message(text), wire, 0);
    responses.pass(transaction, 486, bytes, 0, bytes.length, 0);
    responses.again(transaction, message(text), wire, 0);
    expect(lines(wire.written)).toEqual([
      'SIP/2.0 100 Trying',
      'SIP/2.0 180 Ringing',
      'SIP/2.0 180 Ringing',
      'SIP/2.0 486 Busy',
      'SIP/2.0 486 Busy',
    ]);
  });

  it('tell that an INVITE was given up, once, and keep it for its CANCEL', () => {
    const { table, responses, wire } = setting();
    const transaction = table.open(sip({ method: 'INVITE' }), wire);
    expect(responses.timeout(transaction, 200_000)).toBe(true);
    expect(transaction.request).toBeDefined();
    expect(responses.timeout(transaction, 232_000)).toBe(false);
    expect(lines(wire.written)).toEqual(['SIP/2.0 504 Server Time-out']);
    expect(table.transactions.size()).toBe(0);
  });

  it('to anything but INVITE begin with a 100 when the final one is slow (RFC 4320 4.1)', () => {
    const { table, responses, wire } = setting();
    const transaction = table.open(sip(), wire);
    expect(responses.timeout(transaction, 3_500)).toBe(false);
    responses.pass(transaction, 486, bytes, 0, bytes.length, 4_000);
    expect(lines(wire.written)).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 486 Busy']);
  });

  it.each([
    ['the 487 of the CANCEL', 487, 'SIP/2.0 504 Server Time-out'],
    ['a 2xx that crosses the CANCEL', 200, 'SIP/2.0 200 OK'],
  ])('at Timer C wait for the end of an INVITE that rang: %s (RFC 3261 16.8)', (_what, status, told) => {
    const { table, responses, wire } = setting();
    const transaction = table.open(sip({ method: 'INVITE' }), wire);
    const ringing = Buffer.from('SIP/2.0 180 Ringing\r\n');
    responses.pass(transaction, 180, ringing, 0, ringing.length, 0);
    expect(responses.timeout(transaction, 200_000)).toBe(true);
    expect(transaction.request).toBeDefined();
    const end = Buffer.from(`SIP/2.0 ${status} OK\r\n`);
    responses.pass(transaction, status, end, 0, end.length, 200_100);
    expect(lines(wire.written)).toEqual(['SIP/2.0 180 Ringing', told]);
    responses.pass(transaction, 487, bytes, 0, bytes.length, 200_200);
    expect(wire.written).toHaveLength(2);
  });

  it('at Timer C end an INVITE that rang when nobody does, and tell who cancelled it meanwhile so', () => {
    const { table, responses, wire } = setting();
    const ringing = Buffer.from('SIP/2.0 180 Ringing\r\n');
    const [silent, lost, cancelled] = [1, 2, 3].map(() => {
      const transaction = table.open(sip({ method: 'INVITE' }), wire);
      responses.pass(transaction, 180, ringing, 0, ringing.length, 0);
      responses.timeout(transaction, 200_000);
      return transaction;
    });
    wire.written.splice(0);
    if (silent === undefined || lost === undefined || cancelled === undefined) throw new Error('three were opened');
    responses.timeout(silent, 232_000);
    responses.refuse(lost, 487, 'cancelled', 'cancelled before bolt was reached', 200_100);
    cancelled.cancelled = true;
    responses.pass(cancelled, 487, bytes, 0, bytes.length, 200_100);
    expect(lines(wire.written)).toEqual(['SIP/2.0 504 Server Time-out', 'SIP/2.0 504 Server Time-out', 'SIP/2.0 486 Busy']);
  });

  it('end an INVITE that its sender cancelled with 487, when the far side never does', () => {
    const { table, responses, wire } = setting();
    const transaction = table.open(sip({ method: 'INVITE' }), wire);
    transaction.target = 'bolt';
    transaction.cancelled = true;
    expect(responses.timeout(transaction, 32_000)).toBe(true);
    expect(lines(wire.written)).toEqual(['SIP/2.0 487 Request Terminated']);
    expect(wire.written[0]).toContain('cancelled: bolt did not answer the CANCEL');
  });

  it('are made of what was forwarded, when the request itself is gone', () => {
    const { table, responses, wire } = setting();
    const text = sip({ callId: 'kept@acme.example' });
    const transaction = table.open(text, wire);
    transaction.request = undefined;
    transaction.batch = Buffer.from(`neighbour${text}neighbour`, 'latin1');
    transaction.offset = 9;
    transaction.length = text.length;
    responses.refuse(transaction, 500, 'member-unreachable', 'gone', 0);
    expect(wire.written[0]).toContain('Call-ID: kept@acme.example\r\n');
    expect(transaction.length).toBe(0);
  });
});
