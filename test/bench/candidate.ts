import type { Credentials } from './credentials.js';

/** Where a hub is to run: between the load's two ends. */
export interface Place {
  readonly credentials: Credentials;
  /** Port of 127.0.0.1 on which the answering member listens. */
  readonly sink: number;
  /** Ends whatever is still starting. */
  readonly signal: AbortSignal;
}

/** A hub that takes load. */
export interface RunningHub {
  /** Port of 127.0.0.1 for members. */
  readonly port: number;
  /** Name to expect in its certificate. */
  readonly serverName: string;
  /** The process whose tree is the whole hub; 0: no process is its own. */
  readonly pid: number;
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
  start(place: Place): Promise<RunningHub>;
}
