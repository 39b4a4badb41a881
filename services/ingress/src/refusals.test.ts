import { describe, expect, it } from 'vitest';
import { createRefusals } from './refusals.js';

describe('requests that were refused', () => {
  it('are counted by code, and told once for each member and sentence', () => {
    const refusals = createRefusals(10);
    refusals.add('acme', 403, 'denied-by-rule', 'Rule a denies it.');
    refusals.add('acme', 403, 'denied-by-rule', 'Rule a denies it.');
    refusals.add('acme', 403, 'denied-by-rule', 'Rule b denies it.');
    refusals.add('bolt', 403, 'denied-by-rule', 'Rule a denies it.');
    expect([...refusals.byCode()]).toEqual([['denied-by-rule', 4]]);
    const same = { status: 403, code: 'denied-by-rule' };
    expect(refusals.take()).toEqual({
      notes: [
        { member: 'acme', ...same, sentence: 'Rule a denies it.', count: 2 },
        { member: 'acme', ...same, sentence: 'Rule b denies it.', count: 1 },
        { member: 'bolt', ...same, sentence: 'Rule a denies it.', count: 1 },
      ],
      others: 0,
    });
    expect(refusals.take()).toEqual({ notes: [], others: 0 });
    expect([...refusals.byCode()]).toEqual([['denied-by-rule', 4]]);
  });

  it('say what the answer says where they have no sentence of their own', () => {
    const refusals = createRefusals(10);
    refusals.add('acme', 503, 'hub-unavailable', '');
    expect(refusals.take().notes[0]?.sentence).toMatch(/^\S.*\S$/);
  });

  it('fill no log: beyond so many different ones they are only counted', () => {
    const refusals = createRefusals(2);
    for (const domain of ['a', 'b', 'c', 'd']) refusals.add('acme', 404, 'unknown-domain', `Nobody has ${domain}.test.`);
    refusals.add('acme', 404, 'unknown-domain', 'Nobody has a.test.');
    const { notes, others } = refusals.take();
    expect([notes.map(({ sentence, count }) => [sentence, count]), others]).toEqual([
      [
        ['Nobody has a.test.', 2],
        ['Nobody has b.test.', 1],
      ],
      2,
    ]);
    refusals.add('acme', 404, 'unknown-domain', 'Nobody has c.test.');
    expect(refusals.take()).toMatchObject({ notes: [{ count: 1 }], others: 0 });
  });
});
