import { describe, expect, it } from 'vitest';
import { createToldCounts } from './told-counts.js';

describe('counts of ends told', () => {
  it('are one an incarnation, and the first of too many is forgotten', () => {
    const counts = createToldCounts(2);
    counts.of('i1', 'a').finals += 1;
    counts.of('i1', 'a').finals += 1;
    counts.of('i1', 'b').finals += 1;
    expect(counts.list()).toEqual([
      { ingress: 'i1', epoch: 'a', finals: 2n },
      { ingress: 'i1', epoch: 'b', finals: 1n },
    ]);
    counts.of('i2', 'a');
    expect(counts.list().map(({ ingress, epoch }) => `${ingress} ${epoch}`)).toEqual(['i1 b', 'i2 a']);
  });
});
