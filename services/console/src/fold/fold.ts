import { RecordAnswer, RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { RecordColumns } from '@guildhall/proto/records/record-columns';
import { bucketOf } from '@guildhall/proto/traffic/latency';
import { type Account, bucketsAt, countReason, slots } from './account.js';
import { type Book, type Entry, framePeriod, type Member, type Period } from './book.js';
import type { ReasonTable } from './reasons.js';

/** How a batch is counted. */
export interface Folding {
  /** The minute it belongs to; undefined: one that is closed. */
  readonly minute: Period | undefined;
  /** Whether it counts in the next frame. */
  readonly frame: boolean;
  /** How many batches it stands for. */
  readonly times: number;
  /** Different reasons that one account tells apart. */
  readonly reasons: number;
}

/** The slot of a status, by its hundreds. */
const slotOfHundreds = [
  slots.none,
  slots.none,
  slots.ok,
  slots.redirected,
  slots.clientErrors,
  slots.serverErrors,
  slots.globalErrors,
] as const;

/** From this status on, what the hub answers is a refusal. */
const leastRefusal = 400;
/** From this status on, an answer has a reason. */
const leastReason = 300;

/**
 * Counts the records of a batch. Nothing is made per record: names are looked up once a batch, and the accounts of a pair once a run of its records.
 */
export function foldBatch(book: Book, reasons: ReasonTable, batch: RecordColumns, how: Folding): void {
  const { peer, target, kind, code } = batch;
  const { times } = how;
  const members: (Member | undefined)[] = [];
  const codes: (string | undefined)[] = [];
  const memberOf = (k: number): Member => {
    const known = members[k];
    if (known !== undefined) return known;
    const found = book.member(batch.name(k));
    members[k] = found;
    return found;
  };
  const codeOf = (k: number): string => {
    codes[k] ??= batch.name(k);
    return codes[k] ?? '';
  };
  const open = createOpenAccounts(book, how);

  for (let index = 0; index < batch.count; index += 1) {
    const handshake = kind[index] === RecordKind.REFUSED_HANDSHAKE;
    const from = peer[index] ?? 0;
    if (handshake) open.alone(memberOf(from));
    else open.pair(from, target[index] ?? 0, memberOf);
    const { accounts } = open;
    for (let one = 0; one < open.count; one += 1) {
      const account = accounts[one];
      if (account === undefined) continue;
      if (handshake) account.counts[slots.handshakes] = (account.counts[slots.handshakes] ?? 0) + times;
      else countRequest(account.counts, batch, index, times);
    }
    const status = batch.status[index] ?? 0;
    const named = code[index] ?? 0;
    if (named === 0 && status < leastReason) continue;
    const reason = reasons.numberOf(codeOf(named), status);
    for (let one = 0; one < open.count; one += 1) {
      const account = accounts[one];
      if (account !== undefined) countReason(account, reason, times, how.reasons);
    }
  }
}

function countRequest(counts: Float64Array, batch: RecordColumns, index: number, times: number): void {
  const status = batch.status[index] ?? 0;
  const tries = batch.tries[index] ?? 0;
  add(counts, slots.requests, times);
  const slot = slotOfHundreds[Math.floor(status / 100)] ?? slots.none;
  if (slot !== slots.none) add(counts, slot, times);
  if (status >= leastRefusal && batch.answer[index] === RecordAnswer.HUB) add(counts, slots.refused, times);
  add(counts, slots.requestBytes, (batch.requestBytes[index] ?? 0) * times);
  add(counts, slots.answerBytes, (batch.answerBytes[index] ?? 0) * times);
  if (tries > 1) add(counts, slots.retries, (tries - 1) * times);
  add(counts, slots.repeats, (batch.repeats[index] ?? 0) * times);
  add(counts, bucketsAt + bucketOf(batch.total[index] ?? 0), times);
}

function add(counts: Float64Array, slot: number, value: number): void {
  counts[slot] = (counts[slot] ?? 0) + value;
}

/** The accounts in which the record in hand counts: at most those of two entries in a frame and a minute. */
interface OpenAccounts {
  readonly accounts: readonly (Account | undefined)[];
  count: number;
  alone(member: Member): void;
  pair(from: number, to: number, memberOf: (k: number) => Member): void;
}

function createOpenAccounts(book: Book, { frame, minute, times }: Folding): OpenAccounts {
  const accounts: (Account | undefined)[] = [undefined, undefined, undefined, undefined];
  let lastFrom = -1;
  let lastTo = -1;
  let lastPair: Entry | undefined;

  const put = (entry: Entry): void => {
    if (frame) {
      accounts[open.count] = book.account(entry, framePeriod);
      open.count += 1;
    }
    if (minute !== undefined) {
      accounts[open.count] = book.account(entry, minute);
      open.count += 1;
    }
  };
  const open: OpenAccounts = {
    accounts,
    count: 0,
    alone(member) {
      lastFrom = -1;
      open.count = 0;
      put(member.alone);
    },
    pair(from, to, memberOf) {
      if (from === lastFrom && to === lastTo && lastPair !== undefined) {
        lastPair.use += times;
        return;
      }
      const sender = memberOf(from);
      const receiver = memberOf(to);
      open.count = 0;
      lastFrom = from;
      lastTo = to;
      lastPair = book.pair(sender, receiver, times);
      if (lastPair !== undefined) {
        put(lastPair);
        return;
      }
      put(sender.sent);
      put(receiver.received);
    },
  };
  return open;
}
