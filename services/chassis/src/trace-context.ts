import { createHash, randomBytes } from 'node:crypto';
import type { TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';

/** Where in which trace somebody is (W3C Trace Context). */
export interface TraceContext {
  /** 32 digits of lower-case hex, not all 0. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Odd, so that multiplying by it modulo 2^32 only changes the order of numbers; the golden ratio of 2^32, so that neighbours land far apart. */
const golden = 0x9e37_79b1;
const two32 = 2 ** 32;

/** What head sampling goes by: the last 32 bits of the trace id of record `serial`, from 0 to 2^32 - 1. No two of 2^32 in a row have the same. Hot path. */
export function sampleKey(serial: number): number {
  return Math.imul(serial, golden) >>> 0;
}

/** Sampled is whose key is below this: nobody for 0, everybody for 1. */
export function headThreshold(ratio: number): number {
  return Math.round(Math.min(1, Math.max(0, ratio)) * two32);
}

/** The high half of all trace ids of an incarnation, 16 digits. */
export function traceHighOf(epoch: string): string {
  return createHash('sha256').update(`guildhall trace ${epoch}`).digest('hex').slice(0, 16);
}

/** The trace id of record `serial`, which counts from 1, of the incarnation with this high half. */
export function traceIdOf(high: string, serial: number): string {
  return high + hex8(Math.floor(serial / two32)) + hex8(sampleKey(serial));
}

/** The low half of the same as a number. */
export function traceLowOf(serial: number): bigint {
  return (BigInt(Math.floor(serial / two32)) << 32n) | BigInt(sampleKey(serial));
}

/**
 * The id of the span that stands at `place` (1 to 255) of a trace of ours. It follows from the trace id, so that it can be told to others long before
 * the span is made, and nobody has to keep it.
 */
export function spanIdOf(traceId: string, place: number): string {
  return traceId.slice(0, 6) + place.toString(16).padStart(2, '0') + traceId.slice(24);
}

/** The header of that name. */
export function traceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** What a `traceparent` header says; undefined for one that says nothing. Of later versions the fields that are known count. */
export function readTraceparent(text: string): TraceContext | undefined {
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text);
  if (found === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = found;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Ids of spans that nobody has to know before they are made: told apart by a number behind what chance gave once. */
export function createSpanIds(): () => string {
  // Odd, so that no id is all 0.
  const chance = hex8(randomBytes(4).readUInt32BE() | 1);
  let number = randomBytes(4).readUInt32BE();
  return () => {
    number = (number + 1) >>> 0;
    return chance + hex8(number);
  };
}

/** Whether a forward says to which trace it belongs. */
export function isOfTrace({ traceId, spanId }: Pick<TracedForward, 'traceId' | 'spanId'>): boolean {
  return traceId.length === 16 && spanId.length === 8 && traceId.some(isSet) && spanId.some(isSet);
}

/** What it says; undefined for one that says nothing. */
export function contextOfForward(forward: Pick<TracedForward, 'traceId' | 'spanId'>): TraceContext | undefined {
  return isOfTrace(forward) ? { traceId: hexOf(forward.traceId), spanId: hexOf(forward.spanId), sampled: true } : undefined;
}

function isSet(byte: number): boolean {
  return byte !== 0;
}

/** The same as bytes, for entry `entry` of a batch. */
export function tracedForward(entry: number, traceId: string, spanId: string): TracedForward {
  return { entry, traceId: Buffer.from(traceId, 'hex'), spanId: Buffer.from(spanId, 'hex') };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function hex8(value: number): string {
  return value === 0 ? '00000000' : (value >>> 0).toString(16).padStart(8, '0');
}
