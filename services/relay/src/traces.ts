import { randomBytes } from 'node:crypto';
import { addressAttributes, attributes } from '@guildhall/chassis/attributes';
import { contextOfForward } from '@guildhall/chassis/trace-context';
import type { Tracing } from '@guildhall/chassis/tracing';
import { isReasonCode, reasons } from '@guildhall/proto/reason';
import { subjects } from '@guildhall/proto/subjects';
import type { TracedEnd, Traces } from './traced-end.js';

/**
 * Makes the spans of what a relay took in hand of traced transactions: from the arrival of its batch to the end, and within that the last writing to the far
 * member until that was answered.
 */
export function createTraces(tracing: Tracing, relayId: string): Traces {
  const subject = subjects.relay(relayId);
  return {
    ended(end) {
      const parent = contextOfForward(end.trace);
      if (parent === undefined || !tracing.on) return;
      const { traceId } = parent;
      const spanId = newSpanId();
      const failed = failureOf(end);
      tracing.span({
        traceId,
        spanId,
        parentSpanId: parent.spanId,
        remoteParent: true,
        name: `process ${template}`,
        kind: 'consumer',
        startedAt: end.openedAt,
        endedAt: end.endedAt,
        attributes: {
          [attributes.messagingSystem]: 'nats',
          [attributes.messagingDestination]: subject,
          [attributes.messagingTemplate]: template,
          [attributes.messagingOperation]: 'process',
          [attributes.messagingOperationType]: 'process',
          [attributes.relay]: relayId,
          [attributes.target]: end.member,
          [attributes.tries]: end.tries,
          ...(end.code === '' ? {} : { [attributes.reason]: end.code }),
        },
        failed: end.status === 0 ? failed : '',
      });
      if (end.writtenAt === 0) return;
      tracing.span({
        traceId,
        spanId: newSpanId(),
        parentSpanId: spanId,
        remoteParent: false,
        name: `SIP ${end.method}`,
        kind: 'client',
        startedAt: end.writtenAt,
        endedAt: end.endedAt,
        attributes: {
          [attributes.sipMethod]: end.method,
          [attributes.target]: end.member,
          ...(end.status === 0 ? {} : { [attributes.sipStatus]: end.status }),
          ...(failed === '' ? {} : { [attributes.errorType]: end.code || String(end.status) }),
          ...addressAttributes('server', end.link),
        },
        failed,
      });
    },
  };
}

const template = subjects.relay('relay').replace(/relay$/, '{relay}');

/** RFC 3261 21: from 400 on the far side did not do what it was asked for. */
function failureOf({ status, code }: TracedEnd): string {
  if (status === 0) return isReasonCode(code) ? reasons[code].about : 'nothing answered in time';
  return status >= 400 ? `the far member answered ${status}` : '';
}

function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
