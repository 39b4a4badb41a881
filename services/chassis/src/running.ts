import type { SameProcess } from './same-process.js';

/** A service that serves. `addresses` are "host:port" as really bound, so a configured port 0 shows the one that was given. */
export interface Running {
  service: string;
  id: string;
  addresses: Record<string, string>;
  /** Resolves when the drain is over and everything it held is closed. Never rejects. */
  closed: Promise<void>;
  /** What a drain still waits for, in a few words ("12 transactions, 3 connections"); empty when nothing is left. */
  waitingFor?: () => string;
}

/**
 * Starts a service in this process. Resolves once it serves; aborting `signal` starts the drain, which takes at most
 * the configuration's `drain`. Throws a Fault on a bad start and then leaves nothing open. `beside`: services of one process that are
 * given the same one speak to each other without NATS where nobody else hears it.
 */
export type Start<C> = (config: C, signal: AbortSignal, beside?: SameProcess) => Promise<Running>;

/** What a service process tells its parent over IPC, once: that it serves, or why it does not. */
export type ReadyMessage =
  | { ready: true; service: string; id: string; pid: number; addresses: Record<string, string> }
  | { ready: false; service: string; pid: number; fault: { code: string; message: string; cure: string; exitCode: number } };
