import { checkFits } from '@guildhall/proto/check-fit';
import type { CheckLimit } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Message } from '@guildhall/proto/sip/message';
import type { AskAdmission } from './admit.js';
import { methodIndex } from './counts.js';
import type { KeptCheck, KeptVerdict } from './kept-verdict.js';
import { requestFacts } from './request-facts.js';
import type { RuleCounts, RuleEffect } from './rule-counts.js';
import type { RuleMeasures } from './rule-measures.js';

/** What rules say that hang on the request itself. */
export interface RuleChecks {
  /**
   * The verdict that counts for this request: of the checks that fit it, the first that is no shadow decides, else the verdict as it is. `sender`
   * is the member it came from, `now` monotonic ms. Not to be asked about what only ends a dialog, see `endsDialog`.
   */
  judge(verdict: KeptVerdict, request: Message, admission: AskAdmission, sender: string, now: number): KeptVerdict;
}

/** What the checks are taken with. */
export interface RuleChecksDesk {
  readonly measures: RuleMeasures;
  readonly counts: RuleCounts;
  /** How many ingress instances share a rate, at least 1. */
  instances(): number;
}

/** Which measure a limit takes from. Methods of a peer's making share one. */
function measureKey(rule: string, { each }: CheckLimit, verdict: KeptVerdict, admission: AskAdmission): string {
  switch (each) {
    case 'pair':
      return `${rule} ${admission.peer} ${admission.target === '' ? verdict.member : admission.target}`;
    case 'method':
      return `${rule} ${admission.peer} ${methodIndex(admission.method)}`;
    default:
      return `${rule} ${admission.peer}`;
  }
}

function effectOf({ within }: KeptCheck, kept: boolean): RuleEffect {
  if (!kept) return 'over-limit';
  return within.action === 'refuse' ? 'deny' : 'allow';
}

/** Makes the checks of one ingress. */
export function createRuleChecks({ measures, counts, instances }: RuleChecksDesk): RuleChecks {
  return {
    judge(verdict, request, admission, sender, now) {
      const facts = requestFacts(request, admission, sender);
      for (const kept of verdict.checks ?? []) {
        const { check, rule } = kept;
        if (kept.conditional && !checkFits(check, facts)) continue;
        const { limit, shadow } = check;
        const keeps =
          limit === undefined || measures.take(measureKey(rule, limit, verdict, admission), limit, 1 / Math.max(1, instances()), now);
        counts.of(rule, effectOf(kept, keeps), shadow).count += 1;
        if (!shadow) return keeps ? kept.within : kept.beyond;
      }
      return verdict;
    },
  };
}

/** Whether a request only ends what was let in before: no rule keeps a call from being hung up. */
export function endsDialog(request: Message, admission: AskAdmission): boolean {
  return admission.token !== undefined && (request.method === 'BYE' || request.method === 'ACK');
}
