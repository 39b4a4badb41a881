import { describe, expect, it } from 'vitest';
import { newEpoch } from './epoch.js';
import { hostPort } from './host-port.js';
import { oncePer } from './once-per.js';

describe('once per second', () => {
  it('lets one through, counts the others, and lets the next one through with their number', () => {
    let now = 5;
    const gate = oncePer(1000, () => now);
    expect([gate(), gate(), gate()]).toEqual([1, 0, 0]);
    now += 999;
    expect(gate()).toBe(0);
    now += 1;
    expect([gate(), gate()]).toEqual([4, 0]);
    now += 5000;
    expect(gate()).toBe(2);
  });

  it('lets as many through as it is told, one right after the other', () => {
    let now = 0;
    const gate = oncePer(1000, () => now, 3);
    expect([gate(), gate(), gate(), gate(), gate()]).toEqual([1, 1, 1, 0, 0]);
    now += 1000;
    expect([gate(), gate(), gate(), gate()]).toEqual([3, 1, 1, 0]);
  });
});

describe('small things', () => {
  it('an epoch is ten characters fit for a subject and a branch, and never the same', () => {
    const some = Array.from({ length: 200 }, newEpoch);
    for (const epoch of some) expect(epoch).toMatch(/^[a-z0-9]{10}$/);
    expect(new Set(some).size).toBe(200);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1:5061'],
    ['::1', '[::1]:5061'],
    ['hub.example', 'hub.example:5061'],
  ])('%s and a port are %s', (host, text) => {
    expect(hostPort(host, 5061)).toBe(text);
  });
});
