import { attributes, callIdHash, methodName, type SpanAttributes, tell, tellAddress } from '@guildhall/chassis/attributes';
import { sampleKey, spanIdOf, tracedForward, traceHighOf, traceIdOf, traceparent } from '@guildhall/chassis/trace-context';
import type { FinishedSpan, Tracing } from '@guildhall/chassis/tracing';
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
  const child = { traceId, parentSpanId: server, remoteParent: false };
  const { openedAt, decidedAt, forwardedAt, endedAt, status } = transaction;
  const failed = status >= 500 ? failureOf(transaction) : '';
  const spans: FinishedSpan[] = [
    {
      traceId,
      spanId: server,
      parentSpanId: '',
      remoteParent: false,
      name: `SIP ${methodName(transaction.method)}`,
      kind: 'server',
      startedAt: openedAt,
      endedAt,
      attributes: serverAttributes(transaction),
      failed,
    },
  ];
  // A verdict that was at hand takes no time; a microsecond is more than two sums of the same times differ by.
  if (decidedAt - openedAt > 0.001) {
    spans.push({
      ...child,
      spanId: spanIdOf(traceId, place.ask),
      name: `request ${subjects.ask}`,
      kind: 'client',
      startedAt: openedAt,
      endedAt: decidedAt,
      attributes: askAttributes(transaction),
      failed: '',
    });
  }
  if (forwardedAt > 0) {
    spans.push({
      ...child,
      spanId: spanIdOf(traceId, place.send),
      name: `send ${relayTemplate}`,
      kind: 'producer',
      startedAt: forwardedAt,
      endedAt,
      attributes: sendAttributes(transaction),
      failed,
    });
  }
  return spans;
}

/** The subjects of all relays are one name. */
const relayTemplate = subjects.relay('relay').replace(/relay$/, '{relay}');

function serverAttributes(transaction: TracedTransaction): SpanAttributes {
  const { status, code, callId } = transaction;
  const told = messageAttributes(transaction);
  told[attributes.sipStatus] = status;
  told[attributes.answeredBy] = transaction.byHub ? 'hub' : 'far';
  told[attributes.requestBytes] = transaction.requestBytes;
  told[attributes.responseBytes] = transaction.answerBytes;
  if (callId !== '') told[attributes.sipCallId] = callIdHash(callId);
  tell(told, attributes.sipFromDomain, transaction.fromDomain);
  tell(told, attributes.sipToDomain, transaction.toDomain);
  tell(told, attributes.peer, transaction.peer);
  tell(told, attributes.target, transaction.target);
  tell(told, attributes.verdict, transaction.verdict);
  tell(told, attributes.rule, transaction.rule);
  tell(told, attributes.reason, code);
  if (status >= 500) told[attributes.errorType] = code || String(status);
  tellAddress(told, 'client', transaction.source);
  return told;
}

function messageAttributes({ method, event }: TracedTransaction): SpanAttributes {
  const told: SpanAttributes = {};
  told[attributes.sipMethod] = methodName(method);
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
  told[attributes.messagingTemplate] = relayTemplate;
  tell(told, attributes.relay, relay);
  tell(told, attributes.target, transaction.target);
  tellAddress(told, 'server', transaction.link);
  told[attributes.linkWait] = transaction.linkWait;
  told[attributes.far] = transaction.far;
  told[attributes.tries] = transaction.tries;
  return told;
}

/** Only words of the reason table: the sentence of a case may name somebody. */
function failureOf({ code, status }: TracedTransaction): string {
  return code === '' ? `the far member answered ${status}` : reasons[code].about;
}

function messaging(subject: string, operation: string): SpanAttributes {
  const told: SpanAttributes = {};
  told[attributes.messagingSystem] = 'nats';
  tell(told, attributes.messagingDestination, subject);
  told[attributes.messagingOperation] = operation;
  told[attributes.messagingOperationType] = 'send';
  return told;
}
