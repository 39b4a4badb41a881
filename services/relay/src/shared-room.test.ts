import { describe, expect, it } from 'vitest';
import { createSharedRoom, type SharedRoom } from './shared-room.js';

/** How many things of so many bytes a member gets in. */
const fill = (room: SharedRoom, member: string, bytes: number): number => {
  let count = 0;
  while (room.admit(member, bytes)) count += 1;
  return count;
};

describe('room that members share', () => {
  it('is not to be had whole by one of them, in number or in bytes', () => {
    const byCount = createSharedRoom({ count: 100, bytes: 1_000_000 });
    expect([fill(byCount, 'greedy', 1), fill(byCount, 'second', 1), byCount.admit('modest', 1)]).toEqual([50, 25, true]);
    const byBytes = createSharedRoom({ count: 1_000, bytes: 1_000 });
    expect([fill(byBytes, 'greedy', 10), fill(byBytes, 'second', 10), byBytes.admit('modest', 10)]).toEqual([50, 25, true]);
    expect(byBytes.admit('large', 1_001)).toBe(false);
  });

  it('is given back', () => {
    const room = createSharedRoom({ count: 5, bytes: 100 });
    expect([fill(room, 'one', 10), room.count()]).toEqual([3, 3]);
    room.release('one', 10);
    room.release('nobody', 10);
    expect([room.count(), room.admit('one', 10), room.admit('one', 10)]).toEqual([2, true, false]);
    for (let at = 0; at < 3; at += 1) room.release('one', 10);
    expect([room.count(), fill(room, 'two', 30)]).toEqual([0, 2]);
  });
});
