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
    responses.again(transaction, message(text), 0);
    const ringing = Buffer.from('SIP/2.0 180 Ringing\r\n');
    responses.pass(transaction, 180, ringing, 0, ringing.length, 0);
    responses.again(transaction, message(text), 0);
    responses.pass(transaction, 486, bytes, 0, bytes.length, 0);
    responses.again(transaction, message(text), 0);
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
