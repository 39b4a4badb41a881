import { Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { PutRuleRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type EntryBody, entryKey, type StoredEntry } from './bucket-entry.js';
import { inOrder, plan, type Wish, written } from './change-plan.js';
import { storedRules } from './edit-entry.js';
import { putRule, removeRule } from './edit-rule.js';
import type { Snapshot } from './table.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const any = { who: { $case: 'any' as const, value: true } };
const ruleOf = (id: string, order: number) => Rule.fromPartial({ id, order, from: any, to: any, action: 'deny' });

function snapshotOf(rules: readonly string[]): Snapshot {
  const stored = rules.map((id, order): [string, StoredEntry] => {
    const body: EntryBody = { $case: 'rule', value: ruleOf(id, order) };
    const key = entryKey(body);
    return [key, { key, body, revision: order + 1, by: { who: '', when: '', why: '', change: '' } }];
  });
  return { version: 9n, stored: new Map(stored) };
}

const orderOf = (snapshot: Snapshot) => storedRules(snapshot).map(({ rule }) => rule.id);

/** Pairs of rules that a change leaves in their order, and after how many writes one of them is the other way round. */
function turned(snapshot: Snapshot, wish: Wish): string[] {
  const writes = inOrder(plan(snapshot, wish).writes);
  const [before, after] = [orderOf(snapshot), orderOf(written(snapshot, writes))];
  const first = (order: readonly string[], one: string, other: string) => order.indexOf(one) < order.indexOf(other);
  const lasting = before.filter((id) => after.includes(id));
  return writes.flatMap((_, done) => {
    const meanwhile = orderOf(written(snapshot, writes.slice(0, done)));
    return lasting.flatMap((one) =>
      lasting.flatMap((other) =>
        first(before, one, other) && first(after, one, other) && !first(meanwhile, one, other) ? [`${one} ${other} after ${done}`] : [],
      ),
    );
  });
}

it('a change of the rules that breaks off under way has turned no two of them round that it leaves in their order', () => {
  const some = fc.shuffledSubarray(ids);
  fc.assert(
    fc.property(some, fc.constantFrom(...ids), fc.nat(6), (rules, id, order) => {
      const snapshot = snapshotOf(rules);
      const expected = BigInt(rules.indexOf(id) + 1);
      expect(turned(snapshot, putRule(snapshot, PutRuleRequest.fromPartial({ rule: ruleOf(id, order), expected })))).toEqual([]);
      if (rules.includes(id)) expect(turned(snapshot, removeRule(snapshot, id, expected))).toEqual([]);
    }),
  );
});
