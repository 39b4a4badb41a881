import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import type { Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { PutRuleRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { EntryBody } from './bucket-entry.js';
import type { Wish } from './change-plan.js';
import { instantOf, keyOf, storedRules } from './edit-entry.js';
import type { Snapshot } from './table.js';

/** A rule as a community file would give it, with its defaults. */
function completed(rule: Rule): Rule {
  const { limit } = rule;
  return {
    ...rule,
    pair: rule.pair.toSorted(),
    validFrom: instantOf(rule.validFrom),
    validUntil: instantOf(rule.validUntil),
    ...(limit === undefined
      ? {}
      : { limit: { ...limit, burst: limit.burst === 0 ? limit.requests : limit.burst, each: limit.each === '' ? 'member' : limit.each } }),
  };
}

function noRule(rules: readonly Rule[], id: string): ApiFault {
  const ids = rules.map((rule) => rule.id);
  return new ApiFault('not-found', `There is no rule ${quoted(id)}${didYouMean(id, ids)}.`, 'list the rules to see which there are');
}

/** The rules with their places counted from 0; those whose place is another are among what is wanted. */
function inPlaces(rules: readonly Rule[]): Map<string, EntryBody | undefined> {
  return new Map(
    rules.map((rule, order) => {
      const body: EntryBody = { $case: 'rule', value: { ...rule, order } };
      return [keyOf(body), body];
    }),
  );
}

/** A rule as it shall be, new or changed, and where. Those at and behind its place move back. */
export function putRule(snapshot: Snapshot, { rule, expected, before, last }: PutRuleRequest): Wish {
  if (rule === undefined) throw new ApiFault('invalid', 'The request has no rule.', 'say what the rule shall be');
  if (before !== '' && last)
    throw new ApiFault('invalid', 'The rule cannot be before another and last.', 'give one of `before` and `last`');
  const key = keyOf({ $case: 'rule', value: rule });
  const others = storedRules(snapshot).flatMap((one) => (one.rule.id === rule.id ? [] : [one.rule]));
  const place = before === '' ? (last ? others.length : Math.min(rule.order, others.length)) : others.findIndex(({ id }) => id === before);
  if (place < 0) throw noRule(others, before);
  return { wanted: inPlaces(others.toSpliced(place, 0, completed(rule))), expected: new Map([[key, expected]]) };
}

/** A rule gone; those behind it move up. */
export function removeRule(snapshot: Snapshot, id: string, expected: bigint): Wish {
  const rules = storedRules(snapshot);
  const gone = rules.find(({ rule }) => rule.id === id);
  if (gone === undefined && expected === 0n)
    throw noRule(
      rules.map(({ rule }) => rule),
      id,
    );
  const key = gone?.entry.key ?? `rule.${id}`;
  const wanted = inPlaces(rules.flatMap(({ rule }) => (rule.id === id ? [] : [rule])));
  wanted.set(key, undefined);
  return { wanted, expected: new Map([[key, expected]]) };
}
