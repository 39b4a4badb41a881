import { describe, expect, it } from 'vitest';
import { nearMiss } from './near-miss.js';

const known = ['inFlight', 'message', 'port', 'id', 'listeners'];

describe('near misses', () => {
  it.each(['colour', 'x', '', 'messenger-service', 'trop'])('%j is near nothing', (word) => {
    expect(nearMiss(word, known)).toBeUndefined();
  });
  it.each([
    ['inFlght', 'inFlight'],
    ['inflight', 'inFlight'],
    ['prot', 'port'],
    ['ids', 'id'],
    ['listener', 'listeners'],
    ['massege', 'message'],
  ] as const)('%j is %j', (word, meant) => {
    expect(nearMiss(word, known)).toBe(meant);
  });
});
