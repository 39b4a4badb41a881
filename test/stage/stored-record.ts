import { fixed64s, readFields } from './wire-fields.js';

/** One routing record as guildhall/bus/v1/record.proto describes it to the world, its numbers resolved to names. */
export interface StoredRecord {
  readonly ingress: string;
  readonly epoch: string;
  readonly number: number;
  /** ms since 1970. */
  readonly at: number;
  readonly kind: 'transaction' | 'refused-request' | 'refused-handshake' | '';
  readonly peer: string;
  readonly target: string;
  readonly fromDomain: string;
  readonly toDomain: string;
  readonly method: string;
  readonly event: string;
  readonly rule: string;
  readonly code: string;
  readonly sentence: string;
  readonly answer: 'far' | 'hub' | '';
  readonly status: number;
  /** Microseconds. */
  readonly total: number;
  readonly decision: number;
  readonly linkWait: number;
  readonly far: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly tries: number;
  readonly repeats: number;
  readonly link: string;
  readonly relay: string;
  readonly source: string;
  readonly fromUser: string;
  readonly toUser: string;
  readonly callId: string;
  /** 32 hex digits. */
  readonly trace: string;
  readonly traced: boolean;
  readonly marked: boolean;
  readonly inDialog: boolean;
}

/** A message of the stream RECORDS. */
export interface StoredBatch {
  readonly ingress: string;
  readonly epoch: string;
  readonly first: number;
  readonly dropped: number;
  readonly privacy: 'full' | 'hashed' | 'domain' | '';
  readonly records: readonly StoredRecord[];
}

const kinds = ['', 'transaction', 'refused-request', 'refused-handshake'] as const;
const answers = ['', 'far', 'hub'] as const;
const privacies = ['', 'full', 'hashed', 'domain'] as const;

/** Reads a RecordBatch by the field numbers of its schema. Throws a RangeError on one whose columns are not parallel or point at nothing. */
export function readBatch(bytes: Uint8Array): StoredBatch {
  const fields = readFields(bytes);
  const names = fields.texts(10);
  const callIds = fields.texts(62);
  const traces = fixed64s(fields.bytes(63));
  const kind = fields.numbers(20);
  const count = kind.length;
  const numbers = (field: number): readonly number[] => {
    const column = fields.numbers(field);
    if (column.length !== count) throw new RangeError(`column ${field} has ${column.length} entries, there are ${count} records`);
    return column;
  };
  const named = (field: number): readonly string[] =>
    numbers(field).map((index) => {
      const name = index === 0 ? '' : names[index - 1];
      if (name === undefined) throw new RangeError(`column ${field} names entry ${index} of ${names.length}`);
      return name;
    });
  if (callIds.length !== count || traces.length !== count)
    throw new RangeError(`${callIds.length} Call-IDs and ${traces.length} traces, there are ${count} records`);
  const text = {
    peer: named(22),
    target: named(23),
    fromDomain: named(24),
    toDomain: named(25),
    method: named(26),
    event: named(27),
    rule: named(28),
    code: named(29),
    sentence: named(30),
    link: named(54),
    relay: named(55),
    source: named(56),
    fromUser: named(60),
    toUser: named(61),
  };
  const number = {
    ago: numbers(21),
    answer: numbers(31),
    status: numbers(32),
    total: numbers(40),
    decision: numbers(41),
    linkWait: numbers(42),
    far: numbers(43),
    requestBytes: numbers(50),
    answerBytes: numbers(51),
    tries: numbers(52),
    repeats: numbers(53),
    flags: numbers(64),
  };
  const [ingress, epoch, first, at] = [fields.text(1), fields.text(2), fields.number(3), fields.number(4)];
  const high = fixed64Of(fields.bigs(7));
  const record = (index: number): StoredRecord => {
    const { ago, answer, flags, ...counted } = pick(number, index, 0);
    return {
      ingress,
      epoch,
      number: first + index,
      at: at - ago,
      kind: kinds[kind[index] ?? 0] ?? '',
      answer: answers[answer] ?? '',
      ...pick(text, index, ''),
      ...counted,
      callId: callIds[index] ?? '',
      trace: high + hex(traces[index] ?? 0n),
      traced: (flags & 1) !== 0,
      marked: (flags & 2) !== 0,
      inDialog: (flags & 4) !== 0,
    };
  };
  return {
    ingress,
    epoch,
    first,
    dropped: fields.number(5),
    privacy: privacies[fields.number(6)] ?? '',
    records: kind.map((_, index) => record(index)),
  };
}

function fixed64Of(values: readonly bigint[]): string {
  return hex(values.at(-1) ?? 0n);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** Entry `index` of each column. */
function pick<K extends string, V>(columns: Readonly<Record<K, readonly V[]>>, index: number, missing: V): Record<K, V>;
function pick<V>(columns: Readonly<Record<string, readonly V[]>>, index: number, missing: V): Record<string, V> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[index] ?? missing]));
}
