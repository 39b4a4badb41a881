import { RecordAnswer, RecordBatch, RecordKind } from '../gen/guildhall/bus/v1/record.js';
import type { RoutingRecord } from '../gen/guildhall/metrics/v1/traffic.js';

/** Bits of the column `flags`. */
export const recordFlags = { traced: 1, marked: 2, inDialog: 4 } as const;

/** A Call-ID is kept up to this many characters. */
export const longestCallId = 256;

/** Reads a batch of records; undefined for what is none, or whose columns do not fit each other: that means nothing. */
export function readRecordBatch(payload: Uint8Array): RecordBatch | undefined {
  let batch: RecordBatch;
  try {
    batch = RecordBatch.decode(payload);
  } catch {
    return undefined;
  }
  return fitsTogether(batch) ? batch : undefined;
}

/** The columns that hold names. */
function nameColumns(batch: RecordBatch): (readonly number[])[] {
  return [
    batch.peer,
    batch.target,
    batch.fromDomain,
    batch.toDomain,
    batch.method,
    batch.event,
    batch.rule,
    batch.code,
    batch.sentence,
    batch.link,
    batch.relay,
    batch.source,
    batch.fromUser,
    batch.toUser,
  ];
}

/** The columns that hold anything else. */
function otherColumns(batch: RecordBatch): (readonly unknown[])[] {
  return [
    batch.ago,
    batch.answer,
    batch.status,
    batch.total,
    batch.decision,
    batch.linkWait,
    batch.far,
    batch.requestBytes,
    batch.answerBytes,
    batch.tries,
    batch.repeats,
    batch.callId,
    batch.trace,
    batch.flags,
  ];
}

/** Whether all columns have the same length, every name is there, and the batch says whose it is and where it begins. */
export function fitsTogether(batch: RecordBatch): boolean {
  const count = batch.kind.length;
  if (count === 0 || batch.ingress === '' || batch.epoch === '' || batch.first === 0n) return false;
  if (otherColumns(batch).some((column) => column.length !== count)) return false;
  const most = batch.names.length;
  return nameColumns(batch).every((column) => column.length === count && column.every((name) => name <= most));
}

/** How many records a batch holds. */
export function recordCount(batch: RecordBatch): number {
  return batch.kind.length;
}

/** What an entry of a column of names stands for; '' for none. */
export function nameOf({ names }: Pick<RecordBatch, 'names'>, entry: number | undefined): string {
  return entry === undefined || entry === 0 ? '' : (names[entry - 1] ?? '');
}

/** Which record of its incarnation it is, from 1. */
export function numberOf({ first }: RecordBatch, index: number): bigint {
  return first + BigInt(index);
}

/** When it ended, ms since 1970. */
export function endedAt({ at, ago }: RecordBatch, index: number): number {
  return Math.max(0, Number(at) - (ago[index] ?? 0));
}

function hex(half: bigint): string {
  return half.toString(16).padStart(16, '0');
}

/** Its trace id, 32 hex digits. */
export function traceIdText({ traceHigh, trace }: RecordBatch, index: number): string {
  return hex(traceHigh) + hex(trace[index] ?? 0n);
}

/** What a kind is called; '' for one of a newer hub. */
export function kindText(kind: RecordKind | undefined): string {
  switch (kind) {
    case RecordKind.TRANSACTION:
      return 'transaction';
    case RecordKind.REFUSED_REQUEST:
      return 'refused-request';
    case RecordKind.REFUSED_HANDSHAKE:
      return 'refused-handshake';
    default:
      return '';
  }
}

function answerText(answer: RecordAnswer | undefined): string {
  if (answer === RecordAnswer.FAR) return 'far';
  return answer === RecordAnswer.HUB ? 'hub' : '';
}

/** One record of a batch that fits together, for those who look at it one by one. */
export function routingRecord(batch: RecordBatch, index: number): RoutingRecord {
  const name = (column: readonly number[]): string => nameOf(batch, column[index]);
  const ms = (column: readonly number[]): number => (column[index] ?? 0) / 1000;
  const flags = batch.flags[index] ?? 0;
  return {
    ingress: batch.ingress,
    epoch: batch.epoch,
    number: numberOf(batch, index),
    at: BigInt(endedAt(batch, index)),
    kind: kindText(batch.kind[index]),
    peer: name(batch.peer),
    target: name(batch.target),
    fromDomain: name(batch.fromDomain),
    toDomain: name(batch.toDomain),
    method: name(batch.method),
    event: name(batch.event),
    rule: name(batch.rule),
    code: name(batch.code),
    sentence: name(batch.sentence),
    answer: answerText(batch.answer[index]),
    status: batch.status[index] ?? 0,
    total: ms(batch.total),
    decision: ms(batch.decision),
    linkWait: ms(batch.linkWait),
    far: ms(batch.far),
    requestBytes: batch.requestBytes[index] ?? 0,
    answerBytes: batch.answerBytes[index] ?? 0,
    tries: batch.tries[index] ?? 0,
    repeats: batch.repeats[index] ?? 0,
    link: name(batch.link),
    relay: name(batch.relay),
    source: name(batch.source),
    fromUser: name(batch.fromUser),
    toUser: name(batch.toUser),
    callId: batch.callId[index] ?? '',
    traceId: traceIdText(batch, index),
    traced: (flags & recordFlags.traced) !== 0,
    marked: (flags & recordFlags.marked) !== 0,
    inDialog: (flags & recordFlags.inDialog) !== 0,
  };
}
