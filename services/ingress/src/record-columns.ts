import { type PackedColumn, packedColumn, putBytes, putColumn, putFixed64, putNumber, putText } from '@guildhall/chassis/packed-column';
import { sampleKey } from '@guildhall/chassis/trace-context';
import { type RecordAnswer, RecordBatch, type RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { CloseReason, ReasonCode } from '@guildhall/proto/reason';

/** What one record says. Times are monotonic ms, parts of time whole microseconds below 2^32, texts '' for none. */
export interface RecordFacts {
  readonly kind: RecordKind;
  readonly endedAt: number;
  readonly peer: string;
  readonly target: string;
  readonly fromDomain: string;
  readonly toDomain: string;
  readonly method: string;
  readonly event: string;
  readonly rule: string;
  readonly code: ReasonCode | CloseReason | '';
  readonly sentence: string;
  readonly answer: RecordAnswer;
  readonly status: number;
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
  readonly fromUri: string;
  readonly toUri: string;
  readonly callId: string;
  /** What its trace id follows from. */
  readonly serial: number;
  flags: number;
}

/** How users are told, see `recordUser`; may change when the hub's key becomes known. */
export interface UserNames {
  readonly privacy: RecordPrivacy;
  /** What stands for the user of a URI. */
  user(uri: string): string;
  /** A sentence with what stands for the users it names. */
  sentence(text: string): string;
}

/** Whose records these are, and the room of one batch. */
export interface ColumnsLink {
  readonly ingress: string;
  readonly epoch: string;
  /** High half of the trace ids. */
  readonly traceHigh: bigint;
  readonly batchCount: number;
  readonly batchBytes: number;
}

/** A batch of records under way. */
export interface RecordColumns {
  /** Adds one; false, and nothing was added, when the batch is full. Hot path. */
  add(facts: RecordFacts, users: UserNames): boolean;
  count(): number;
  /** The batch as bytes, and an empty one again. `first` is the number of its first record, `dropped` how many were lost so far. */
  take(first: number, dropped: number, now: number, wall: number): Uint8Array;
}

/** A packed field of RecordBatch; `text` and `entry`: the name put there last, which is mostly the next one too. */
interface Field extends PackedColumn {
  readonly field: number;
  text: string;
  entry: number;
}

const field = (number: number): Field => ({ ...packedColumn(), field: number, text: '', entry: 0 });

/** The packed fields with their numbers in record.proto. */
function packedFields() {
  return {
    ...{ kind: field(20), ago: field(21), peer: field(22), target: field(23), fromDomain: field(24), toDomain: field(25) },
    ...{ method: field(26), event: field(27), rule: field(28), code: field(29), sentence: field(30), answer: field(31), status: field(32) },
    ...{ total: field(40), decision: field(41), linkWait: field(42), far: field(43), requestBytes: field(50), answerBytes: field(51) },
    ...{ tries: field(52), repeats: field(53), link: field(54), relay: field(55), source: field(56), fromUser: field(60) },
    ...{ toUser: field(61), trace: field(63), flags: field(64) },
  };
}

const textFields = { names: 10, callId: 62 } as const;

/** What a record costs at most besides its texts, a batch besides its records, and a character and an entry of the names. */
const cost = { record: 110, batch: 512, character: 2, name: 4 };
const two32 = 2 ** 32;
const most = two32 - 1;

/** A number as a column takes it. */
export function whole(value: number): number {
  return value <= 0 ? 0 : Math.min(most, Math.round(value));
}

/** Names stand in one table a batch. */
export function createRecordColumns(link: ColumnsLink): RecordColumns {
  const names = new Map<string, number>();
  const sentences = new Map<string, number>();
  const nameTexts = packedColumn();
  const callIds = packedColumn();
  const columns = packedFields();
  const packed = Object.values(columns);
  const out = packedColumn();
  /** When each ended, in ms from the first. */
  const ended = new Float64Array(link.batchCount);
  let since = 0;
  let privacy: RecordPrivacy = 0;
  let count = 0;
  let entries = 0;
  let size = cost.batch;

  const entry = (text: string): number => {
    entries += 1;
    putText(nameTexts, textFields.names, text);
    size += text.length * cost.character + cost.name;
    return entries;
  };
  const name = (text: string): number => {
    if (text === '') return 0;
    const known = names.get(text);
    if (known !== undefined) return known;
    const made = entry(text);
    names.set(text, made);
    return made;
  };
  /**
   * What stands for a user gets an entry of its own without a look at others. A table of the URIs of a batch would save a hash where users come again,
   * and cost more where they do not: it keeps the heads alive that they were cut from (2.6 beside 1.6 µs).
   */
  const user = (uri: string, told: UserNames): number => {
    const text = told.user(uri);
    if (text === '') return 0;
    return told.privacy === RecordPrivacy.DOMAIN ? name(text) : entry(text);
  };
  const putUser = (column: Field, uri: string, told: UserNames): void => {
    if (uri !== column.text) {
      column.entry = uri === '' ? 0 : user(uri, told);
      column.text = uri;
    }
    putNumber(column, column.entry);
  };
  const putName = (column: Field, text: string): void => {
    if (text !== column.text) {
      column.entry = name(text);
      column.text = text;
    }
    putNumber(column, column.entry);
  };
  const sentence = (text: string, told: UserNames): number => {
    if (text === '') return 0;
    const known = sentences.get(text);
    if (known !== undefined) return known;
    const made = name(told.sentence(text));
    sentences.set(text, made);
    return made;
  };
  const clear = (): void => {
    for (const column of packed) {
      column.length = 0;
      column.text = '';
      column.entry = 0;
    }
    nameTexts.length = 0;
    callIds.length = 0;
    out.length = 0;
    names.clear();
    sentences.clear();
    count = 0;
    entries = 0;
    size = cost.batch;
  };

  return {
    count: () => count,
    add(facts, told) {
      // One batch is of one privacy: hashes begin when the key is known.
      if (count >= link.batchCount || size >= link.batchBytes || (count > 0 && privacy !== told.privacy)) return false;
      if (count === 0) {
        since = facts.endedAt;
        privacy = told.privacy;
      }
      ended[count] = facts.endedAt - since;
      count += 1;
      size += cost.record + facts.callId.length * cost.character;
      putNumber(columns.kind, facts.kind);
      putName(columns.peer, facts.peer);
      putName(columns.target, facts.target);
      putName(columns.fromDomain, facts.fromDomain);
      putName(columns.toDomain, facts.toDomain);
      putName(columns.method, facts.method);
      putName(columns.event, facts.event);
      putName(columns.rule, facts.rule);
      putName(columns.code, facts.code);
      putNumber(columns.sentence, sentence(facts.sentence, told));
      putNumber(columns.answer, facts.answer);
      putNumber(columns.status, facts.status);
      putNumber(columns.total, facts.total);
      putNumber(columns.decision, facts.decision);
      putNumber(columns.linkWait, facts.linkWait);
      putNumber(columns.far, facts.far);
      putNumber(columns.requestBytes, facts.requestBytes);
      putNumber(columns.answerBytes, facts.answerBytes);
      putNumber(columns.tries, facts.tries);
      putNumber(columns.repeats, facts.repeats);
      putName(columns.link, facts.link);
      putName(columns.relay, facts.relay);
      putName(columns.source, facts.source);
      putUser(columns.fromUser, facts.fromUri, told);
      putUser(columns.toUser, facts.toUri, told);
      putText(callIds, textFields.callId, facts.callId);
      putFixed64(columns.trace, sampleKey(facts.serial), Math.floor(facts.serial / two32));
      putNumber(columns.flags, facts.flags);
      return true;
    },
    take(first, dropped, now, wall) {
      for (let at = 0; at < count; at += 1) putNumber(columns.ago, whole(now - since - (ended[at] ?? 0)));
      const head = RecordBatch.encode(
        RecordBatch.fromPartial({
          ...{ ingress: link.ingress, epoch: link.epoch, traceHigh: link.traceHigh, privacy },
          ...{ first: BigInt(first), dropped: BigInt(dropped), at: BigInt(Math.max(0, Math.round(wall))) },
        }),
      ).finish();
      putBytes(out, { bytes: Buffer.from(head.buffer, head.byteOffset, head.length), length: head.length });
      putBytes(out, nameTexts);
      for (const column of packed) putColumn(out, column.field, column);
      putBytes(out, callIds);
      const payload = Buffer.allocUnsafeSlow(out.length);
      out.bytes.copy(payload, 0, 0, out.length);
      clear();
      return payload;
    },
  };
}
