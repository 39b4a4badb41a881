/** What a rule did to a request that it fitted, or would have done as a shadow. */
export type RuleEffect = 'allow' | 'deny' | 'over-limit';

/** How often a rule fitted. */
export interface RuleCount {
  /** "no-files". */
  readonly rule: string;
  readonly effect: RuleEffect;
  readonly shadow: boolean;
  count: number;
  /** Of `count`, what was told by `takeShadows` already. */
  told: number;
}

/** Counts by rule, for figures and the log. */
export interface RuleCounts {
  /** The counter of a rule and effect, to be kept by who counts. Beyond `most` rules all others share those of the rule "other". */
  of(rule: string, effect: RuleEffect, shadow: boolean): RuleCount;
  all(): Iterable<RuleCount>;
  /** Shadow rules that fitted since the last call, and how often. */
  takeShadows(): readonly { readonly rule: string; readonly effect: RuleEffect; readonly count: number }[];
}

/** No rule has more counters than effects, with and without shadow. */
const most = 4_000;

/** Counts from zero. Nothing is ever removed; at most 4000 counters have names of their own. */
export function createRuleCounts(): RuleCounts {
  const table = new Map<string, RuleCount>();
  const of: RuleCounts['of'] = (rule, effect, shadow) => {
    const key = `${rule} ${effect} ${shadow}`;
    const known = table.get(key);
    if (known !== undefined) return known;
    if (table.size >= most && rule !== 'other') return of('other', effect, shadow);
    const made = { rule, effect, shadow, count: 0, told: 0 };
    table.set(key, made);
    return made;
  };
  return {
    of,
    all: () => table.values(),
    takeShadows() {
      const taken = [];
      for (const one of table.values()) {
        if (!one.shadow || one.count === one.told) continue;
        taken.push({ rule: one.rule, effect: one.effect, count: one.count - one.told });
        one.told = one.count;
      }
      return taken;
    },
  };
}
