import { unknownSender } from '@guildhall/proto/sip/received';
import { describe, expect, it } from 'vitest';
import { createBranchSpans, scanBranch } from './branch-scan.js';
import { memberStage } from './member.stage.js';
import type { Back } from './outcomes.js';
import { newTransaction, type Transaction } from './transaction.js';
import { branchOf, createTransactions, type Transactions } from './transactions.js';

const member = memberStage();
const back: Back = {
  ingress: 'i',
  epoch: 'e',
  response: () => undefined,
  gone: () => undefined,
  told: () => new Map(),
  heard: () => undefined,
};

function make(number: number, dueAt = 10_000): Transaction {
  return newTransaction({
    kind: 'other',
    method: 'MESSAGE',
    number,
    epoch: 'e',
    loop: 7,
    back,
    member,
    recordRoute: '',
    source: unknownSender,
    bytes: Buffer.from('bytes'),
    wait: 0,
    arrivedAt: 0,
    dueAt,
    trace: undefined,
  });
}

function table(most = 10) {
  const due: number[] = [];
  const transactions = createTransactions({ most, slotMs: 10, slots: 64 }, (transaction) => due.push(transaction.number));
  return { transactions, due };
}

/** What a response with this branch answers: the transaction's number and which of its tries. */
function match(transactions: Transactions, branch: string): [number, number] | undefined {
  const spans = createBranchSpans();
  const bytes = Buffer.from(`x${branch}`);
  const found = scanBranch(bytes, 1, bytes.length, spans) ? transactions.match(bytes, spans) : undefined;
  return found === undefined ? undefined : [found.number, spans.attempt];
}

describe('client transactions by branch', () => {
  it('are no more than there may be', () => {
    const { transactions } = table(1);
    expect([transactions.open(make(1)), transactions.open(make(2)), transactions.size()]).toEqual([true, false, 1]);
  });

  it('that were accepted make room for new ones, the oldest first', () => {
    const { transactions } = table(2);
    const [first, second, third, fourth, fifth] = [make(1), make(2), make(3), make(4), make(5)];
    for (const one of [first, second]) {
      transactions.open(one);
      one.state = 'accepted';
      transactions.lingers(one);
    }
    transactions.close(first);
    first.state = 'terminated';
    expect([third, fourth, fifth].map(transactions.open)).toEqual([true, true, false]);
    expect([second.state, transactions.find('e', 2), transactions.find('e', 3), transactions.size()]).toEqual([
      'terminated',
      undefined,
      third,
      2,
    ]);
  });

  it('are matched by the branch of any of their tries, and by no other', () => {
    const { transactions } = table();
    const transaction = make(1);
    transactions.open(transaction);
    for (const attempt of [0, 1, 40]) {
      const branch = branchOf(transaction, attempt);
      expect(match(transactions, branch)).toEqual([1, attempt]);
    }
    for (const branch of ['', 'z9hG4bKe.2.7', 'z9hG4bKe.1.8', 'z9hG4bKf.1.7', 'z9hG4bKe.1.7.1.1', 'z9hG4bKe.1', 'Z9hG4bKe.1.7']) {
      expect(match(transactions, branch)).toBeUndefined();
    }
    transactions.close(transaction);
    expect(match(transactions, branchOf(transaction, 0))).toBeUndefined();
  });

  it('of several incarnations of ingresses are told apart, though they have the same numbers', () => {
    const { transactions } = table();
    const all = ['e', 'f', 'ee'].map((epoch) => ({ ...make(1), epoch }));
    for (const one of all) transactions.open(one);
    for (const one of all) {
      expect(transactions.find(one.epoch, 1)).toBe(one);
      expect(match(transactions, branchOf(one, 0))).toEqual([1, 0]);
    }
    for (const one of all) {
      transactions.close(one);
      transactions.advance(10);
      expect(transactions.find(one.epoch, 1)).toBeUndefined();
    }
    expect(transactions.size()).toBe(0);
  });

  it('come due at the earlier of their two times, once', () => {
    const { transactions, due } = table();
    const [early, late] = [make(1), make(2, 5000)];
    early.tryUntil = 300;
    for (const transaction of [early, late]) {
      transactions.open(transaction);
      transactions.schedule(transaction, 0);
    }
    for (let now = 0; now <= 6000; now += 10) transactions.advance(now);
    expect(due).toEqual([1, 2]);
  });

  it('let go of the batch they came in after a second, whatever they wait for', () => {
    const { transactions, due } = table();
    const transaction = make(1);
    const bytes = transaction.bytes;
    transactions.open(transaction);
    transactions.schedule(transaction, 0);
    transactions.advance(900);
    expect(transaction.bytes).toBe(bytes);
    transactions.advance(1100);
    expect(transaction.bytes).not.toBe(bytes);
    expect(transaction.bytes.equals(bytes)).toBe(true);
    expect(due).toEqual([]);
  });

  it('once closed never come due', () => {
    const { transactions, due } = table();
    const transaction = make(1, 100);
    transactions.open(transaction);
    transactions.schedule(transaction, 0);
    transactions.close(transaction);
    for (let now = 0; now <= 2000; now += 10) transactions.advance(now);
    expect(due).toEqual([]);
  });
});
