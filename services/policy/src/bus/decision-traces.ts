import { randomBytes } from 'node:crypto';
import { attributes } from '@guildhall/chassis/attributes';
import { readTraceparent } from '@guildhall/chassis/trace-context';
import type { Tracing } from '@guildhall/chassis/tracing';
import { subjects } from '@guildhall/proto/subjects';
import type { Decision } from '../decision/hearing.js';

/** Spans of decisions. */
export interface DecisionTraces {
  /** A question came with this `traceparent`. Returns what is to be told of the answer; undefined: no trace is made. */
  begin(trace: string): ((decision: Decision, version: bigint) => void) | undefined;
}

/** Makes a span of each decision that belongs to a trace. `clock` is monotonic ms. */
export function createDecisionTraces(tracing: Tracing, clock: () => number): DecisionTraces {
  return {
    begin(trace) {
      const parent = tracing.on ? readTraceparent(trace) : undefined;
      if (parent?.sampled !== true) return undefined;
      const startedAt = clock();
      return ({ action, code, rule, peer, target }, version) =>
        tracing.span({
          traceId: parent.traceId,
          spanId: randomBytes(8).toString('hex'),
          parentSpanId: parent.spanId,
          remoteParent: true,
          name: `process ${subjects.ask}`,
          kind: 'server',
          startedAt,
          endedAt: clock(),
          attributes: new Map([
            [attributes.messagingSystem, 'nats'],
            [attributes.messagingDestination, subjects.ask],
            [attributes.messagingOperation, 'process'],
            [attributes.messagingOperationType, 'process'],
            [attributes.verdict, action],
            [attributes.reason, code],
            [attributes.rule, rule],
            [attributes.membership, String(version)],
            ...(peer === undefined ? [] : [[attributes.peer, peer.id] as const]),
            ...(target === undefined ? [] : [[attributes.target, target.id] as const]),
          ]),
          failed: '',
        });
    },
  };
}
