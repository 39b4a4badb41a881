import type { Credentials } from './credentials.js';
import type { Pattern } from './patterns.js';

/** Where a hub is to run: between the load's two ends. */
export interface Place {
  readonly credentials: Credentials;
  /** Port of 127.0.0.1 on which the answering member listens. */
  readonly sink: number;
  /** Port of 127.0.0.1 on which the sending member listens, for what comes the other way. */
  readonly source: number;
  /** Further members, each with the port of 127.0.0.1 on which it answers. */
  readonly others: readonly { readonly domain: string; readonly port: number }[];
  /** How many connections the sending member opens at most. */
  readonly connections: number;
  /** Ends whatever is still starting. */
  readonly signal: AbortSignal;
}

/** A hub that takes load. */
export interface RunningHub {
  /** Port of 127.0.0.1 for members. */
  readonly port: number;
  /** The same of further ingresses, which take their turn of the connections. */
  readonly further?: readonly number[];
  /** Name to expect in its certificate. */
  readonly serverName: string;
  /** Where the answering member sends what goes the other way, if it is not the same. */
  readonly back?: { readonly port: number; readonly serverName: string };
  /** The process whose tree is the whole hub; 0: no process is its own. */
  readonly pid: number;
  /** Where there is no such process: those whose trees are. */
  readonly pids?: readonly number[];
  /** What is unlike other runs of the same hub, in words. */
  readonly how?: string;
  /** Whether it, or a part of it, has ended by itself. Asked before each run and behind it; one that cannot tell has not. */
  died?(): boolean;
  /** What it last said, for when something went wrong. */
  output(): string;
  /** What it was to do beside passing messages on and did not, in words: asked after a run of so many transactions. */
  complaints?(transactions: number): Promise<readonly string[]>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

/** Something that can be measured, by name. */
export interface Candidate {
  readonly name: string;
  /** Patterns of which this says different things need a hub each. */
  apart?(pattern: Pattern): string;
  start(place: Place): Promise<RunningHub>;
}
