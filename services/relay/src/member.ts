import type { DoorCard, ProxyCard } from './door-card.js';
import type { LinkState } from './link.js';
import type { Budget, Line } from './queue.js';
import type { Candidate } from './targets.js';
import type { Transaction } from './transaction.js';

/** How a connection stands. */
export interface Standing {
  readonly state: LinkState['kind'];
  /** Why it is down, in words of our own; '': it is not, or nobody tried. */
  readonly why: string;
  /** When the certificate that was shown there last ends, ms since 1970; 0: none was. */
  readonly certificateEnds: number;
}

/** A way to write to a member: a connection we dialled, or one it opened to an ingress. */
export interface Link {
  /** Our own id of it, a subject token. */
  readonly id: string;
  readonly member: string;
  /** "host:port" of the proxy, or "ingress <id>" where a connection that the member opened there is used. */
  readonly address: string;
  isUp(): boolean;
  /** How it stands, for whoever looks after the hub. */
  standing(): Standing;
  /** False when more is unsent than a slow member may have. */
  hasRoom(): boolean;
  /** Appends a message: `text` as latin1, then source[start, end). Written once this turn. */
  write(text: string, source: Buffer, start: number, end: number): void;
}

/** One of a member's proxies (or one ingress that holds a connection of a member that only dials out). */
export interface MemberProxy extends Candidate {
  /** The ingress that holds its connection; undefined: it is dialled. */
  readonly through?: string;
  /** The same as long as nothing that matters about it changes. */
  readonly key: string;
  /** As of its links. */
  readonly address: string;
  priority: number;
  weight: number;
  readonly line: Line<Transaction>;
  readonly links: readonly Link[];
  /** ms until it may be dialled again; 0 when it may now. */
  restsFor(): number;
  /** Bits of Failure: why it is resting. */
  fault(): number;
  /** A connection that is up, or undefined. `choice`, any whole number, picks one of several. */
  ready(choice: number): Link | undefined;
  /** Something is to be sent: have it dialled. */
  want(): void;
  /** Time passed; `wanted`: its member is in use. */
  tick(now: number, wanted: boolean): void;
  /** A new door names it again: who it has to be is judged by that from now on. Those reached over an ingress are judged there. */
  expect?(card: DoorCard, proxyCard: ProxyCard): void;
  /** It is no longer the member's, or no longer ours. */
  close(): void;
}

/** What is known of the way to a member: 'unknown' until policy first answers; 'shut': no active member. */
export type DoorState = 'unknown' | 'open' | 'shut';

/** A member this relay has something to do with. */
export interface Member {
  readonly id: string;
  readonly budget: Budget;
  /** Waiting for the door. */
  readonly line: Line<Transaction>;
  door: DoorState;
  proxies: readonly MemberProxy[];
  /** Lower case: whom it may name in its answers. */
  domains: ReadonlySet<string>;
  /** Why DNS names nobody to dial, for the sender; '' when it does or is not asked. */
  unlocated: string;
  /** Transactions that are not over and were not answered 2xx. */
  inFlight: number;
  /** Monotonic ms: last forward; since when another relay owns it (0: it does not). */
  usedAt: number;
  foreignSince: number;
}
