import type { HubSettings } from '../stage/hub.js';
import type { Account } from './ledger.js';
import type { Memory } from './memory.js';

/** What the command line asks of a row; each row has its own good values for what is not given. */
export interface RowOptions {
  /** Transactions a second over all senders. */
  readonly rate?: number;
  /** Members in the community, at least six. */
  readonly members?: number;
  /** Seconds of traffic from the fault on. */
  readonly seconds?: number;
  /** Seconds of traffic before the fault, warm-up included. */
  readonly calm?: number;
  /** Settings of the hub besides those of the row, such as no shedding where others use the same cores. */
  readonly settings?: HubSettings;
}

/** Where rows are played. */
export interface Stage {
  readonly options: RowOptions;
  /** Aborted when the run is to end: what takes long looks at it. */
  readonly signal: AbortSignal;
  /** A line of progress. */
  say(line: string): void;
}

/** Half of the traffic's time from the fault on, ms, 5 s where nothing is asked for: how long what was killed stays away. */
export function halfway({ options }: Stage): number {
  return ((options.seconds ?? 10) * 1000) / 2;
}

/** One row of the table: a fault, and what must hold. */
export interface Row {
  readonly name: string;
  /** What is done to the hub, in half a line. */
  readonly about: string;
  /** What must hold, in a line. */
  readonly promise: string;
  /** Plays it. Rejects when it cannot be played: something does not start, or a tool is missing that should be there. */
  run(stage: Stage): Promise<RowResult>;
}

/** What came of a row. */
export interface RowResult {
  readonly verdict: 'kept' | 'broken' | 'skipped';
  /** Each promise that broke, as a sentence with the figure that is; for `skipped` why. */
  readonly broken: readonly string[];
  /** Figures beside the table, and how the fault was made where there are several ways. */
  readonly notes: readonly string[];
  /** Without one, traffic was not what the row looked at. */
  readonly account?: Account;
  readonly memory?: { readonly before: Memory; readonly after: Memory };
}
