import { createWireReader, type WireReader } from './wire-reader.js';

/** Fields of RecordBatch that are columns of small numbers. */
const numberFields = {
  kind: 20,
  ago: 21,
  peer: 22,
  target: 23,
  fromDomain: 24,
  toDomain: 25,
  method: 26,
  event: 27,
  rule: 28,
  code: 29,
  sentence: 30,
  answer: 31,
  status: 32,
  total: 40,
  decision: 41,
  linkWait: 42,
  far: 43,
  requestBytes: 50,
  answerBytes: 51,
  tries: 52,
  repeats: 53,
  link: 54,
  relay: 55,
  source: 56,
  fromUser: 60,
  toUser: 61,
  flags: 64,
} as const;

/** Those of them that point to names. */
const nameFields = [
  'peer',
  'target',
  'fromDomain',
  'toDomain',
  'method',
  'event',
  'rule',
  'code',
  'sentence',
  'link',
  'relay',
  'source',
  'fromUser',
  'toUser',
] as const;

/** No field of any message has a higher number. */
const lastField = 2 ** 29 - 1;
const ingressField = 1;
const epochField = 2;
const firstField = 3;
const atField = 4;
const droppedField = 5;
const traceHighField = 7;
const namesField = 10;
const callIdField = 62;
const traceField = 63;

/** A column of small numbers. */
export type NumberColumn = keyof typeof numberFields;

/**
 * A RecordBatch as columns, without an object or a text per record. The columns are scratch of the reader and longer than `count`: all this is good
 * until the reader reads the next batch.
 */
export interface RecordColumns extends Readonly<Record<NumberColumn, Uint32Array>> {
  readonly count: number;
  readonly ingress: string;
  readonly epoch: string;
  readonly first: number;
  readonly at: number;
  readonly dropped: number;
  /** How many names there are. */
  readonly names: number;
  /** What `k` in a column of names stands for; '' for 0. Each call reads it anew. */
  name(k: number): string;
  callId(index: number): string;
  /** 32 hex digits. */
  traceId(index: number): string;
}

interface Column {
  values: Uint32Array;
  length: number;
}

/** Where texts are in the payload, pairs of beginning and end. */
interface Spans {
  ends: Uint32Array;
  length: number;
}

type Scratch = Record<NumberColumn, Column>;

/** A text is what its bytes are, also the first three. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Makes a reader of batches that goes from the wire into columns; it answers undefined for what means nothing: broken bytes, columns of different
 * length, an index beyond the names, no beginning. For whoever reads tens of thousands of records a second.
 */
export function createRecordReader(): (payload: Uint8Array) => RecordColumns | undefined {
  const scratch = makeScratch();
  const byField = new Map<number, Column>();
  mapFields((name) => byField.set(numberFields[name], scratch[name]));
  const columns = [...byField.values()];
  const names: Spans = { ends: new Uint32Array(512), length: 0 };
  const callIds: Spans = { ends: new Uint32Array(4096), length: 0 };
  const traces: Column = { values: new Uint32Array(2048), length: 0 };
  const wire = createWireReader();

  return (payload) => {
    for (const column of columns) column.length = 0;
    names.length = 0;
    callIds.length = 0;
    traces.length = 0;
    const head = { ingress: '', epoch: '', first: 0, at: 0, dropped: 0, traceHigh: '0'.repeat(16) };
    wire.begin(payload);
    while (!wire.done()) {
      const tag = wire.varint();
      const field = Math.floor(tag / 8);
      const type = tag & 7;
      // No field has such a number; the generated reader takes it for the end, or for another one.
      if (field === 0 || field > lastField) return undefined;
      const column = byField.get(field);
      if (type === 2) {
        const from = wire.skipBytes();
        const to = wire.position();
        if (wire.failed()) return undefined;
        if (column !== undefined) readPacked(payload, from, to, column, wire);
        else if (field === namesField) addSpan(names, from, to);
        else if (field === callIdField) addSpan(callIds, from, to);
        else if (field === traceField) {
          if ((to - from) % 8 !== 0) return undefined;
          for (let at = from; at < to; at += 8) push(traces, at);
        } else if (field === ingressField) head.ingress = decoder.decode(payload.subarray(from, to));
        else if (field === epochField) head.epoch = decoder.decode(payload.subarray(from, to));
      } else if (type === 0) {
        const value = wire.varint();
        if (column !== undefined) push(column, value);
        else if (field === firstField) head.first = value;
        else if (field === atField) head.at = value;
        else if (field === droppedField) head.dropped = value;
      } else if (type === 1) {
        const from = wire.position();
        wire.skip(8);
        if (wire.failed()) return undefined;
        if (field === traceField) push(traces, from);
        else if (field === traceHighField) head.traceHigh = hexAt(payload, from);
      } else if (type === 5) wire.skip(4);
      else return undefined;
      if (wire.failed()) return undefined;
    }
    const count = scratch.kind.length;
    const even = columns.every(({ length }) => length === count) && callIds.length === count && traces.length === count;
    if (!even || head.first > Number.MAX_SAFE_INTEGER || head.at > 8.64e15 || head.dropped > Number.MAX_SAFE_INTEGER) return undefined;
    if (count === 0 || head.ingress === '' || head.epoch === '' || head.first === 0) return undefined;
    if (!nameFields.every((name) => pointsWithin(scratch[name], names.length))) return undefined;
    return {
      ...valuesOf(scratch),
      ...head,
      count,
      names: names.length,
      name: (k) => (k === 0 ? '' : textAt(payload, names, k - 1)),
      callId: (index) => textAt(payload, callIds, index),
      traceId: (index) => head.traceHigh + hexAt(payload, traces.values[index] ?? 0),
    };
  };
}

function readPacked(bytes: Uint8Array, from: number, to: number, column: Column, wire: WireReader): void {
  // A number takes a byte at least.
  if (column.length + to - from > column.values.length) grow(column, column.length + to - from);
  const { values } = column;
  let { length } = column;
  let at = from;
  while (at < to) {
    let byte = bytes[at] ?? 0;
    at += 1;
    if (byte < 128) {
      values[length] = byte;
      length += 1;
      continue;
    }
    let value = byte & 127;
    let shift = 7;
    do {
      if (at >= to || shift > 63) {
        wire.fail();
        return;
      }
      byte = bytes[at] ?? 0;
      at += 1;
      if (shift < 32) value |= (byte & 127) << shift;
      shift += 7;
    } while (byte >= 128);
    values[length] = value;
    length += 1;
  }
  column.length = length;
}

function push(column: Column, value: number): void {
  if (column.length >= column.values.length) grow(column, column.length + 1);
  column.values[column.length] = value;
  column.length += 1;
}

function grow(column: Column, needed: number): void {
  const values = new Uint32Array(Math.max(needed, column.values.length * 2));
  values.set(column.values);
  column.values = values;
}

function addSpan(spans: Spans, from: number, to: number): void {
  if (spans.length * 2 + 2 > spans.ends.length) {
    const ends = new Uint32Array(spans.ends.length * 2);
    ends.set(spans.ends);
    spans.ends = ends;
  }
  spans.ends[spans.length * 2] = from;
  spans.ends[spans.length * 2 + 1] = to;
  spans.length += 1;
}

function textAt(payload: Uint8Array, { ends, length }: Spans, index: number): string {
  return index < length ? decoder.decode(payload.subarray(ends[index * 2], ends[index * 2 + 1])) : '';
}

function pointsWithin({ values, length }: Column, most: number): boolean {
  for (let index = 0; index < length; index += 1) if ((values[index] ?? 0) > most) return false;
  return true;
}

function hexAt(payload: Uint8Array, from: number): string {
  let text = '';
  for (let at = from + 7; at >= from; at -= 1) text += (payload[at] ?? 0).toString(16).padStart(2, '0');
  return text;
}

function makeScratch(): Scratch {
  const column = (): Column => ({ values: new Uint32Array(2048), length: 0 });
  return mapFields(column);
}

function valuesOf(scratch: Scratch): Record<NumberColumn, Uint32Array> {
  return mapFields((name) => scratch[name].values);
}

function mapFields<T>(make: (name: NumberColumn) => T): Record<NumberColumn, T> {
  return {
    kind: make('kind'),
    ago: make('ago'),
    peer: make('peer'),
    target: make('target'),
    fromDomain: make('fromDomain'),
    toDomain: make('toDomain'),
    method: make('method'),
    event: make('event'),
    rule: make('rule'),
    code: make('code'),
    sentence: make('sentence'),
    answer: make('answer'),
    status: make('status'),
    total: make('total'),
    decision: make('decision'),
    linkWait: make('linkWait'),
    far: make('far'),
    requestBytes: make('requestBytes'),
    answerBytes: make('answerBytes'),
    tries: make('tries'),
    repeats: make('repeats'),
    link: make('link'),
    relay: make('relay'),
    source: make('source'),
    fromUser: make('fromUser'),
    toUser: make('toUser'),
    flags: make('flags'),
  };
}
