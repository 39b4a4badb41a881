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
  /** Appends the same as a text of this field, and returns how many bytes that has; 0, and nothing was appended: only `user` can tell. Hot path. */
  put(names: PackedColumn, field: number, uri: string): number;
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
  /** Adds one; false, and nothing was added, when the batch is full: larger than `batchBytes` is only one that alone is. Hot path. */
  add(facts: RecordFacts, users: UserNames): boolean;
  count(): number;
  /** The batch as bytes, and an empty one again. `first` is the number of its first record, `dropped` how many were lost so far. */
  take(first: number, dropped: number, now: number, wall: number): Uint8Array;
}

/**
 * The packed fields with a number a record, by their numbers in record.proto. A record fills one row of them in this order: 28 buffers, one a field, would
 * be 28 cache lines a record.
 */
const rowFields = [
  ...[20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32],
  ...[40, 41, 42, 43, 50, 51, 52, 53, 54, 55, 56, 60, 61, 64],
] as const;
const width = rowFields.length;
const agoField = 21;
const traceField = 63;

const textFields = { names: 10, callId: 62 } as const;

/** Bytes that a record costs at most besides its texts, and a batch besides its records; and at most of a record's texts a character, and those that are short. */
const cost = { record: 110, batch: 512, character: 3, shortTexts: 1_024 };
const two32 = 2 ** 32;
const most = two32 - 1;

/** A number as a column takes it. */
export function whole(value: number): number {
  return value <= 0 ? 0 : Math.min(most, Math.round(value));
}

/** Bytes by which a record makes a batch larger at most. */
function largest({ fromUri, toUri, fromDomain, toDomain, sentence, callId }: RecordFacts): number {
  const characters = fromUri.length + toUri.length + fromDomain.length + toDomain.length + sentence.length + callId.length;
  return cost.record + cost.shortTexts + characters * cost.character;
}

/** Names stand in one table a batch. */
export function createRecordColumns(link: ColumnsLink): RecordColumns {
  const names = new Map<string, number>();
  const sentences = new Map<string, number>();
  const nameTexts = packedColumn();
  const callIds = packedColumn();
  const column = packedColumn();
  const out = packedColumn();
  const rows = new Uint32Array(link.batchCount * width);
  /** The name that stands last in each column, which is mostly the next one too, and its entry. */
  const lastTexts = new Array<string>(width).fill('');
  const lastEntries = new Uint32Array(width);
  /** When each ended, in ms from the first, and what its trace follows from. */
  const ended = new Float64Array(link.batchCount);
  const serials = new Float64Array(link.batchCount);
  /** Where the next number of the row goes, and which column that is. */
  let at = 0;
  let place = 0;
  let since = 0;
  let privacy: RecordPrivacy = 0;
  let count = 0;
  let entries = 0;

  const entry = (text: string): number => {
    entries += 1;
    putText(nameTexts, textFields.names, text);
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
   * and cost more where they do not: it keeps the heads alive that they were cut from.
   */
  const user = (uri: string, told: UserNames): number => {
    if (told.put(nameTexts, textFields.names, uri) > 0) {
      entries += 1;
      return entries;
    }
    const text = told.user(uri);
    if (text === '') return 0;
    return told.privacy === RecordPrivacy.DOMAIN ? name(text) : entry(text);
  };
  const put = (value: number): void => {
    rows[at] = value;
    at += 1;
    place += 1;
  };
  const putUser = (uri: string, told: UserNames): void => {
    if (uri !== lastTexts[place]) {
      lastEntries[place] = uri === '' ? 0 : user(uri, told);
      lastTexts[place] = uri;
    }
    put(lastEntries[place] ?? 0);
  };
  const putName = (text: string): void => {
    if (text !== lastTexts[place]) {
      lastEntries[place] = name(text);
      lastTexts[place] = text;
    }
    put(lastEntries[place] ?? 0);
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
    lastTexts.fill('');
    lastEntries.fill(0);
    nameTexts.length = 0;
    callIds.length = 0;
    out.length = 0;
    names.clear();
    sentences.clear();
    at = 0;
    count = 0;
    entries = 0;
  };

  return {
    count: () => count,
    add(facts, told) {
      if (count >= link.batchCount) return false;
      if (count > 0) {
        // One batch is of one privacy: hashes begin when the key is known.
        if (privacy !== told.privacy) return false;
        const bytes = cost.batch + count * cost.record + nameTexts.length + callIds.length;
        if (bytes + largest(facts) > link.batchBytes) return false;
      } else {
        since = facts.endedAt;
        privacy = told.privacy;
      }
      ended[count] = facts.endedAt - since;
      serials[count] = facts.serial;
      count += 1;
      place = 0;
      // In the order of `rowFields`.
      put(facts.kind);
      putName(facts.peer);
      putName(facts.target);
      putName(facts.fromDomain);
      putName(facts.toDomain);
      putName(facts.method);
      putName(facts.event);
      putName(facts.rule);
      putName(facts.code);
      put(sentence(facts.sentence, told));
      put(facts.answer);
      put(facts.status);
      put(facts.total);
      put(facts.decision);
      put(facts.linkWait);
      put(facts.far);
      put(facts.requestBytes);
      put(facts.answerBytes);
      put(facts.tries);
      put(facts.repeats);
      putName(facts.link);
      putName(facts.relay);
      putName(facts.source);
      putUser(facts.fromUri, told);
      putUser(facts.toUri, told);
      put(facts.flags);
      putText(callIds, textFields.callId, facts.callId);
      return true;
    },
    take(first, dropped, now, wall) {
      const head = RecordBatch.encode(
        RecordBatch.fromPartial({
          ...{ ingress: link.ingress, epoch: link.epoch, traceHigh: link.traceHigh, privacy },
          ...{ first: BigInt(first), dropped: BigInt(dropped), at: BigInt(Math.max(0, Math.round(wall))) },
        }),
      ).finish();
      putBytes(out, { bytes: Buffer.from(head.buffer, head.byteOffset, head.length), length: head.length });
      putBytes(out, nameTexts);
      for (const [index, field] of rowFields.entries()) {
        column.length = 0;
        for (let cell = index; cell < at; cell += width) putNumber(column, rows[cell] ?? 0);
        putColumn(out, field, column);
      }
      column.length = 0;
      for (let index = 0; index < count; index += 1) putNumber(column, whole(now - since - (ended[index] ?? 0)));
      putColumn(out, agoField, column);
      column.length = 0;
      for (let index = 0; index < count; index += 1) {
        const serial = serials[index] ?? 0;
        putFixed64(column, sampleKey(serial), Math.floor(serial / two32));
      }
      putColumn(out, traceField, column);
      putBytes(out, callIds);
      const payload = Buffer.allocUnsafeSlow(out.length);
      out.bytes.copy(payload, 0, 0, out.length);
      clear();
      return payload;
    },
  };
}
