import { attributes, methodName, type SpanAttributes, tell, tellAddress } from '@guildhall/chassis/attributes';
import { contextOfForward, createSpanIds } from '@guildhall/chassis/trace-context';
import type { Tracing } from '@guildhall/chassis/tracing';
import { isReasonCode, reasons } from '@guildhall/proto/reason';
import { subjects } from '@guildhall/proto/subjects';
import type { TracedEnd, Traces } from './traced-end.js';

/**
 * Makes the spans of what a relay took in hand of traced transactions: from the arrival of its batch to the end, and within that the last writing to the far
 * member until that was answered.
 */
export function createTraces(tracing: Tracing, relayId: string): Traces {
  const newSpanId = createSpanIds();
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
        attributes: handAttributes(end, relayId),
        failed: end.status === 0 ? failed : '',
      });
      if (end.writtenAt === 0) return;
      tracing.span({
        traceId,
        spanId: newSpanId(),
        parentSpanId: spanId,
        remoteParent: false,
        name: `SIP ${methodName(end.method)}`,
        kind: 'client',
        startedAt: end.writtenAt,
        endedAt: end.endedAt,
        attributes: wayAttributes(end, failed),
        failed,
      });
    },
  };
}

const template = subjects.relay('relay').replace(/relay$/, '{relay}');

function handAttributes({ member, tries, code }: TracedEnd, relayId: string): SpanAttributes {
  const told: SpanAttributes = new Map();
  told.set(attributes.messagingSystem, 'nats');
  told.set(attributes.messagingDestination, subjects.relay(relayId));
  told.set(attributes.messagingTemplate, template);
  told.set(attributes.messagingOperation, 'process');
  told.set(attributes.messagingOperationType, 'process');
  told.set(attributes.relay, relayId);
  told.set(attributes.target, member);
  told.set(attributes.tries, tries);
  tell(told, attributes.reason, code);
  return told;
}

function wayAttributes({ method, member, status, code, link }: TracedEnd, failed: string): SpanAttributes {
  const told: SpanAttributes = new Map();
  told.set(attributes.sipMethod, methodName(method));
  told.set(attributes.target, member);
  if (status !== 0) told.set(attributes.sipStatus, status);
  if (failed !== '') told.set(attributes.errorType, code || String(status));
  tellAddress(told, 'server', link);
  return told;
}

/** RFC 3261 21: from 400 on the far side did not do what it was asked for. */
function failureOf({ status, code }: TracedEnd): string {
  if (status === 0) return isReasonCode(code) ? reasons[code].about : 'nothing answered in time';
  return status >= 400 ? `the far member answered ${status}` : '';
}
