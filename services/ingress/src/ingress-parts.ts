import type { Bus } from '@guildhall/chassis/bus';
import type { Roster } from '@guildhall/chassis/roster';
import type { IngressConfig } from './config.js';
import type { Counts } from './counts.js';
import type { Events, Gauges } from './events.js';
import type { RecordKeeping } from './record-keeping.js';
import type { Traces } from './traces.js';

/** What an ingress is made of. */
export interface IngressParts {
  readonly config: IngressConfig;
  readonly epoch: string;
  readonly bus: Bus;
  readonly roster: Roster;
  readonly counts: Counts;
  readonly events: Events;
  /** Monotonic and wall time in ms, and a number from 0 to below 1. */
  readonly rim: { clock(): number; wall(): number; random(): number };
  readonly traces: Traces;
  /** Undefined: no records are kept. */
  readonly keeping: RecordKeeping | undefined;
}

/** A whole ingress, connected to the bus. */
export interface Ingress {
  readonly gauges: Gauges;
  /** Opens the listeners: "listener:<name>" to "host:port". Throws a Fault. */
  listen(): Promise<Record<string, string>>;
  ready(): { ok: boolean; reasons: readonly string[] };
  waitingFor(): string;
  onAnswered(record: (ms: number) => void): void;
  /** Stops accepting connections. Those that stand are served on until they are closed. */
  drain(): void;
  /** Says goodbye on connections that wait for nothing; true when nothing is left. `refuse`: takes no requests from now on. */
  finishIdle(refuse: boolean): boolean;
  close(): void;
}
