import { describe, expect, it } from 'vitest';
import { createMembers, takeToken, wayBack } from './members.js';
import { transactionTable } from './transaction.stage.js';

describe('the bucket of a member', () => {
  it('holds a second’s worth, refills with time, and never from a clock that goes back', () => {
    const member = createMembers(10).of('acme');
    const taken = (now: number) => {
      let count = 0;
      while (takeToken(member, 10, now)) count += 1;
      return count;
    };
    expect([taken(0), taken(0), taken(99), taken(100), taken(50), taken(600), taken(100_000)]).toEqual([10, 0, 0, 1, 0, 5, 10]);
  });
});

describe('members', () => {
  it('are forgotten once they are no members and nothing of theirs is open', () => {
    const table = transactionTable();
    const wire = table.wire('acme');
    table.members.of('bolt');
    table.members.prune(() => false);
    expect([...table.members.all()].map((member) => member.id)).toEqual(['acme']);
    wire.member.wires.length = 0;
    table.members.prune((id) => id === 'acme');
    expect(table.members.find('acme')).toBeDefined();
    table.members.prune(() => false);
    expect(table.members.find('acme')).toBeUndefined();
  });

  it('get their answers on their own wires only', () => {
    const table = transactionTable();
    const [one, two] = [table.wire('acme'), table.wire('acme')];
    table.wire('bolt');
    expect(wayBack(two)).toBe(two);
    two.open = false;
    expect(wayBack(two)).toBe(one);
    one.open = false;
    expect(wayBack(two)).toBeUndefined();
  });
});
