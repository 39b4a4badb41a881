import type { Got } from './answerer.js';
import type { Pattern } from './patterns.js';
import type { Load } from './sender.js';
import type { LoadResult } from './tally.js';

/** Length of a request of the load in bytes, head and body. */
export const messageBytes = 600;

/** Who a child of the load is: its member's domain and PEM texts. */
export interface Identity {
  readonly domain: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Where a child connects, as whom, and for talking to whom. */
interface Connecting {
  readonly port: number;
  /** Ports that take connections in turn with it. */
  readonly further?: readonly number[];
  readonly serverName: string;
  readonly identity: Identity;
  /** The other member's domain. */
  readonly peer: string;
  readonly connections: number;
}

/** What the bench tells a child of the load, over IPC. */
export type Order =
  /** Answer at `port` (0: any), and as each of `others` at a port of its own. */
  | { readonly kind: 'listen'; readonly port: number; readonly identity: Identity; readonly others?: readonly Identity[] }
  /** Open connections for the load of a pattern, MESSAGEs by default. */
  | ({ readonly kind: 'connect'; readonly pattern?: Pattern } & Connecting)
  /** Open connections over which each SUBSCRIBE that arrives is followed by a NOTIFY. */
  | ({ readonly kind: 'notify' } & Connecting)
  | { readonly kind: 'run'; readonly load: Load }
  | { readonly kind: 'requests' }
  /** Close what was opened; what listens stays. */
  | { readonly kind: 'disconnect' };

/** What the child answers, one to each order. */
export type Answer =
  | { readonly kind: 'listening'; readonly port: number; readonly others: readonly number[] }
  | { readonly kind: 'connected' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | ({ readonly kind: 'requests'; readonly notified: number; readonly troubles: readonly string[] } & Got)
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'failed'; readonly why: string };
