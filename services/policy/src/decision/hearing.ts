import type { RequestFacts } from '@guildhall/proto/check-fit';
import type { Ask, Check } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { ReasonCode } from '@guildhall/proto/reason';
import type { Member, Membership } from './membership.js';

/** One thing that was looked at on the way to a decision, for `explain`. */
export interface Step {
  readonly subject: 'peer' | 'domain' | 'status' | 'model' | 'rule' | 'shadow' | 'agreement';
  readonly finding: string;
}

/** What becomes of a request, who decided it, and why in one sentence that is the same wherever one asks. */
export interface Decision {
  readonly action: 'forward' | 'redirect' | 'refuse';
  readonly code: ReasonCode;
  /** "rule no-video", "agreement acme bolt", "model clearinghouse", "status of acme" or "membership". */
  readonly rule: string;
  readonly sentence: string;
  /** Who sends and who is to get it, as far as they are known. */
  readonly peer: Member | undefined;
  readonly target: Member | undefined;
  /** SIP URIs of a redirect, most preferred first. */
  readonly contacts: readonly string[];
  /** Milliseconds for which this certainly holds while the membership does not change; 0: for as long as that. */
  readonly holdsFor: number;
  /** What ingress must hold against each request before this decision counts; empty where the request was known in full. */
  readonly checks: readonly Check[];
  readonly steps: readonly Step[];
}

/** A request as it is heard: what is asked of which membership, and what was found so far. */
export interface Hearing {
  readonly membership: Membership;
  readonly ask: Ask;
  readonly steps: Step[];
  /** The request itself, where it is known beyond its names: then the steps tell of every rule. */
  readonly facts: RequestFacts | undefined;
}

/** What one look at a request decides. */
export type Judgement = Pick<Decision, 'action' | 'code' | 'rule' | 'sentence'> &
  Partial<Pick<Decision, 'contacts' | 'holdsFor' | 'checks'>>;

/** One of the two parties: known and fit to talk, or known or not and refused. */
export type Heard =
  | { readonly member: Member; readonly refused?: undefined }
  | { readonly member: Member | undefined; readonly refused: Judgement };

/** A refusal by a code of the reason table. */
export function refusal(code: ReasonCode, rule: string, sentence: string): Judgement {
  return { action: 'refuse', code, rule, sentence };
}

/** The smaller of two times; what is no number counts as never. */
export function soonest(one: number, other: number): number {
  return other < one ? other : one;
}
