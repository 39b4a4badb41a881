import { traceLowOf } from '@guildhall/chassis/trace-context';
import { type RecordAnswer, RecordBatch, type RecordKind, type RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { CloseReason, ReasonCode } from '@guildhall/proto/reason';

/** What one record says. Times are monotonic ms, parts of time microseconds, texts '' for none. */
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

/** What a record costs at most besides its texts, a batch besides its records, and a character and an entry of the names. */
const cost = { record: 110, batch: 512, character: 2, name: 4 };

/** Columns of plain numbers, used again and again, names in one table a batch. */
export function createRecordColumns(link: ColumnsLink): RecordColumns {
  const batch = RecordBatch.fromPartial({ ingress: link.ingress, epoch: link.epoch, traceHigh: link.traceHigh });
  const names = new Map<string, number>();
  /** URIs have a table of their own: what stands for a user is found out once a batch. */
  const users = new Map<string, number>();
  let writer = newWriter();
  let size = cost.batch;
  /** What `ago` is counted from while the batch is under way, monotonic ms. */
  let since = 0;

  const name = (text: string): number => {
    if (text === '') return 0;
    const known = names.get(text);
    if (known !== undefined) return known;
    const made = batch.names.push(text);
    names.set(text, made);
    size += text.length * cost.character + cost.name;
    return made;
  };
  const user = (uri: string, told: UserNames): number => {
    if (uri === '') return 0;
    const known = users.get(uri);
    if (known !== undefined) return known;
    const made = name(told.user(uri));
    users.set(uri, made);
    return made;
  };
  const clear = (): void => {
    for (const column of columnsOf(batch)) column.length = 0;
    batch.names.length = 0;
    names.clear();
    users.clear();
    size = cost.batch;
  };

  return {
    count: () => batch.kind.length,
    add(facts, told) {
      const count = batch.kind.length;
      // One batch is of one privacy: hashes begin when the key is known.
      if (count >= link.batchCount || size >= link.batchBytes || (count > 0 && batch.privacy !== told.privacy)) return false;
      if (count === 0) {
        since = facts.endedAt;
        batch.privacy = told.privacy;
      }
      size += cost.record + facts.callId.length * cost.character;
      batch.kind.push(facts.kind);
      batch.ago.push(facts.endedAt - since);
      batch.peer.push(name(facts.peer));
      batch.target.push(name(facts.target));
      batch.fromDomain.push(name(facts.fromDomain));
      batch.toDomain.push(name(facts.toDomain));
      batch.method.push(name(facts.method));
      batch.event.push(name(facts.event));
      batch.rule.push(name(facts.rule));
      batch.code.push(name(facts.code));
      batch.sentence.push(name(facts.sentence));
      batch.answer.push(facts.answer);
      batch.status.push(facts.status);
      batch.total.push(whole(facts.total));
      batch.decision.push(whole(facts.decision));
      batch.linkWait.push(whole(facts.linkWait));
      batch.far.push(whole(facts.far));
      batch.requestBytes.push(facts.requestBytes);
      batch.answerBytes.push(facts.answerBytes);
      batch.tries.push(facts.tries);
      batch.repeats.push(facts.repeats);
      batch.link.push(name(facts.link));
      batch.relay.push(name(facts.relay));
      batch.source.push(name(facts.source));
      batch.fromUser.push(user(facts.fromUri, told));
      batch.toUser.push(user(facts.toUri, told));
      batch.callId.push(facts.callId);
      batch.trace.push(traceLowOf(facts.serial));
      batch.flags.push(facts.flags);
      return true;
    },
    take(first, dropped, now, wall) {
      batch.first = BigInt(first);
      batch.dropped = BigInt(dropped);
      batch.at = BigInt(Math.max(0, Math.round(wall)));
      const { ago } = batch;
      for (let at = 0; at < ago.length; at += 1) ago[at] = whole(now - since - (ago[at] ?? 0));
      try {
        return RecordBatch.encode(batch, writer).finish();
      } catch (thrown) {
        // An encoder that threw holds half a batch.
        writer = newWriter();
        throw thrown;
      } finally {
        clear();
      }
    },
  };
}

const most = 0xffff_ffff;

/** As a column takes it. */
function whole(value: number): number {
  return value <= 0 ? 0 : Math.min(most, Math.round(value));
}

function columnsOf(batch: RecordBatch): { length: number }[] {
  return [
    batch.kind,
    batch.ago,
    batch.peer,
    batch.target,
    batch.fromDomain,
    batch.toDomain,
    batch.method,
    batch.event,
    batch.rule,
    batch.code,
    batch.sentence,
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
    batch.link,
    batch.relay,
    batch.source,
    batch.fromUser,
    batch.toUser,
    batch.callId,
    batch.trace,
    batch.flags,
  ];
}

/** A writer to be used again and again: `finish` resets it and nothing else does. */
function newWriter() {
  const made = RecordBatch.encode(RecordBatch.fromPartial({}));
  made.finish();
  return made;
}

