import { RecordAnswer, RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { RecordFilter } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { longestCallId } from '@guildhall/proto/records/read-batch';
import type { NumberColumn, RecordColumns } from '@guildhall/proto/records/record-columns';

/** A filter made ready. */
export interface Wanted {
  /** Texts that a batch holds as they are if a record of it fits. */
  readonly needles: readonly string[];
  /** One of these stands in it as well, unless there are none. */
  readonly users: readonly string[];
  /** The places of the records of a batch that fit. */
  fitting(batch: RecordColumns): number[];
}

type Test = (index: number) => boolean;

/** From this status on, what the hub answers is a refusal. */
const leastRefusal = 400;

/** `users`: what the filter's user may be written as in records; whole, hashed, or only the domain. All that is given must fit. */
export function wantedBy(filter: RecordFilter, users: readonly string[]): Wanted {
  const callId = filter.callId.slice(0, longestCallId);
  const needles = [callId, filter.member, filter.from, filter.to, filter.method, filter.code].filter((text) => text !== '');
  return {
    needles,
    users,
    fitting(batch) {
      const tests = testsOf({ ...filter, callId }, users, batch);
      const found: number[] = [];
      if (tests === undefined) return found;
      for (let index = 0; index < batch.count; index += 1) if (tests.every((test) => test(index))) found.push(index);
      return found;
    },
  };
}

/** The tests of a batch, the cheap ones first; undefined: nothing in it can fit, since a name is not there. */
function testsOf(filter: RecordFilter, users: readonly string[], batch: RecordColumns): Test[] | undefined {
  const tests: Test[] = [];
  const places = new Map<string, number[]>();
  const looked = new Set([filter.member, filter.from, filter.to, filter.method, filter.code, ...users].filter((text) => text !== ''));
  if (looked.size > 0) {
    for (let k = 1; k <= batch.names; k += 1) {
      const name = batch.name(k);
      if (looked.has(name)) places.set(name, [...(places.get(name) ?? []), k]);
    }
  }
  const named = (columns: readonly NumberColumn[], texts: readonly string[]): boolean => {
    const ks = texts.flatMap((text) => places.get(text) ?? []);
    if (ks.length > 0) tests.push((index) => columns.some((column) => ks.includes(batch[column][index] ?? 0)));
    return ks.length > 0;
  };
  if (filter.status !== 0) tests.push((index) => statusFits(batch.status[index] ?? 0, filter.status));
  if (filter.refused) tests.push((index) => isRefused(batch, index));
  if (filter.member !== '' && !named(['peer', 'target'], [filter.member])) return undefined;
  if (filter.from !== '' && !named(['peer'], [filter.from])) return undefined;
  if (filter.to !== '' && !named(['target'], [filter.to])) return undefined;
  if (filter.method !== '' && !named(['method'], [filter.method])) return undefined;
  if (filter.code !== '' && !named(['code'], [filter.code])) return undefined;
  if (filter.user !== '' && !named(['fromUser', 'toUser'], users)) return undefined;
  if (filter.traceId !== '') tests.push((index) => batch.traceId(index) === filter.traceId);
  if (filter.callId !== '') tests.push((index) => batch.callId(index) === filter.callId);
  return tests;
}

function statusFits(status: number, wanted: number): boolean {
  return wanted < 10 ? Math.floor(status / 100) === wanted : status === wanted;
}

function isRefused(batch: RecordColumns, index: number): boolean {
  const kind = batch.kind[index];
  if (kind === RecordKind.REFUSED_HANDSHAKE || kind === RecordKind.REFUSED_REQUEST) return true;
  return batch.answer[index] === RecordAnswer.HUB && (batch.status[index] ?? 0) >= leastRefusal;
}
