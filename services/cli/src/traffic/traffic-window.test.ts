import { describe, expect, it } from 'vitest';
import { someFrame, someTally } from './traffic.stage.js';
import { createWindow } from './traffic-window.js';

const second = (at: number, more: Parameters<typeof someFrame>[0] = {}) =>
  someFrame({ at: BigInt(1_800_000_000_000 + at * 1000), full: at === 0, ...more });

describe('a window of frames', () => {
  it('is empty at first, and after it was cleared', () => {
    const window = createWindow(10);
    expect(window.picture()).toBeUndefined();
    window.add(second(0));
    window.clear();
    expect(window.picture()).toBeUndefined();
  });

  it('adds up what is in it, and forgets what is older', () => {
    const window = createWindow(3);
    for (let at = 0; at < 5; at += 1) window.add(second(at));
    const { sum, seconds } = window.picture() ?? {};
    expect([sum?.all?.requests, seconds]).toEqual([3n * someTally.requests, 3]);
    expect(sum?.members.find(({ member }) => member === 'acme')?.sent?.requests).toBe(3n * someTally.requests);
  });

  it('keeps members of whom nothing is told as they stood last, and forgets those that a full frame leaves out', () => {
    const window = createWindow(2);
    window.add(second(0));
    for (let at = 1; at < 4; at += 1) window.add(second(at, { members: [], pairs: [] }));
    const acme = window.picture()?.sum.members.find(({ member }) => member === 'acme');
    expect([acme?.sent?.requests, acme?.inFlight, acme?.certificateDays]).toEqual([0n, 3, 9.9]);
    window.add(second(4, { full: true, members: [{ member: 'bolt' }] }));
    expect(window.picture()?.sum.members.map(({ member }) => member)).toEqual(['bolt']);
  });
});
