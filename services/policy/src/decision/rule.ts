/** Who a rule is about, on one side. A domain is meant with what is below it; a user by the user part and the exact host of its URI. */
export type Party =
  | { readonly kind: 'any' }
  | { readonly kind: 'member' | 'group'; readonly id: string }
  /** Of an empty set nobody is. */
  | { readonly kind: 'members'; readonly ids: ReadonlySet<string> }
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'user'; readonly user: string; readonly domain: string };

/** Hours of days of the week, UTC. */
export interface TimeWindow {
  /** Days on which it begins, 0 is Sunday, in order. */
  readonly days: readonly number[];
  /** Minutes since midnight, and for how many: 1 to 1440, so that it may run past midnight. */
  readonly fromMinute: number;
  readonly minutes: number;
}

/** How often something may be sent. */
export interface RuleLimit {
  /** So many requests every so many ms, and as many at once. */
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
  /** What has a measure of its own: the sender, sender and receiver, or sender and method. */
  readonly each: 'member' | 'pair' | 'method';
}

/** A rule that can be evaluated. All its conditions must hold; what is undefined or an empty list holds always. */
export interface Rule {
  readonly id: string;
  readonly from: Party;
  readonly to: Party;
  /** Instead of `from` and `to`: these two members, in both directions. */
  readonly pair: readonly [string, string] | undefined;
  /** Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Undefined: with or without any event package. */
  readonly events: ReadonlySet<string> | undefined;
  /** Kinds of media of which the session must offer one. */
  readonly media: readonly string[];
  /** Media types of which the body must have one. */
  readonly bodyTypes: readonly string[];
  /** The body must have more bytes than this; 0n: any. */
  readonly bodyLarger: bigint;
  readonly during: TimeWindow | undefined;
  /** In force from (included) until (excluded), ms since 1970; unbounded are -Infinity and Infinity. */
  readonly validFrom: number;
  readonly validUntil: number;
  readonly action: 'allow' | 'deny' | 'limit';
  /** Set where the action is limit. */
  readonly limit: RuleLimit | undefined;
  /** Evaluated and counted, not enforced. */
  readonly shadow: boolean;
  /** The operator's words, or ''. */
  readonly reason: string;
}
