import { expect, it } from 'vitest';
import { measureMembership, renderMembership } from './membership.js';

it('measures a small membership in every way of starting', async () => {
  const figures = await measureMembership(20, process.env);
  const { members, ...costs } = figures;
  expect(members).toBe(20);
  for (const cost of [costs.startImporting, costs.startUnchanged, costs.startFromBucket, costs.readFile, costs.verdict])
    expect(cost).toBeGreaterThan(0);
  expect(renderMembership(figures)).toContain('A membership of 20 members');
});
