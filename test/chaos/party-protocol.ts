import type { Identity } from '../bench/load-protocol.js';
import type { Failure } from '../stage/child.js';

/** How a member's proxy treats requests that reach it. It can be changed while traffic runs. */
export type Behaviour =
  /** Answers every request with this status, so many ms after it came (default at once); 503 comes with Retry-After. Pings of the hub get 200. */
  | { readonly kind: 'answers'; readonly status: number; readonly delay?: number }
  /** Reads, and says nothing: neither to requests nor, with `pings` false, to the hub's OPTIONS and CRLF. */
  | { readonly kind: 'silent'; readonly pings: boolean }
  /** Takes connections with their handshake and never reads from them. */
  | { readonly kind: 'never-reads' }
  /** Resets the connection on which a request came, unanswered. */
  | { readonly kind: 'resets' }
  /** Refuses connections and has reset those that stood. */
  | { readonly kind: 'gone' };

/** What a proxy's process is told, one order at a time. */
export type PartyOrder =
  /** Take connections on 127.0.0.1:`port` (0: any). */
  | { readonly kind: 'listen'; readonly port: number; readonly identity: Identity }
  /** Keep `each` connections open to every port; what is closed is dialled again at once, then every 100 ms. Resolves when all are open. */
  | {
      readonly kind: 'dial';
      readonly ports: readonly number[];
      readonly each: number;
      readonly serverName: string;
      readonly identity: Identity;
    }
  /** Send on the connections that the hub dials, from now on (RFC 5923). Resolves when one is open, within `patience` ms. */
  | { readonly kind: 'reuse'; readonly patience: number }
  /** Send MESSAGEs to these domains in turn, `rate` a second in all (open loop). Again with another rate: goes on with that; 0 pauses. */
  | { readonly kind: 'send'; readonly peers: readonly string[]; readonly rate: number }
  /** Send nothing new and wait until everything has its answer or `patience` ms are over. */
  | { readonly kind: 'settle'; readonly patience: number }
  | { readonly kind: 'behave'; readonly behaviour: Behaviour }
  /** Show another certificate from now on: to the hub when it dials, and when dialling it. Connections that stand are kept. */
  | { readonly kind: 'wear'; readonly identity: Identity }
  | { readonly kind: 'books' }
  | { readonly kind: 'close' };

/** What it answers, one to each order. */
export type PartyAnswer =
  | Failure
  | { readonly kind: 'listen'; readonly port: number }
  | { readonly kind: 'dial' }
  | { readonly kind: 'reuse' }
  | { readonly kind: 'send' }
  | { readonly kind: 'settle'; readonly unanswered: number }
  | { readonly kind: 'behave' }
  | { readonly kind: 'wear' }
  | { readonly kind: 'books'; readonly books: Books }
  | { readonly kind: 'close' };

/** What one proxy wrote down. All moments are ms of the machine's monotonic clock (moment.ts), the same in every process. */
export interface Books {
  readonly domain: string;
  /** When its process began. */
  readonly since: number;
  readonly sent: SenderBook;
  readonly received: ReceiverBook;
}

/** A proxy as client. Transactions are numbered from 0; the columns have one entry each. */
export interface SenderBook {
  /** Keeps its transactions apart from those of other senders; part of each Call-ID. */
  readonly run: string;
  /** Domains it sent to; `peer` counts in it. */
  readonly peers: readonly string[];
  readonly count: number;
  readonly peer: Uint8Array;
  readonly sentAt: Float64Array;
  /** Of the first final answer; 0: none came. */
  readonly answeredAt: Float64Array;
  readonly status: Uint16Array;
  /** Which of `reasons` the first final carries, counted from 1; 0: none, then it is the far member's own. */
  readonly reason: Uint8Array;
  readonly reasons: readonly string[];
  /** Final answers that came. */
  readonly times: Uint8Array;
  /** Which of `connections` it went out on. */
  readonly connection: Uint32Array;
  readonly connections: readonly ConnectionEntry[];
  /** 503 that came with Retry-After, and without. */
  readonly retryAfter: { readonly given: number; readonly missing: number };
  /** Requests that were due and not sent, as no connection took them. */
  readonly heldBack: number;
  /** Final answers to transactions that were never sent. */
  readonly strays: number;
  readonly troubles: readonly string[];
}

/** One connection a proxy sent on. */
export interface ConnectionEntry {
  /** Where it dialled; its own where the hub did. */
  readonly port: number;
  readonly openedAt: number;
  /** 0: it is open still. */
  readonly closedAt: number;
  /** How it ended: the far end said so (close_notify, FIN), it broke, or it was never up. '' while it is open. */
  readonly end: '' | 'closed' | 'broken';
}

/** A proxy as server: what came from each sender, by its `run` and number. */
export interface ReceiverBook {
  readonly runs: readonly ReceivedRun[];
  /** Connections taken, and those that ended. */
  readonly accepted: number;
  readonly ended: number;
}

/** What came of one sender's transactions. */
export interface ReceivedRun {
  readonly run: string;
  /** By number: when it first came, 0 if it never did. */
  readonly firstAt: Float64Array;
  /** By number: how often it came under the branch of the first time. More than once is a copy, which RFC 3261 17.2.3 absorbs. */
  readonly times: Uint8Array;
  /** By number: how often it came under another branch: a second transaction, which nobody may make of one. */
  readonly otherBranch: Uint8Array;
}
