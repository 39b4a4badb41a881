import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { StreamMessage, StreamReader } from '@guildhall/chassis/stream-reader';
import type { SearchRecordsRequest, SearchRecordsResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { batchSize } from '@guildhall/proto/records/batch-size';
import { readRecordBatch, routingRecord } from '@guildhall/proto/records/read-batch';
import { createRecordReader } from '@guildhall/proto/records/record-columns';
import { streams } from '@guildhall/proto/subjects';
import type { SearchResult } from './events.js';
import { type Wanted, wantedBy } from './record-filter.js';
import type { UserTexts } from './user-texts.js';

/** How much one search may do. */
export interface SearchLimits {
  readonly records: number;
  readonly time: number;
  readonly atOnce: number;
}

/** What searching needs. */
export interface SearchNeeds {
  readonly reader: Pick<StreamReader, 'facts' | 'placeAt' | 'read'>;
  readonly users: UserTexts;
  readonly monotonic: () => number;
  readonly began: (by: 1 | -1) => void;
  readonly ended: (result: SearchResult) => void;
}

/** Searches the stored records, newest first. */
export type Search = (request: SearchRecordsRequest, signal: AbortSignal) => AsyncIterable<SearchRecordsResponse>;

/** Bytes of the stream that are read between two words of progress, and messages. */
const stepBytes = 8 * 1024 * 1024;
const leastStep = 32;
const mostStep = 8192;
const usualLimit = 100;
/** Records are stored so long after they were made, at most: an ingress keeps them while JetStream is away. ms. */
const storedLate = 3_600_000;

interface Found {
  readonly records: RoutingRecord[];
  readonly scanned: number;
  /** When the oldest of them ended, where others that fit were left out; 0 none was. ms since 1970. */
  readonly leftOutBefore: number;
}

/** Makes the search. It walks the stream backwards, a piece at a time, and decodes only batches that hold the bytes it looks for. */
export function createSearch(limits: SearchLimits, needs: SearchNeeds): Search {
  const { reader, monotonic } = needs;
  let running = 0;

  async function* walk(request: SearchRecordsRequest, signal: AbortSignal): AsyncGenerator<SearchRecordsResponse, SearchResult> {
    const end = monotonic() + limits.time;
    const facts = await asked(() => reader.facts(streams.records));
    if (facts === undefined)
      throw new ApiFault('unavailable', 'there are no records yet: their stream is not made', 'search again in a while');
    const wanted = wantedBy(request.filter ?? emptyFilter, await needs.users(request.filter?.user ?? ''));
    const since = Number(request.since);
    const until = request.until === 0n ? Number.MAX_SAFE_INTEGER : Number(request.until);
    const later = until + storedLate;
    let to = later < Date.parse('9999-01-01') ? (await asked(() => reader.placeAt(streams.records, later))) - 1 : facts.last;
    const oldest = since > 0 ? Math.max(await asked(() => reader.placeAt(streams.records, since)), facts.first) : facts.first;
    const step = stepOf(facts);
    let left = request.limit === 0 ? usualLimit : request.limit;
    let scanned = 0;
    while (to >= oldest && left > 0 && !signal.aborted) {
      const from = Math.max(oldest, to - step + 1);
      const piece = createPiece(wanted, { since, until, most: left });
      let firstStored = 0;
      await asked(() =>
        reader.read(
          streams.records,
          { from, to },
          (message) => {
            firstStored ||= message.stored;
            piece.look(message);
          },
          signal,
        ),
      );
      const { records, scanned: looked, leftOutBefore } = piece.found();
      scanned += looked;
      left -= records.length;
      to = from - 1;
      const over = to < oldest || left <= 0;
      const cut = !over && (scanned >= limits.records || monotonic() >= end);
      const searchedTo = to < oldest && leftOutBefore === 0 ? since : reached(to < oldest ? 0 : firstStored, leftOutBefore, until, records);
      yield { records, searchedTo: BigInt(searchedTo), scanned: BigInt(scanned), done: over || cut };
      if (over || cut) return cut ? 'cut' : 'done';
    }
    if (!signal.aborted) yield { records: [], searchedTo: BigInt(since), scanned: BigInt(scanned), done: true };
    return 'done';
  }

  return async function* search(request, signal) {
    if (running >= limits.atOnce) {
      needs.ended('refused');
      throw new ApiFault('limit', `${limits.atOnce} searches are under way already`, 'search again when one has ended');
    }
    running += 1;
    needs.began(1);
    let result: SearchResult = 'cut';
    try {
      result = yield* walk(request, signal);
    } finally {
      running -= 1;
      needs.began(-1);
      needs.ended(result);
    }
  };
}

/** A filter that all fits. */
export const emptyFilter = {
  callId: '',
  user: '',
  member: '',
  from: '',
  to: '',
  method: '',
  code: '',
  status: 0,
  refused: false,
  traceId: '',
};

/** What is asked of NATS and not answered is told as such. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof ApiFault) throw thrown;
    throw new ApiFault('unavailable', 'JetStream of NATS does not answer', 'search again in a while', thrown);
  }
}

/**
 * How far a search came that a limit ended: nothing in older pieces ended later than `firstStored`, nothing that was left out later than
 * `leftOutBefore`. Records that were stored late (JetStream was away) must not send the next search back to where this one began.
 */
function reached(firstStored: number, leftOutBefore: number, until: number, told: readonly RoutingRecord[]): number {
  const bound = Math.max(firstStored, leftOutBefore);
  return bound < until ? bound : Number(told.at(-1)?.at ?? BigInt(bound));
}

function stepOf({ messages, bytes }: { readonly messages: number; readonly bytes: number }): number {
  const usual = messages === 0 ? stepBytes : Math.max(bytes / messages, 1);
  return Math.min(Math.max(Math.floor(stepBytes / usual), leastStep), mostStep);
}

/** Looks at a piece of the stream, oldest first, and keeps the newest that fit. */
function createPiece(wanted: Wanted, { since, until, most }: { since: number; until: number; most: number }) {
  const needles = wanted.needles.map((text) => Buffer.from(text));
  const users = wanted.users.map((text) => Buffer.from(text));
  const read = createRecordReader();
  let kept: RoutingRecord[] = [];
  let scanned = 0;
  let leftOut = false;

  const holds = (payload: Uint8Array): boolean => {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    return needles.every((needle) => bytes.includes(needle)) && (users.length === 0 || users.some((user) => bytes.includes(user)));
  };
  return {
    look({ payload }: StreamMessage): void {
      if (!holds(payload)) {
        scanned += batchSize(payload);
        return;
      }
      const batch = read(payload);
      if (batch === undefined) return;
      scanned += batch.count;
      const timely = wanted.fitting(batch).filter((index) => {
        const ended = batch.at - (batch.ago[index] ?? 0);
        return ended >= since && ended <= until;
      });
      if (timely.length === 0) return;
      const whole = readRecordBatch(payload);
      if (whole === undefined) return;
      for (const index of timely) kept.push(routingRecord(whole, index));
      if (kept.length <= most * 2) return;
      kept = newest(kept, most);
      leftOut = true;
    },
    found(): Found {
      leftOut ||= kept.length > most;
      const records = newest(kept, most).reverse();
      return { records, scanned, leftOutBefore: leftOut ? Number(records.at(-1)?.at ?? 0n) : 0 };
    },
  };
}

/** The newest so many, oldest first. */
function newest(records: RoutingRecord[], most: number): RoutingRecord[] {
  return records.sort((a, b) => Number(a.at - b.at)).slice(-most);
}
