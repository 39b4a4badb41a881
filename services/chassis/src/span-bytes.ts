import type { SpanAttributes } from './attributes.js';
import type { FinishedSpan } from './finished-span.js';
import {
  type PackedColumn,
  packedColumn,
  putBytes,
  putColumn,
  putDouble,
  putFixed32,
  putFixed64,
  putHex,
  putNumber,
  putTag,
  putText,
  wireType,
} from './packed-column.js';

/**
 * Spans as the bytes of an OTLP ExportTraceServiceRequest, written as they come and once: spans as objects of OpenTelemetry's SDK, put into JSON by its
 * exporter, cost ten times as much.
 */
export interface SpanBytes {
  /** Appends one. `offset`: what makes monotonic ms milliseconds since 1970. */
  add(span: FinishedSpan, offset: number): void;
  /** Spans, and about how many bytes they are. */
  count(): number;
  size(): number;
  /** The request as bytes, and none again. */
  take(): Uint8Array;
}

/** Fields of opentelemetry/proto/collector/trace/v1 and trace/v1. */
const request = { resourceSpans: 1 } as const;
const resourceSpans = { resource: 1, scopeSpans: 2 } as const;
const scopeSpans = { scope: 1, spans: 2 } as const;
const field = { traceId: 1, spanId: 2, parent: 4, name: 5, kind: 6, start: 7, end: 8, attributes: 9, status: 15, flags: 16 } as const;
const status = { message: 2, code: 3 } as const;
/** opentelemetry/proto/common/v1 and resource/v1. */
const resourceAttributes = 1;
const scopeName = 1;
const scopeVersion = 2;
const pair = { key: 1, value: 2 } as const;
const value = { text: 1, whole: 3, double: 4 } as const;

const kinds = { server: 2, client: 3, producer: 4, consumer: 5 } as const;
const failure = 2;
/** Sampled, and it is known whether the parent is another's: and if it is. */
const flags = { own: 0x101, remote: 0x301 } as const;

const two32 = 2 ** 32;

/** `resource`: of which service they are; `scope`: what makes them. */
export function createSpanBytes(resource: SpanAttributes, scope: { readonly name: string; readonly version: string }): SpanBytes {
  const spans = packedColumn();
  /** One of them while its length is not known. */
  const one = packedColumn();
  const about = packedColumn();
  let count = 0;

  putAttributes(one, resourceAttributes, resource);
  putColumn(about, resourceSpans.resource, one);
  one.length = 0;
  putText(one, scopeName, scope.name);
  putText(one, scopeVersion, scope.version);
  const made = packedColumn();
  putColumn(made, scopeSpans.scope, one);

  return {
    count: () => count,
    size: () => spans.length,
    add(span, offset) {
      one.length = 0;
      putSpan(one, span, offset);
      putColumn(spans, scopeSpans.spans, one);
      count += 1;
    },
    take() {
      const all = packedColumn();
      putTag(all, resourceSpans.scopeSpans, wireType.bytes);
      putNumber(all, made.length + spans.length);
      const inner = about.length + all.length + made.length + spans.length;
      const head = packedColumn();
      putTag(head, request.resourceSpans, wireType.bytes);
      putNumber(head, inner);
      putBytes(head, about);
      putBytes(head, all);
      putBytes(head, made);
      const bytes = Buffer.allocUnsafeSlow(head.length + spans.length);
      head.bytes.copy(bytes, 0, 0, head.length);
      spans.bytes.copy(bytes, head.length, 0, spans.length);
      spans.length = 0;
      count = 0;
      return bytes;
    },
  };
}

function putSpan(column: PackedColumn, span: FinishedSpan, offset: number): void {
  putHex(column, field.traceId, span.traceId);
  putHex(column, field.spanId, span.spanId);
  if (span.parentSpanId !== '') putHex(column, field.parent, span.parentSpanId);
  putText(column, field.name, span.name);
  putTag(column, field.kind, wireType.varint);
  putNumber(column, kinds[span.kind]);
  putTime(column, field.start, offset + span.startedAt);
  // One offset for both ends: a span lasts as long as it did.
  putTime(column, field.end, offset + Math.max(span.startedAt, span.endedAt));
  putAttributes(column, field.attributes, span.attributes);
  if (span.failed !== '') {
    const size = Buffer.byteLength(span.failed);
    putTag(column, field.status, wireType.bytes);
    putNumber(column, textBytes(size) + 2);
    putText(column, status.message, span.failed);
    putTag(column, status.code, wireType.varint);
    putNumber(column, failure);
  }
  putTag(column, field.flags, wireType.fixed32);
  putFixed32(column, span.remoteParent ? flags.remote : flags.own);
}

function putAttributes(column: PackedColumn, number: number, told: SpanAttributes): void {
  for (const [name, given] of told) putAttribute(column, number, name, given);
}

/** Names are ASCII and shorter than 128 characters. */
function putAttribute(column: PackedColumn, number: number, name: string, given: string | number): void {
  const isWhole = typeof given === 'number' && given >= 0 && given < two32 && Number.isInteger(given);
  const size = typeof given === 'string' ? textBytes(Buffer.byteLength(given)) : isWhole ? 1 + varintBytes(given) : 9;
  putTag(column, number, wireType.bytes);
  putNumber(column, textBytes(name.length) + 1 + varintBytes(size) + size);
  putText(column, pair.key, name);
  putTag(column, pair.value, wireType.bytes);
  putNumber(column, size);
  if (typeof given === 'string') {
    putText(column, value.text, given);
  } else if (isWhole) {
    putTag(column, value.whole, wireType.varint);
    putNumber(column, given);
  } else {
    putTag(column, value.double, wireType.fixed64);
    putDouble(column, given);
  }
}

/** Nanoseconds since 1970 are more than a double tells apart: whole ms and what is left of one apart. */
function putTime(column: PackedColumn, number: number, ms: number): void {
  const whole = Math.floor(ms);
  const high = Math.floor(whole / 65_536) * 1_000_000;
  const low = (high % 65_536) * 65_536 + (whole % 65_536) * 1_000_000 + Math.round((ms - whole) * 1_000_000);
  putTag(column, number, wireType.fixed64);
  putFixed64(column, low % two32, Math.floor(high / 65_536) + Math.floor(low / two32));
}

/** A text of so many bytes as a field below 16. */
function textBytes(size: number): number {
  return 1 + varintBytes(size) + size;
}

function varintBytes(number: number): number {
  return number < 0x80 ? 1 : number < 0x4000 ? 2 : number < 0x20_0000 ? 3 : number < 0x1000_0000 ? 4 : 5;
}
