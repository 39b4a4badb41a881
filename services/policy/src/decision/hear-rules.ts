import { checkFits, isConditional, type RequestFacts } from '@guildhall/proto/check-fit';
import { type Check, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { type Hearing, type Judgement, refusal, soonest } from './hearing.js';
import { type Member, rulesFor } from './membership.js';
import type { Rule } from './rule.js';
import { fitsByNames, type Meeting, misfitText, restOfRule } from './rule-conditions.js';
import { contentText, deniedByRule, overLimit, partyText, ruleText, windowText } from './rule-sentence.js';
import { inForce, untilTurns } from './rule-time.js';

/** What the rules make of a request. */
export interface RulesHeard {
  /** What the first rule that certainly fits says; undefined: none does. */
  readonly judgement: Judgement | undefined;
  /** Rules before it that may fit, and shadows, for ingress; empty where the request is known in full. */
  readonly checks: readonly Check[];
  /** Ms until another rule may be in force; Infinity: never. */
  readonly holdsFor: number;
}

/** Rules that are told one by one in an explanation. */
const mostTold = 200;

const actions = { forward: VerdictAction.FORWARD, redirect: VerdictAction.REDIRECT, refuse: VerdictAction.REFUSE } as const;

/** The check as it goes to ingress: what it does, and the words for where it refuses or redirects. */
function checkOf(rest: Check, rule: Rule, meeting: Meeting, judgement: Judgement): Check {
  const { ask, peer, target } = meeting;
  const check: Check = { ...rest, action: actions[judgement.action] };
  if (judgement.action === 'refuse') return { ...check, code: judgement.code, sentence: judgement.sentence };
  const redirected = judgement.action === 'redirect' ? judgement.sentence : '';
  if (rule.limit === undefined || rest.limit === undefined) return { ...check, redirected };
  return { ...check, redirected, code: 'over-limit', sentence: overLimit(ask, peer, target, rule, rule.limit) };
}

/** Why a rule that fits by names is not in force, or ''. */
function timeText(rule: Rule, now: number): string {
  if (inForce(rule, now)) return '';
  if (now < rule.validFrom) return `rule ${rule.id} holds from ${new Date(rule.validFrom).toISOString().replace('.000Z', 'Z')}`;
  if (now >= rule.validUntil) return `rule ${rule.id} ended at ${new Date(rule.validUntil).toISOString().replace('.000Z', 'Z')}`;
  return rule.during === undefined ? `rule ${rule.id} is not in force` : `rule ${rule.id} holds ${windowText(rule.during)} only`;
}

/** Why a rule that fits by names does not fit what the request carries. */
function contentMisfit(rule: Rule): string {
  const from = rule.from.kind === 'user' || rule.from.kind === 'domain' ? ` from ${partyText(rule.from)}` : '';
  const to = rule.to.kind === 'user' || rule.to.kind === 'domain' ? ` to ${partyText(rule.to)}` : '';
  return `rule ${rule.id} is about a request${contentText(rule)}${from}${to}, and this one is not`;
}

/** Tells an explanation of the rules that were tried, none when nobody listens. */
function teller({ membership, steps, facts }: Hearing) {
  let told = 0;
  let untold = 0;
  const tell = (subject: 'rule' | 'shadow', finding: string): void => {
    if (facts === undefined) return;
    if (told >= mostTold) untold += 1;
    else steps.push({ subject, finding });
    told += 1;
  };
  const end = (decided: Rule | undefined): void => {
    if (untold > 0) steps.push({ subject: 'rule', finding: `${untold} more rules were tried` });
    if (decided !== undefined) {
      steps.push({ subject: 'rule', finding: ruleText(decided) });
      return;
    }
    const count = membership.rules.length;
    const none = count === 0 ? 'there are no rules' : count === 1 ? 'the one rule does not fit' : `none of the ${count} rules fits`;
    steps.push({ subject: 'rule', finding: none });
  };
  return { tell, end };
}

function fitsFacts(check: Check, facts: RequestFacts): boolean {
  return !isConditional(check) || checkFits(check, facts);
}

/**
 * Goes through the rules from the first to the one that decides. `allow` says what it means that a rule allows. Without the
 * facts of a request, a rule that hangs on them becomes a check; with them it fits or not.
 */
export function hearRules(hearing: Hearing, peer: Member, target: Member, now: number, allow: (rule: Rule) => Judgement): RulesHeard {
  const { membership, ask, facts } = hearing;
  const meeting: Meeting = { ask, peer, target };
  const checks: Check[] = [];
  const { tell, end } = teller(hearing);
  let holdsFor = Number.POSITIVE_INFINITY;
  for (const rule of facts === undefined ? rulesFor(membership, ask.method) : membership.rules) {
    if (!fitsByNames(rule, meeting)) {
      if (facts !== undefined) tell('rule', misfitText(rule, meeting));
      continue;
    }
    holdsFor = soonest(holdsFor, untilTurns(rule, now));
    if (!inForce(rule, now)) {
      if (facts !== undefined) tell('rule', timeText(rule, now));
      continue;
    }
    const judgement =
      rule.action === 'deny' ? refusal('denied-by-rule', `rule ${rule.id}`, deniedByRule(ask, peer, target, rule)) : allow(rule);
    const check = checkOf(restOfRule(rule, meeting), rule, meeting, judgement);
    if (facts !== undefined) {
      if (!fitsFacts(check, facts)) {
        tell('rule', contentMisfit(rule));
      } else if (rule.shadow) {
        tell('shadow', `${ruleText(rule)} It is a shadow: counted, not enforced.`);
      } else {
        end(rule);
        return { judgement, checks, holdsFor };
      }
      continue;
    }
    const certain = !rule.shadow && !isConditional(check);
    if (!certain || check.limit !== undefined) checks.push(check);
    if (certain) {
      end(rule);
      return { judgement, checks, holdsFor };
    }
  }
  end(undefined);
  return { judgement: undefined, checks, holdsFor };
}
