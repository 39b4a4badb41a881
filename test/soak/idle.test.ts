import { expect, it } from 'vitest';
import { soakIdle } from './idle.js';

it('a few idle connections and members: all are kept, and their cost is told', async () => {
  const found = await soakIdle({ connections: 40, members: 60, rest: 0, say: () => undefined });
  expect(found).toMatchObject({ opened: 40, kept: 40 });
  expect(Object.keys(found.memberKiB)).toEqual(['ingress-1', 'relay-1', 'policy-1', 'nats-server']);
  expect(Object.values(found.connected).every((mib) => mib > 0)).toBe(true);
}, 60_000);
