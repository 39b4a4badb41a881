import { describe, expect, it } from 'vitest';
import { createDnsCache } from './dns-cache.js';

const settings = { names: 2, fresh: 60_000, absent: 5_000, stale: 100_000 };

/** A cache whose clock and DNS are under control; each question stays open until it is answered. */
function stand() {
  let now = 0;
  const asked: string[] = [];
  const open: { answer(keepMs: number, found?: boolean): void; fail(): void }[] = [];
  const cache = createDnsCache(
    (name) => {
      asked.push(name);
      const serial = asked.length;
      return new Promise<{ serial: number; keepMs: number; found: boolean }>((resolve, reject) => {
        open.push({
          answer: (keepMs, found = true) => resolve({ serial, keepMs, found }),
          fail: () => reject(new Error('DNS is away')),
        });
      });
    },
    ({ keepMs, found }) => ({ keepMs, found }),
    settings,
    () => now,
  );
  const serial = async (name = 'a') => (await cache.get(name)).serial;
  return {
    asked,
    serial,
    next: () => open.shift(),
    after(ms: number) {
      now += ms;
    },
  };
}

describe('what DNS said, kept', () => {
  it('asks once however many want it, and not again while it is fresh', async () => {
    const { asked, serial, next, after } = stand();
    const all = [serial(), serial(), serial()];
    next()?.answer(10_000);
    expect(await Promise.all(all)).toEqual([1, 1, 1]);
    after(9_999);
    expect(await serial()).toBe(1);
    after(1);
    const again = serial();
    next()?.answer(10_000);
    expect(await again).toBe(2);
    expect(asked).toEqual(['a', 'a']);
  });

  it.each([
    ['records that may not be kept', 0, true, 1_000],
    ['records that may be kept for ever', Number.POSITIVE_INFINITY, true, 60_000],
    ['nobody', Number.POSITIVE_INFINITY, false, 5_000],
  ])('%s: fresh for so long', async (_why, keepMs, found, fresh) => {
    const { asked, serial, next, after } = stand();
    const first = serial();
    next()?.answer(keepMs, found);
    await first;
    after(fresh - 1);
    await serial();
    expect(asked).toHaveLength(1);
    after(1);
    const second = serial();
    next()?.answer(keepMs, found);
    await second;
    expect(asked).toHaveLength(2);
  });

  it('serves the old while DNS fails, asks at most once a second, and gives up in the end', async () => {
    const { asked, serial, next, after } = stand();
    const first = serial();
    next()?.answer(10_000);
    await first;
    after(10_000);
    const old = serial();
    next()?.fail();
    expect(await old).toBe(1);
    expect(await serial()).toBe(1);
    expect(asked).toHaveLength(2);
    after(100_000);
    const late = serial();
    next()?.fail();
    await expect(late).rejects.toThrow('DNS is away');
    await expect(serial()).rejects.toThrow('DNS is away');
    expect(asked).toHaveLength(3);
    after(1_000);
    const back = serial();
    next()?.answer(10_000);
    expect(await back).toBe(4);
  });

  it('forgets the name used longest ago when there are too many', async () => {
    const { asked, serial, next } = stand();
    for (const name of ['a', 'b', 'c']) {
      const one = serial(name);
      next()?.answer(10_000);
      await one;
    }
    await serial('c');
    const again = serial('a');
    next()?.answer(10_000);
    await again;
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
