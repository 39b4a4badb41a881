import type { DoorCard } from './door-card.js';
import type { Member } from './member.js';
import { createBudget, createLine } from './queue.js';
import type { Transaction } from './transaction.js';

/** Bolt as a relay holds it that has nothing for it yet, but for what a test says otherwise. */
export function memberStage(more: Partial<Member> = {}): Member {
  return {
    id: 'bolt',
    budget: createBudget({ count: 1, bytes: 1 }),
    line: createLine<Transaction>(() => true),
    door: 'open',
    proxies: [],
    domains: new Set(),
    unlocated: '',
    inFlight: 0,
    usedAt: 0,
    foreignSince: 0,
    ...more,
  };
}

/** Bolt's open door with one proxy, but for what a test says otherwise. */
export function doorStage(more: Partial<DoorCard> = {}): DoorCard {
  return {
    member: 'bolt',
    open: true,
    proxies: [{ host: '127.0.0.1', port: 1, names: ['bolt.example'], priority: 1, weight: 1 }],
    lookup: '',
    stranger: false,
    unlocated: '',
    freshFor: 600_000,
    pins: [],
    anchors: [],
    acceptCommonName: false,
    domains: new Set(),
    anchorText: '',
    ...more,
  };
}
