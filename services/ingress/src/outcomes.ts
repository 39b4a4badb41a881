import type { Slices } from '@guildhall/chassis/slices';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { isReasonCode, type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Counts } from './counts.js';
import type { Responses } from './responses.js';
import { noteFarSide } from './story.js';
import type { ServerTransaction } from './transactions.js';

/** A transaction for which no response will come, and why. */
export interface Gone {
  readonly transaction: number;
  readonly code: ReasonCode;
  readonly sentence: string;
}

/** What to do with outcomes. */
export interface OutcomeDesk {
  /** This ingress's incarnation: outcomes for another one are dropped. */
  readonly epoch: string;
  readonly responses: Pick<Responses, 'pass'>;
  /** Ends that a relay told, which all come at once where a member is given up, go to `refuseGone`. */
  readonly gone: Slices<Gone>;
  readonly counts: Counts;
  byId(id: number): ServerTransaction | undefined;
  /** A relay told how late it is, ms, and, unless `heard` is 0, how old the newest batch is that it took: see OutcomeBatch. */
  relayTold(relay: string, lag: number, heard: number, age: number, now: number): void;
  clock(): number;
}

/**
 * Takes one OutcomeBatch from the bus. One whose columns do not fit each other means nothing and is dropped whole and counted;
 * an outcome nobody waits for is dropped and counted by itself. An error of our own over one is thrown when all were taken.
 */
export function takeOutcomes(payload: Uint8Array, desk: OutcomeDesk): void {
  const batch = readOutcomes(payload);
  if (batch === undefined) {
    desk.counts.brokenBatches += 1;
    return;
  }
  const count = batch.kind.length;
  if (batch.epoch !== desk.epoch) {
    desk.counts.strayOutcomes += count;
    return;
  }
  const now = desk.clock();
  desk.relayTold(batch.relay, batch.lag, batch.heard, batch.heardAge, now);
  const relay = idShape.test(batch.relay) ? batch.relay : '';
  let failure: { readonly error: unknown } | undefined;
  let start = 0;
  for (let at = 0; at < count; at += 1) {
    const end = start + (batch.length[at] ?? 0);
    try {
      takeOutcome(batch, at, start, end, relay, now, desk);
    } catch (error) {
      failure ??= { error };
    }
    start = end;
  }
  if (failure !== undefined) throw failure.error;
}

function takeOutcome(batch: OutcomeBatch, at: number, start: number, end: number, relay: string, now: number, desk: OutcomeDesk): void {
  const kind = batch.kind[at];
  const transaction = desk.byId(batch.transaction[at] ?? 0);
  if (transaction === undefined || (kind === OutcomeKind.GONE && isOfAnother(transaction, relay))) desk.counts.strayOutcomes += 1;
  else if (kind === OutcomeKind.GONE) {
    farSide(batch, at, transaction, relay);
    desk.gone.take(goneOf(batch, at, transaction.id));
  } else if (kind === OutcomeKind.FINAL || kind === OutcomeKind.PROVISIONAL) {
    if (kind === OutcomeKind.FINAL) farSide(batch, at, transaction, relay);
    desk.responses.pass(transaction, batch.status[at] ?? 0, batch.wire, start, end, now);
  }
}

/** Whether it was handed to another relay meanwhile: that one tells its end. */
function isOfAnother({ relay: present }: ServerTransaction, relay: string): boolean {
  return present !== undefined && relay !== '' && present.id !== relay;
}

/** An older relay tells nothing but that it was it. */
function farSide(batch: OutcomeBatch, at: number, transaction: ServerTransaction, relay: string): void {
  const link = batch.links[(batch.link[at] ?? 0) - 1] ?? '';
  noteFarSide(transaction.story, relay, link, batch.waited[at] ?? 0, batch.took[at] ?? 0, batch.tries[at] ?? 0);
}

function goneOf(batch: OutcomeBatch, at: number, transaction: number): Gone {
  const told = batch.gone[(batch.reason[at] ?? 0) - 1];
  // A code of a newer relay's table is still an end.
  const code = told !== undefined && isReasonCode(told.code) && reasons[told.code].status >= 400 ? told.code : 'member-unreachable';
  return { transaction, code, sentence: told?.sentence ?? '' };
}

/** Answers a transaction that is gone; by now it may be over. */
export function refuseGone(
  { transaction: id, code, sentence }: Gone,
  { byId, responses, counts }: Pick<OutcomeDesk, 'byId' | 'counts'> & { readonly responses: Pick<Responses, 'refuse'> },
  now: number,
): void {
  const transaction = byId(id);
  if (transaction === undefined) counts.strayOutcomes += 1;
  else responses.refuse(transaction, reasons[code].status, code, sentence, now);
}

/** Decodes a batch and checks that its columns fit; undefined when they do not. */
export function readOutcomes(payload: Uint8Array): OutcomeBatch | undefined {
  let batch: OutcomeBatch;
  try {
    batch = OutcomeBatch.decode(payload);
  } catch {
    return undefined;
  }
  const { kind, transaction, status, reason, length, wire } = batch;
  const count = kind.length;
  if (transaction.length !== count || status.length !== count || reason.length !== count || length.length !== count) return undefined;
  if (!tellsFarSide(batch, count)) return undefined;
  let bytes = 0;
  for (let at = 0; at < count; at += 1) {
    const size = length[at] ?? 0;
    if (!fits(kind[at], status[at] ?? 0, reason[at] ?? 0, size, batch.gone.length)) return undefined;
    bytes += size;
  }
  return bytes === wire.length ? batch : undefined;
}

/** What is told of the far side is told of every entry, or by an older relay of none. */
function tellsFarSide({ link, waited, took, tries, links }: OutcomeBatch, count: number): boolean {
  const length = link.length;
  if ((length !== 0 && length !== count) || waited.length !== length || took.length !== length || tries.length !== length) return false;
  for (const one of link) if (one > links.length) return false;
  return links.every((one) => linkShape.test(one));
}

/** "host:port", or which ingress holds the member's connection: it stands in records, and so on terminals. */
const linkShape = /^[\x21-\x7e](?:[\x20-\x7e]{0,298}[\x21-\x7e])?$/;
const idShape = /^[A-Za-z0-9_-]{1,64}$/;

function fits(kind: OutcomeKind | undefined, status: number, reason: number, size: number, reasonsGiven: number): boolean {
  switch (kind) {
    case OutcomeKind.PROVISIONAL:
      return status > 100 && status < 200 && size > 0;
    case OutcomeKind.FINAL:
      return status >= 200 && status < 700 && size > 0;
    case OutcomeKind.GONE:
      return size === 0 && reason >= 1 && reason <= reasonsGiven;
    case undefined:
    case OutcomeKind.UNSPECIFIED:
      return false;
    default:
      // A newer relay's: passed over.
      return true;
  }
}
