import { describe, expect, it } from 'vitest';
import { allPatterns, beginnings, headingOf, type Pattern, readPatterns, transactionsOf, unitOf } from './patterns.js';

function read(text: string): Pattern {
  const [pattern] = readPatterns(text);
  if (pattern === undefined) throw new Error('no pattern');
  return pattern;
}

describe('patterns', () => {
  it.each([
    ['4', 'is neither like 4x50 nor like 8@4000'],
    ['4x', 'is neither'],
    ['', 'is neither'],
    ['4x50,', 'is neither'],
    ['0x50', 'no number from 1 to 10000'],
    ['4x0', 'no number from 1 to 100000'],
    ['8@0', 'no number from 1 to 1000000'],
    ['4x50:4x50', 'is neither'],
    ['fan-out', 'nor one of fan-out:200x50, calls, presence'],
    ['fan-out:200', 'nor one of'],
    ['fan-out:200x50:4x50:4x50', 'nor one of'],
    ['fan-out:1001x50', 'members: "1001" is no number from 1 to 1000'],
    ['fan-out:200x0', 'in a row: "0" is no number'],
    ['calls:4', 'nor one of'],
    ['calls:4x50:4x50', 'nor one of'],
    ['Presence', 'nor one of'],
  ])('refuse %j', (text, words) => {
    expect(() => readPatterns(text)).toThrow(words);
  });

  it.each([
    ['4x50', { kind: 'messages', connections: 4, window: 50, rate: 0 }],
    ['8@4000', { kind: 'messages', connections: 8, rate: 4000 }],
    ['fan-out:200x50', { kind: 'fan-out', members: 200, run: 50, connections: 4, window: 50, rate: 0 }],
    ['fan-out:20x1:8@1000', { kind: 'fan-out', members: 20, run: 1, connections: 8, rate: 1000 }],
    ['calls', { kind: 'calls', connections: 4, window: 50, rate: 0 }],
    ['calls:100x1', { kind: 'calls', connections: 100, window: 1 }],
    ['presence:2@300', { kind: 'presence', connections: 2, rate: 300 }],
  ])('read %s', (text, pattern) => {
    expect(readPatterns(text)).toMatchObject([{ ...pattern, name: text }]);
  });

  it('are all there under one word', () => {
    const all = readPatterns('all');
    expect(all.map(({ name }) => name).join()).toBe(allPatterns);
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['messages', 'fan-out', 'calls', 'presence']));
  });

  it.each([
    ['4x50', 'tx', 1000, 1000, 1000],
    ['fan-out:200x50', 'tx', 1000, 1000, 1000],
    ['calls', 'calls', 1000, 1000, 2000],
    ['presence', 'tx', 1000, 500, 1000],
    ['presence', 'tx', 1001, 501, 1002],
  ])('say what they count: %s in %s', (text, unit, count, began, transactions) => {
    const pattern = read(text);
    expect([unitOf(pattern), beginnings(pattern, count), transactionsOf(pattern, beginnings(pattern, count))]).toEqual([
      unit,
      began,
      transactions,
    ]);
  });

  it.each([
    ['4x50', 'trunks: 4 connections, 50 in flight on each'],
    ['100x1', 'fan-in: 100 connections, 1 in flight on each'],
    ['8@4000', 'open loop: 8 connections, 4000 a second'],
    ['fan-out:200x50', 'fan-out to 200 members, 50 in a row to each: 4 connections, 50 in flight on each'],
    ['calls:8@100', 'calls (INVITE, 180, 200, ACK, BYE, 200): 8 connections, 100 a second'],
    ['presence', 'presence (SUBSCRIBE, NOTIFY of 4 KiB): 4 connections, 50 in flight on each'],
  ])('are told in words: %s', (text, words) => {
    expect(headingOf(text)).toBe(words);
  });
});
