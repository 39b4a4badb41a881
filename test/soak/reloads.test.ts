import { expect, it } from 'vitest';
import { soakReloads } from './reloads.js';

it('a few reloads under traffic: each is seen, no transaction fails, no line breaks', async () => {
  const found = await soakReloads({ count: 12, lanes: 2, memory: () => 0, say: () => undefined });
  expect(found.failures).toEqual([]);
  expect(found).toMatchObject({ reloads: 12, notServed: 0 });
  expect(found.refused).toBeGreaterThan(0);
  expect(found.messages).toBeGreaterThan(0);
}, 60_000);
