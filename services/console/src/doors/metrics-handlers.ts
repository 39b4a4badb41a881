import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller, Scope } from '@guildhall/chassis/api/caller';
import type { HandlersOf } from '@guildhall/chassis/api/handlers';
import type { StreamPlaces } from '@guildhall/chassis/api/stream-places';
import { quoted } from '@guildhall/proto/community/quoted';
import type {
  MetricsServiceService,
  RecordFilter,
  SearchRecordsRequest,
  SearchRecordsResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { Feed } from './feed.js';
import { mapped } from './mapped.js';
import { ownCall, ownFound, ownFrames, ownPoints, ownStatus, ownTail } from './own-half.js';
import { checkedCall, checkedFilter, checkedMembers, checkedQuery, checkedSearch, type Half } from './request-checks.js';

/** Handlers of guildhall.metrics.v1.MetricsService, the same for both doors. */
export type MetricsHandlers = HandlersOf<MetricsServiceService>;

/** Who may call them: whoever is known; a member gets its own half. */
export const metricsScopes: readonly Scope[] = ['operator', 'dashboard', 'member'];

const never = new AbortController().signal;

/**
 * Answers from the feed: checks what is asked for, at once, and cuts what is answered to what the caller may see. `searches`: searches at the
 * same time.
 */
export function metricsHandlers(feed: Feed, searches: StreamPlaces): MetricsHandlers {
  return {
    watchTraffic({ members }, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedMembers(members, half);
      const frames = known(feed, half, checked, () => feed.watch(checked, signal));
      const cut = half === undefined ? (frame: TrafficFrame) => frame : ownFrames(half);
      return mapped(frames, (frame) => ({ frame: cut(frame) }));
    },
    async queryTraffic(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedQuery(request, half);
      const leave = placeFor(caller, searches);
      try {
        const found = await feed.query(checked, signal);
        if (half !== undefined) return ownPoints(half, found);
        // Who is a member no longer still has its past.
        const told = new Set(found.points.flatMap(({ members }) => members.map(({ member }) => member)));
        await feed.knows(checked.members.filter((member) => !told.has(member)));
        return found;
      } finally {
        leave();
      }
    },
    searchRecords(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedSearch(request, half);
      const records = occupying(
        () => placeFor(caller, searches),
        () => searched(feed, half, checked, signal),
      );
      return half === undefined ? records : mapped(records, (one) => ownFound(half, one));
    },
    tailRecords({ filter }, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedFilter(filter, half);
      const came = known(feed, half, membersOf(checked), () => feed.tail(checked, signal));
      return half === undefined ? came : mapped(came, (one) => ownTail(half, one));
    },
    async getCall(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedCall(request);
      const leave = placeFor(caller, searches);
      try {
        const found = await feed.call(checked, signal);
        const shown = half === undefined ? found : ownCall(half, found);
        if (shown.records.length === 0 && shown.messages.length === 0) throw noSuchCall(checked.callId);
        return shown;
      } finally {
        leave();
      }
    },
    async getStatus(_request, caller, signal = never) {
      const half = halfOf(caller);
      const status = await feed.status(signal);
      return half === undefined ? status : ownStatus(half, status);
    },
  };
}

/** A stream about members that exist; a member's own half needs no look. */
async function* known<One>(feed: Feed, half: Half, members: readonly string[], open: () => AsyncIterable<One>): AsyncGenerator<One> {
  if (half === undefined) await feed.knows(members);
  yield* open();
}

/** What a search finds; one that finds nothing of a member that is none says so. */
async function* searched(
  feed: Feed,
  half: Half,
  request: SearchRecordsRequest,
  signal: AbortSignal,
): AsyncGenerator<SearchRecordsResponse> {
  let any = half !== undefined;
  for await (const one of feed.search(request, signal)) {
    any ||= one.records.length > 0;
    if (one.done && !any) await feed.knows(membersOf(request.filter));
    yield one;
  }
}

/** Members that a filter names. */
export function membersOf(filter: RecordFilter | undefined): string[] {
  return [filter?.member ?? '', filter?.from ?? '', filter?.to ?? ''].filter((id) => id !== '');
}

function noSuchCall(callId: string): ApiFault {
  return new ApiFault(
    'not-found',
    `Nothing is recorded of the Call-ID ${quoted(callId)}.`,
    'give the whole Call-ID, or look further back with since',
  );
}

/** A stream that takes a place when it begins and gives it back when it ends, however it ends. */
async function* occupying<One>(enter: () => () => void, open: () => AsyncIterable<One>): AsyncGenerator<One> {
  const leave = enter();
  try {
    yield* open();
  } finally {
    leave();
  }
}

/** Which half somebody sees; undefined: the whole. Throws an ApiFault for who sees nothing. */
export function halfOf({ scope, member }: Caller): Half {
  switch (scope) {
    case 'operator':
    case 'dashboard':
      return undefined;
    case 'member':
      if (member !== '') return member;
      throw new ApiFault('denied', 'The caller is a member without a name.');
    case 'nobody':
      throw new ApiFault('denied', 'This needs credentials.');
  }
}

function placeFor(caller: Caller, searches: StreamPlaces): () => void {
  const leave = searches.enter(caller);
  if (leave === undefined) throw new ApiFault('limit', 'Too many searches are under way.', 'wait for one of them, and search again');
  return leave;
}
