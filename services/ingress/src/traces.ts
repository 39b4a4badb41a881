import { attributes, callIdHash, methodName, type SpanAttributes, tell, tellAddress } from '@guildhall/chassis/attributes';
import type { FinishedSpan } from '@guildhall/chassis/finished-span';
import { sampleKey, spanIdOf, tracedForward, traceHighOf, traceIdOf, traceparent } from '@guildhall/chassis/trace-context';
import type { Tracing } from '@guildhall/chassis/tracing';
import type { TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import type { ReasonCode } from '@guildhall/proto/reason';
import { reasons } from '@guildhall/proto/reason';
import { subjects } from '@guildhall/proto/subjects';

/** What is known of a transaction that is over. Times are monotonic ms, 0 for what did not happen; parts of time microseconds. */
export interface TracedTransaction {
  /** Number of its record. */
  readonly serial: number;
  readonly method: string;
  readonly event: string;
  readonly peer: string;
  readonly target: string;
  readonly fromDomain: string;
  readonly toDomain: string;
  readonly callId: string;
  /** "address:port" it came from. */
  readonly source: string;
  readonly status: number;
  readonly byHub: boolean;
  readonly code: ReasonCode | '';
  readonly rule: string;
  readonly verdict: 'forward' | 'redirect' | 'refuse' | '';
  readonly openedAt: number;
  readonly decidedAt: number;
  readonly forwardedAt: number;
  readonly endedAt: number;
  readonly relay: string;
  /** "host:port" of the far member's proxy. */
  readonly link: string;
  readonly linkWait: number;
  readonly far: number;
  readonly tries: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** Traces of what this ingress passes on and refuses. */
export interface Traces {
  /** Whether any are made. */
  readonly on: boolean;
  /** Traced from the beginning is whose `sampleKey` is below this. */
  readonly threshold: number;
  /** Whether spans are made of a transaction that ended with this answer: once, and only then `finished`. Hot path. */
  wanted(serial: number, status: number, byHub: boolean): boolean;
  finished(transaction: TracedTransaction): void;
  /** What goes with a question asked for this one: '' unless it is traced from the beginning. */
  ask(serial: number): string;
  /** What says that entry `entry` of a batch belongs to a trace. */
  forward(entry: number, serial: number): TracedForward;
}

/** Places in a trace. */
const place = { server: 1, ask: 2, send: 3 } as const;

/** Whether it is traced however small the part is that is: the hub or the far side failed, or the hub refused. */
export function alwaysTraced(status: number, byHub: boolean): boolean {
  return status >= (byHub ? 300 : 500);
}

/** Makes the spans of an ingress incarnation, each trace in one go when its transaction is over. */
export function createTraces(tracing: Tracing, epoch: string): Traces {
  const high = traceHighOf(epoch);
  const { threshold } = tracing;
  return {
    on: tracing.on,
    threshold,
    wanted: (serial, status, byHub) =>
      sampleKey(serial) < threshold ? serial !== 0 : tracing.on && alwaysTraced(status, byHub) && tracing.admits(),
    finished(transaction) {
      for (const span of spansOf(transaction, traceIdOf(high, transaction.serial))) tracing.span(span);
    },
    ask(serial) {
      if (serial === 0 || sampleKey(serial) >= threshold) return '';
      const traceId = traceIdOf(high, serial);
      return traceparent({ traceId, spanId: spanIdOf(traceId, place.ask), sampled: true });
    },
    forward(entry, serial) {
      const traceId = traceIdOf(high, serial);
      return tracedForward(entry, traceId, spanIdOf(traceId, place.send));
    },
  };
}

/** The spans of one transaction: all of it, the question to policy where it waited for that, and what went to a relay until an outcome was back. */
export function spansOf(transaction: TracedTransaction, traceId: string): FinishedSpan[] {
  const server = spanIdOf(traceId, place.server);
  const { openedAt, decidedAt, forwardedAt, endedAt, status } = transaction;
  const failed = status >= 500 ? failureOf(transaction) : '';
  const name = `SIP ${methodName(transaction.method)}`;
  const spans = [spanOf(traceId, place.server, '', 'server', name, openedAt, endedAt, serverAttributes(transaction), failed)];
  // A verdict that was at hand takes no time; a microsecond is more than two sums of the same times differ by.
  if (decidedAt - openedAt > 0.001) {
    spans.push(
      spanOf(traceId, place.ask, server, 'client', `request ${subjects.ask}`, openedAt, decidedAt, askAttributes(transaction), ''),
    );
  }
  if (forwardedAt > 0) {
    spans.push(
      spanOf(traceId, place.send, server, 'producer', `send ${relayTemplate}`, forwardedAt, endedAt, sendAttributes(transaction), failed),
    );
  }
  return spans;
}

/** All in one shape: to spread one object into others takes longer than to write a span down. */
function spanOf(
  traceId: string,
  at: number,
  parentSpanId: string,
  kind: FinishedSpan['kind'],
  name: string,
  startedAt: number,
  endedAt: number,
  told: SpanAttributes,
  failed: string,
): FinishedSpan {
  const spanId = spanIdOf(traceId, at);
  return { traceId, spanId, parentSpanId, remoteParent: false, name, kind, startedAt, endedAt, attributes: told, failed };
}

/** The subjects of all relays are one name. */
const relayTemplate = subjects.relay('relay').replace(/relay$/, '{relay}');

function serverAttributes(transaction: TracedTransaction): SpanAttributes {
  const { status, code, callId } = transaction;
  const told = messageAttributes(transaction);
  told.set(attributes.sipStatus, status);
  told.set(attributes.answeredBy, transaction.byHub ? 'hub' : 'far');
  told.set(attributes.requestBytes, transaction.requestBytes);
  told.set(attributes.responseBytes, transaction.answerBytes);
  if (callId !== '') told.set(attributes.sipCallId, callIdHash(callId));
  tell(told, attributes.sipFromDomain, transaction.fromDomain);
  tell(told, attributes.sipToDomain, transaction.toDomain);
  tell(told, attributes.peer, transaction.peer);
  tell(told, attributes.target, transaction.target);
  tell(told, attributes.verdict, transaction.verdict);
  tell(told, attributes.rule, transaction.rule);
  tell(told, attributes.reason, code);
  if (status >= 500) told.set(attributes.errorType, code || String(status));
  tellAddress(told, 'client', transaction.source);
  return told;
}

function messageAttributes({ method, event }: TracedTransaction): SpanAttributes {
  const told: SpanAttributes = new Map();
  told.set(attributes.sipMethod, methodName(method));
  tell(told, attributes.sipEvent, event);
  return told;
}

function askAttributes({ verdict, rule }: TracedTransaction): SpanAttributes {
  const told = messaging(subjects.ask, 'request');
  tell(told, attributes.verdict, verdict);
  tell(told, attributes.rule, rule);
  return told;
}

function sendAttributes(transaction: TracedTransaction): SpanAttributes {
  const { relay } = transaction;
  const told = messaging(relay === '' ? '' : subjects.relay(relay), 'send');
  told.set(attributes.messagingTemplate, relayTemplate);
  tell(told, attributes.relay, relay);
  tell(told, attributes.target, transaction.target);
  tellAddress(told, 'server', transaction.link);
  told.set(attributes.linkWait, transaction.linkWait);
  told.set(attributes.far, transaction.far);
  told.set(attributes.tries, transaction.tries);
  return told;
}

/** Only words of the reason table: the sentence of a case may name somebody. */
function failureOf({ code, status }: TracedTransaction): string {
  return code === '' ? `the far member answered ${status}` : reasons[code].about;
}

function messaging(subject: string, operation: string): SpanAttributes {
  const told: SpanAttributes = new Map();
  told.set(attributes.messagingSystem, 'nats');
  tell(told, attributes.messagingDestination, subject);
  told.set(attributes.messagingOperation, operation);
  told.set(attributes.messagingOperationType, 'send');
  return told;
}
