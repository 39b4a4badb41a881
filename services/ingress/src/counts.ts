import type { CloseReason } from '@guildhall/proto/reason';
import { recordMethods } from '@guildhall/proto/records/record-methods';
import { createRefusals, type Refusals } from './refusals.js';
import { createRuleCounts, type RuleCounts } from './rule-counts.js';

/** What has happened since the start, in plain fields: the hot path only adds, events.ts reads. */
export interface Counts {
  /** Requests by method, see `methodIndex`. */
  readonly requests: number[];
  /** Requests by how they ended, see `countMessage`: of members, and of those what went on to a far member. */
  readonly messagesIn: number[];
  readonly messagesOut: number[];
  /** Responses sent by hundred of their status: index 1 to 6. */
  readonly responses: number[];
  /** Requests refused or failed here. */
  readonly refusals: Refusals;
  /** Connections closed before SIP, by reason. */
  readonly closed: Map<CloseReason, number>;
  /** What rules did that are held against each request. */
  readonly rules: RuleCounts;
  /** TLS handshakes that came to their end. */
  handshakesDone: number;
  connectionsAccepted: number;
  /** Certificates of the hub by what became of them: seen on the listener, refused as not usable, not what the listener shows. */
  certificatesServed: number;
  certificatesRefused: number;
  certificatesNotServed: number;
  /** Connections closed because the peer did not read, sent half a message for too long, or broke framing. */
  connectionsBroken: number;
  retransmissions: number;
  /** Requests refused because the hub was overloaded, and answers that told their peer how much to hold back (RFC 7339). */
  shed: number;
  ocTold: number;
  /** ACKs passed on, and those that belong to nothing. */
  acksForwarded: number;
  acksDropped: number;
  cancels: number;
  /** Responses nobody waits for (RFC 6026), and those whose peer has no connection any more. */
  strayOutcomes: number;
  lostResponses: number;
  /** Responses that came in on a peer's connection while no relay was there. */
  lostArrivals: number;
  /** Departing messages for a member without a connection. */
  lostDepartures: number;
  /** Payloads from the bus that broke their own rules. */
  brokenBatches: number;
  batches: number;
  forwards: number;
  /** Forwards handed to another relay, or again after NATS was away. */
  handedOver: number;
}

/** Methods counted by name; every other one counts as the last. */
export const countedMethods = recordMethods;

const indexes: ReadonlyMap<string, number> = new Map(countedMethods.map((method, index) => [method, index]));

/** Where a method is counted in `Counts.requests`. */
export function methodIndex(method: string): number {
  return indexes.get(method) ?? countedMethods.length - 1;
}

/** How a request ended: by hundred of the status of its final response, 200 to 600. */
export const outcomes = ['2xx', '3xx', '4xx', '5xx', '6xx'] as const;

/**
 * Counts a request that has its final response; `forwarded`: it went to a relay. ACK and CANCEL have no end of their own, and are not counted.
 * Hot path.
 */
export function countMessage(counts: Counts, method: string, status: number, forwarded: boolean): void {
  if (method === 'ACK' || method === 'CANCEL') return;
  const at = methodIndex(method) * outcomes.length + Math.trunc(status / 100) - 2;
  counts.messagesIn[at] = (counts.messagesIn[at] ?? 0) + 1;
  if (forwarded) counts.messagesOut[at] = (counts.messagesOut[at] ?? 0) + 1;
}

/** All zero. `refusalsTold`: see `createRefusals`. */
export function createCounts(refusalsTold = 50): Counts {
  return {
    requests: countedMethods.map(() => 0),
    messagesIn: countedMethods.flatMap(() => outcomes.map(() => 0)),
    messagesOut: countedMethods.flatMap(() => outcomes.map(() => 0)),
    responses: [0, 0, 0, 0, 0, 0, 0],
    refusals: createRefusals(refusalsTold),
    closed: new Map(),
    rules: createRuleCounts(),
    handshakesDone: 0,
    connectionsAccepted: 0,
    certificatesServed: 0,
    certificatesRefused: 0,
    certificatesNotServed: 0,
    connectionsBroken: 0,
    retransmissions: 0,
    shed: 0,
    ocTold: 0,
    acksForwarded: 0,
    acksDropped: 0,
    cancels: 0,
    strayOutcomes: 0,
    lostResponses: 0,
    lostArrivals: 0,
    lostDepartures: 0,
    brokenBatches: 0,
    batches: 0,
    forwards: 0,
    handedOver: 0,
  };
}

/** Adds one under a key of a closed list. */
export function increment<K>(table: Map<K, number>, key: K): void {
  table.set(key, (table.get(key) ?? 0) + 1);
}
