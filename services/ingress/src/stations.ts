import type { ReasonCode } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import type { AskAdmission, Hub } from './admit.js';
import type { Answers } from './answers.js';
import type { Counts } from './counts.js';
import type { Forwards } from './forwards.js';
import type { KeptVerdict } from './kept-verdict.js';
import type { Records } from './records.js';
import type { Relays } from './relays.js';
import type { Responses } from './responses.js';
import type { RuleChecks } from './rule-checks.js';
import type { Shedding } from './shedding.js';
import type { ServerTransaction, Transactions } from './transactions.js';
import type { Verdicts } from './verdicts.js';

/** Everything a request passes through on its way, made once. */
export interface Stations {
  readonly hub: Hub;
  readonly transactions: Transactions;
  readonly responses: Responses;
  readonly answers: Answers;
  readonly verdicts: Verdicts;
  readonly rules: RuleChecks;
  readonly relays: Relays;
  readonly forwards: Forwards;
  readonly counts: Counts;
  readonly records: Records;
  readonly shedding: Pick<Shedding, 'refused' | 'overdrawn'>;
  readonly limits: SipLimits & {
    readonly inFlight: number;
    readonly inFlightPerConnection: number;
    readonly inFlightPerMember: number;
    readonly inFlightPerPair: number;
    readonly transactionsPerMember: number;
    readonly requestsPerSecond: number;
    readonly verdictWaiting: number;
  };
  /** ms an ACK of a 2xx is worth passing on. */
  readonly ackWait: number;
  /** Lines of the answer to this member for a verdict that refuses or redirects. */
  verdictLines(verdict: KeptVerdict, member: string): readonly string[];
  /** Record-Route value for an admitted request with this verdict; undefined when it cannot be signed. */
  recordRoute(admission: AskAdmission, verdict: KeptVerdict): string | undefined;
  /** Why nothing can be taken now, '' when it can: no bus, no relay, draining. */
  unavailable(): ReasonCode | '';
  /** What goes with the question asked for this one: a `traceparent`, or '' where no trace is made. */
  traceOf(transaction: ServerTransaction | undefined): string;
  /** Monotonic ms. */
  clock(): number;
}
