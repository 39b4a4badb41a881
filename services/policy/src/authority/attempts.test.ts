import { describe, expect, it } from 'vitest';
import { createAttempts } from './attempts.js';

const taken = (addresses: readonly string[], perMinute = 2) => {
  const attempts = createAttempts(perMinute);
  return addresses.map((address) => attempts.allow(address, 0));
};

describe('attempts', () => {
  it.each<[what: string, addresses: string[], allowed: boolean[]]>([
    ['are counted an address', ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'], [true, true, false, true]],
    ['IPv4 in IPv6 is IPv4', ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1'], [true, true, false]],
    ['a /64 is one', ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8::3'], [true, true, false]],
    ['another /64 is another', ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'], [true, true, true]],
  ])('%s', (_what, addresses, allowed) => expect(taken(addresses)).toEqual(allowed));

  it('come back with time, and a refused one costs nothing', () => {
    const attempts = createAttempts(2);
    for (let times = 0; times < 2; times += 1) attempts.allow('a', 0);
    expect(attempts.wait('a', 0)).toBe(30_000);
    for (let at = 0; at < 29_000; at += 1000) expect(attempts.allow('a', at)).toBe(false);
    expect(attempts.allow('a', 30_001)).toBe(true);
    expect(attempts.allow('a', 30_002)).toBe(false);
  });

  it('remember only so many addresses', () => {
    const attempts = createAttempts(1);
    expect(attempts.allow('first', 0)).toBe(true);
    for (let other = 0; other < 10_000; other += 1) attempts.allow(`other ${other}`, 0);
    expect(attempts.allow('first', 0)).toBe(true);
  });
});
