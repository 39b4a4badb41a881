import { describe, expect, it } from 'vitest';
import { sip } from './sip.stage.js';
import { message, transactionTable } from './transaction.stage.js';
import { transactionKey } from './transactions.js';

const key = (text: string, member = 'acme') => transactionKey(message(text), member);

describe('the key of a transaction', () => {
  const fixed = { branch: 'z9hG4bKone', callId: 'c@x' };
  it.each([
    ['another member', sip(fixed), 'bolt'],
    ['another method', sip({ ...fixed, method: 'INFO' }), 'acme'],
    ['another branch', sip({ ...fixed, branch: 'z9hG4bKtwo' }), 'acme'],
    ['another sent-by', sip(fixed).replace('proxy.acme', 'other.acme'), 'acme'],
    ['another port', sip(fixed).replace('acme.example:5061;', 'acme.example:5062;'), 'acme'],
  ])('differs for %s', (_why, text, member) => {
    expect(key(text, member)).not.toBe(key(sip(fixed)));
  });

  it('is that of the INVITE for ACK and CANCEL, and for the same request again', () => {
    const invite = key(sip({ ...fixed, method: 'INVITE' }));
    for (const method of ['INVITE', 'ACK', 'CANCEL']) expect(key(sip({ ...fixed, method }))).toBe(invite);
  });

  it('holds more of a request whose branch is not unique (RFC 2543)', () => {
    const old = { branch: '1', callId: 'one@x' };
    expect(key(sip({ ...old, method: 'INVITE' }))).toBe(key(sip({ ...old, method: 'ACK', cseq: '1 ACK' })));
    expect(key(sip(old))).not.toBe(key(sip({ ...old, callId: 'two@x' })));
    expect(key(sip(old))).not.toBe(key(sip({ ...old, cseq: '2 MESSAGE' })));
    expect(key(sip(old))).not.toBe(key(sip({ ...old, uri: 'sip:eve@bolt.example' })));
  });
});

describe('the table of transactions', () => {
  it('counts what is unanswered apart from what is kept', () => {
    const table = transactionTable();
    const wire = table.wire('acme');
    const counts = () => [
      wire.inFlight,
      wire.member.inFlight,
      wire.member.transactions,
      table.transactions.inFlight(),
      table.transactions.size(),
    ];
    const message = table.open(sip(), wire);
    const invite = table.open(sip({ method: 'INVITE' }), wire);
    expect(counts()).toEqual([2, 2, 2, 2, 2]);
    table.transactions.advance(invite, 'failure', 0);
    expect(counts()).toEqual([1, 1, 2, 1, 2]);
    table.transactions.advance(message, 'success', 0);
    table.transactions.advance(message, 'success', 0);
    expect(counts()).toEqual([0, 0, 1, 0, 1]);
    table.transactions.advance(invite, 'ack', 0);
    expect(counts()).toEqual([0, 0, 0, 0, 0]);
    expect(table.transactions.find(invite.key)).toBeUndefined();
    expect(table.transactions.byId(invite.id)).toBeUndefined();
  });

  it('forgets the INVITE that was accepted first rather than keep more of them than it may, and counts none against its member', () => {
    const table = transactionTable(2);
    const wire = table.wire('acme');
    const accepted = (callId: string) => {
      const invite = table.open(sip({ method: 'INVITE', branch: `z9hG4bK${callId}`, callId }), wire);
      table.transactions.advance(invite, 'success', 0);
      return invite;
    };
    const [first, second] = [accepted('one'), accepted('two')];
    expect([table.transactions.size(), wire.member.transactions]).toEqual([2, 0]);
    table.transactions.advance(first, 'timeout', 0);
    const third = accepted('three');
    expect(table.transactions.size()).toBe(2);
    accepted('four');
    expect([second.state, table.transactions.find(second.key), table.transactions.byId(second.id)]).toEqual(['done', undefined, undefined]);
    expect([table.transactions.find(third.key), table.transactions.size(), wire.member.transactions]).toEqual([third, 2, 0]);
    expect(table.transactions.advance(second, 'success', 0)).toBe('stray');
  });

  it('keeps as many accepted INVITEs as ever once those are over that made others be forgotten', () => {
    const table = transactionTable(3);
    const wire = table.wire('acme');
    const accepted = (callId: string) => {
      const invite = table.open(sip({ method: 'INVITE', branch: `z9hG4bK${callId}`, callId }), wire);
      table.transactions.advance(invite, 'success', 0);
      return invite;
    };
    const many = Array.from({ length: 10 }, (_, n) => accepted(`many${n}`));
    expect(table.transactions.size()).toBe(3);
    for (const one of many) if (one.state === 'accepted') table.transactions.advance(one, 'timeout', 0);
    expect(table.transactions.size()).toBe(0);
    const later = [1, 2, 3].map((n) => accepted(`later${n}`));
    expect(later.map(({ key }) => table.transactions.find(key))).toEqual(later);
    accepted('more');
    expect(later.map(({ key }) => table.transactions.find(key))).toEqual([undefined, later[1], later[2]]);
  });

  it('gives nobody an id that is in use', () => {
    const table = transactionTable();
    const wire = table.wire('acme');
    const ids = [table.open(sip(), wire).id, table.transactions.freshId(), table.open(sip(), wire).id];
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id > 0 && id < 2 ** 31)).toBe(true);
  });

  it('keeps the time: 3.5 s to the 100 and 25 s, Timer C from the last provisional, 32 s for the ACK', () => {
    const table = transactionTable();
    const wire = table.wire('acme');
    const plain = table.open(sip(), wire);
    const invite = table.open(sip({ method: 'INVITE' }), wire);
    const answered = table.open(sip({ method: 'INVITE' }), wire);
    table.transactions.advance(answered, 'failure', 1_000);
    table.transactions.advance(invite, 'provisional', 100_000);
    const due = (now: number) => {
      table.pass(now);
      return table.expired.splice(0);
    };
    expect(due(3_400)).toEqual([]);
    expect(due(3_700)).toEqual([plain]);
    expect(plain.deadline).toBe(25_000);
    table.transactions.waitOn(plain);
    expect(due(24_900)).toEqual([]);
    expect(due(25_200)).toEqual([plain]);
    expect(due(32_900)).toEqual([]);
    expect(due(33_200)).toEqual([answered]);
    expect(due(299_900)).toEqual([]);
    expect(due(300_200)).toEqual([invite]);
  });

  it('waits no longer than 32 s for what was cancelled, whatever rings', () => {
    const table = transactionTable();
    const invite = table.open(sip({ method: 'INVITE' }), table.wire('acme'));
    invite.cancelled = true;
    table.transactions.shorten(invite, 1_000);
    table.transactions.advance(invite, 'provisional', 20_000);
    table.transactions.shorten(invite, 20_000);
    table.pass(33_200);
    expect(table.expired).toEqual([invite]);
  });

  it('waits 32 s more for what the hub cancelled at Timer C, whatever rings', () => {
    const table = transactionTable();
    const invite = table.open(sip({ method: 'INVITE' }), table.wire('acme'));
    table.pass(200_200);
    table.transactions.expire(invite, 200_200);
    table.transactions.advance(invite, 'provisional', 210_000);
    expect(invite.deadline).toBe(232_200);
    table.pass(232_400);
    expect(table.expired).toEqual([invite, invite]);
  });
});
