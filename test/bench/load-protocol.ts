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

/** What the bench tells a child of the load, over IPC. */
export type Order =
  | { readonly kind: 'listen'; readonly port: number; readonly identity: Identity }
  | {
      readonly kind: 'connect';
      readonly port: number;
      readonly serverName: string;
      readonly identity: Identity;
      readonly peer: string;
      readonly connections: number;
    }
  | { readonly kind: 'run'; readonly load: Load }
  | { readonly kind: 'requests' }
  | { readonly kind: 'disconnect' };

/** What the child answers, one to each order. */
export type Answer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'connected' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'requests'; readonly requests: number }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'failed'; readonly why: string };
