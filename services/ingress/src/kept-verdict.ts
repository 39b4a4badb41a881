import { isConditional } from '@guildhall/proto/check-fit';
import { type Check, type Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { isReasonCode, type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Usage } from './route-token.js';

/** A verdict as it is kept: ready to be acted on. Times are monotonic ms. */
export interface KeptVerdict {
  readonly action: 'forward' | 'redirect' | 'refuse';
  readonly peer: string;
  /** The member it leads to, '' for none. */
  readonly member: string;
  readonly code: ReasonCode;
  readonly status: number;
  readonly sentence: string;
  /** The rule, agreement or model line that decided. */
  readonly rule: string;
  readonly contacts: readonly string[];
  readonly fromInterface: string;
  readonly toInterface: string;
  /** It refuses by rules, which what ends a dialog is not held to. */
  readonly byRules: boolean;
  /** Seconds until it is worth to try again; 0: not told. */
  readonly retryAfter: number;
  /** What each request must be held against; undefined: nothing. */
  readonly checks: readonly KeptCheck[] | undefined;
  /** From then on it is asked anew, while it still serves; ... */
  freshUntil: number;
  /** ... from then on it no longer serves. */
  readonly staleUntil: number;
  /** Header lines of the answer, made once: undefined until needed. Those for members that read ms-diagnostics-public apart. */
  lines: readonly string[] | undefined;
  microsoftLines: readonly string[] | undefined;
  /** The Record-Route value made last for it, and what for. */
  recordRoute: string;
  recordRouteFor: Usage | '';
  recordRouteSecure: boolean;
  recordRouteCaller: string;
  recordRouteKey: string;
}

/** A check of a verdict, with the verdicts that take its place where it fits. */
export interface KeptCheck {
  readonly check: Check;
  /** "no-files", for counts and measures. */
  readonly rule: string;
  readonly conditional: boolean;
  readonly within: KeptVerdict;
  /** Beyond its limit. */
  readonly beyond: KeptVerdict;
}

/** When a verdict is to be asked anew, and until when it serves; monotonic ms. */
export interface VerdictLife {
  readonly freshUntil: number;
  readonly staleUntil: number;
}

const ruleCodes: ReadonlySet<ReasonCode> = new Set(['denied-by-rule', 'not-allowed', 'over-limit']);

/** A verdict from the bus, checked: whatever it is not sure to mean is a refusal. */
export function keptVerdict(verdict: Verdict, peer: string, life: VerdictLife): KeptVerdict {
  const contacts = contactsOf(verdict);
  const action = actionOf(verdict.action, verdict, contacts);
  const code: ReasonCode = isReasonCode(verdict.code) ? verdict.code : 'hub-unavailable';
  const status = action === 'redirect' ? 302 : reasons[code].status;
  const base: KeptVerdict = {
    action,
    peer,
    member: verdict.member,
    code,
    // A refusal needs a status that refuses.
    status: status === 0 ? 500 : status,
    sentence: verdict.sentence,
    rule: verdict.rule,
    contacts,
    fromInterface: verdict.fromInterface,
    toInterface: verdict.toInterface,
    byRules: action === 'refuse' && ruleCodes.has(code),
    retryAfter: 0,
    checks: undefined,
    ...life,
    lines: undefined,
    microsoftLines: undefined,
    recordRoute: '',
    recordRouteFor: '',
    recordRouteSecure: false,
    recordRouteCaller: '',
    recordRouteKey: '',
  };
  return verdict.checks.length === 0 ? base : { ...base, checks: verdict.checks.map((check) => keptCheck(check, verdict, base)) };
}

/** The verdicts of one check, on the ground of the whole verdict. */
function keptCheck(check: Check, verdict: Verdict, base: KeptVerdict): KeptCheck {
  const action = actionOf(check.action, verdict, base.contacts);
  const { limit } = check;
  const told: ReasonCode = isReasonCode(check.code) && reasons[check.code].status >= 400 ? check.code : 'denied-by-rule';
  const refusal: KeptVerdict = {
    ...base,
    action: 'refuse',
    rule: check.rule,
    code: told,
    status: reasons[told].status,
    sentence: check.sentence,
    byRules: true,
    retryAfter: limit === undefined ? 0 : Math.max(1, Math.ceil(limit.perMs / Math.max(1, limit.requests) / 1000)),
  };
  const passing: KeptVerdict =
    action === 'redirect'
      ? { ...base, action, rule: check.rule, code: 'direct-partner', status: 302, sentence: check.redirected, byRules: false }
      : { ...base, action: 'forward', rule: check.rule, code: 'allowed', status: 500, sentence: '', byRules: false };
  return {
    check,
    rule: check.rule.startsWith('rule ') ? check.rule.slice(5) : check.rule,
    conditional: isConditional(check),
    // A limit that measures nothing would let everything pass.
    within: action === 'refuse' || (limit !== undefined && (limit.requests < 1 || limit.perMs < 1)) ? refusal : passing,
    beyond: refusal,
  };
}

/** Contacts that can stand between angle brackets in a header. */
function contactsOf(verdict: Verdict): readonly string[] {
  return verdict.contacts.filter((contact) => /^[\x21-\x7e]+$/.test(contact) && !/[<>"]/.test(contact));
}

function actionOf(action: VerdictAction, { member }: Verdict, contacts: readonly string[]): 'forward' | 'redirect' | 'refuse' {
  switch (action) {
    case VerdictAction.FORWARD:
      return member === '' ? 'refuse' : 'forward';
    case VerdictAction.REDIRECT:
      return contacts.length === 0 ? 'refuse' : 'redirect';
    default:
      return 'refuse';
  }
}
