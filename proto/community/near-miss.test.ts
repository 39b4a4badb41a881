import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, hintsAmong, nearest } from './near-miss.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['port', 'port', 0],
    ['prot', 'port', 1],
    ['nmae', 'name', 1],
    ['domian', 'domain', 1],
    ['prots', 'port', 2],
    ['memberz', 'members', 1],
    ['abc', 'xyz', 3],
    ['a', 'abcdef', 3],
  ])('of %j and %j is %i (2 is the limit)', (left, right, distance) => {
    expect(editDistance(left, right, 2)).toBe(distance);
    expect(editDistance(right, left, 2)).toBe(distance);
  });
});

describe('nearest', () => {
  it.each([
    ['zebra', undefined],
    ['id', undefined],
    ['name', undefined],
    ['Name', 'name'],
    ['prots', 'port'],
    ['metods', 'methods'],
    ['statusreason', 'statusReason'],
  ])('to %j is %s', (word, found) => {
    expect(nearest(word, ['name', 'port', 'methods', 'status', 'statusReason'])).toBe(found);
  });

  it('takes the nearer of two', () => {
    expect(nearest('acmee', ['acre', 'acme'])).toBe('acme');
  });

  it('is not looked for in every one of a great many words', () => {
    const hint = hintsAmong(() => ['port']);
    const hints = Array.from({ length: 1_000 }, () => hint('prot'));
    expect([hints[0], hints.at(-1)]).toEqual([' (did you mean port?)', '']);
  });

  it('is a question or nothing', () => {
    expect(didYouMean('prot', ['port'])).toBe(' (did you mean port?)');
    expect(didYouMean('zebra', ['port'])).toBe('');
  });
});
