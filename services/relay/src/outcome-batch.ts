import { createOutbox } from '@guildhall/chassis/outbox';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import type { Course } from './course.js';
import type { Loss } from './failover.js';

/** One OutcomeBatch in the making: columns of numbers, each name once. */
export interface OutcomeGathering {
  /** A response: `text` (latin1), and then source[start, end). */
  response(transaction: number, status: number, course: Course, text: string, source: Buffer, start: number, end: number): void;
  gone(transaction: number, loss: Loss, course: Course): void;
  isEmpty(): boolean;
  /** What it will be in bytes, at most. */
  bytes(): number;
  /** The batch, encoded; a new one begins. Throws where it cannot be encoded: then it is lost. */
  take(told: Pick<OutcomeBatch, 'lag' | 'heard' | 'heardAge'>): Uint8Array;
}

const nothing = Buffer.alloc(0);

/** What an entry costs at most in the columns, and a table text besides its characters. */
const entryBytes = 40;
const textBytes = 8;

/** Batches of one relay for one incarnation of an ingress. */
export function createOutcomeBatch(names: { readonly relay: string; readonly epoch: string }): OutcomeGathering {
  const outbox = createOutbox(16 * 1024);
  const links = new Map<string, number>();
  let batch = emptyBatch(names);
  // One writer for all batches: encoding with a kept one costs half.
  let writer = newWriter(names);
  /** The link named last, and its number: most follow each other. */
  let lastLink = '';
  let lastNumber = 0;
  /** Of columns and tables. */
  let size = 0;

  const linkNumber = (address: string): number => {
    if (address === lastLink) return lastNumber;
    let number = address === '' ? 0 : links.get(address);
    if (number === undefined) {
      number = batch.links.push(address);
      size += address.length + textBytes;
      links.set(address, number);
    }
    lastLink = address;
    lastNumber = number;
    return number;
  };

  const add = (kind: OutcomeKind, transaction: number, status: number, reason: number, length: number): void => {
    batch.kind.push(kind);
    batch.transaction.push(transaction);
    batch.status.push(status);
    batch.reason.push(reason);
    batch.length.push(length);
    size += entryBytes;
  };
  const addCourse = (course: Course): void => {
    batch.link.push(linkNumber(course.address));
    batch.waited.push(course.waited);
    batch.took.push(course.took);
    batch.tries.push(course.tries);
  };

  return {
    response(transaction, status, course, text, source, start, end) {
      const final = status >= 200;
      add(final ? OutcomeKind.FINAL : OutcomeKind.PROVISIONAL, transaction, status, 0, text.length + end - start);
      if (final) addCourse(course);
      else addNothing(batch);
      outbox.text(text);
      outbox.bytes(source, start, end);
    },
    gone(transaction, loss, course) {
      const { gone } = batch;
      const last = gone[gone.length - 1];
      if (last === undefined || last.code !== loss.code || last.sentence !== loss.sentence) {
        gone.push({ code: loss.code, sentence: loss.sentence });
        size += loss.code.length + loss.sentence.length + textBytes;
      }
      add(OutcomeKind.GONE, transaction, 0, gone.length, 0);
      addCourse(course);
    },
    isEmpty: () => batch.kind.length === 0,
    bytes: () => outbox.length() + size,
    take({ lag, heard, heardAge }) {
      const taken = batch;
      taken.lag = lag;
      taken.heard = heard;
      taken.heardAge = heardAge;
      taken.wire = outbox.take();
      batch = emptyBatch(names);
      links.clear();
      lastLink = '';
      lastNumber = 0;
      size = 0;
      try {
        return OutcomeBatch.encode(taken, writer).finish();
      } catch (error) {
        // The writer is reset by finish and by nothing else.
        writer = newWriter(names);
        throw error;
      }
    },
  };
}

function addNothing({ link, waited, took, tries }: OutcomeBatch): void {
  link.push(0);
  waited.push(0);
  took.push(0);
  tries.push(0);
}

function emptyBatch({ relay, epoch }: { readonly relay: string; readonly epoch: string }): OutcomeBatch {
  return {
    relay,
    epoch,
    gone: [],
    lag: 0,
    heard: 0,
    heardAge: 0,
    kind: [],
    transaction: [],
    status: [],
    reason: [],
    length: [],
    link: [],
    waited: [],
    took: [],
    tries: [],
    links: [],
    wire: nothing,
  };
}

/** The writer that encoding makes when it is given none, emptied. */
function newWriter(names: { readonly relay: string; readonly epoch: string }) {
  const writer = OutcomeBatch.encode(emptyBatch(names));
  writer.finish();
  return writer;
}
