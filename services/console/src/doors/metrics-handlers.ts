import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller, Scope } from '@guildhall/chassis/api/caller';
import type { HandlersOf } from '@guildhall/chassis/api/handlers';
import type { StreamPlaces } from '@guildhall/chassis/api/stream-places';
import type { MetricsServiceService } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
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
      const frames = feed.watch(checkedMembers(members, half), signal);
      const cut = half === undefined ? (frame: TrafficFrame) => frame : ownFrames(half);
      return mapped(frames, (frame) => ({ frame: cut(frame) }));
    },
    async queryTraffic(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedQuery(request, half);
      const leave = placeFor(caller, searches);
      try {
        const found = await feed.query(checked, signal);
        return half === undefined ? found : ownPoints(half, found);
      } finally {
        leave();
      }
    },
    searchRecords(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedSearch(request, half);
      const found = occupying(
        () => placeFor(caller, searches),
        () => feed.search(checked, signal),
      );
      return half === undefined ? found : mapped(found, (one) => ownFound(half, one));
    },
    tailRecords({ filter }, caller, signal = never) {
      const half = halfOf(caller);
      const came = feed.tail(checkedFilter(filter, half), signal);
      return half === undefined ? came : mapped(came, (one) => ownTail(half, one));
    },
    async getCall(request, caller, signal = never) {
      const half = halfOf(caller);
      const checked = checkedCall(request);
      const leave = placeFor(caller, searches);
      try {
        const found = await feed.call(checked, signal);
        return half === undefined ? found : ownCall(half, found);
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

/** A stream that takes a place when it begins and gives it back when it ends, however it ends. */
async function* occupying<One>(enter: () => () => void, open: () => AsyncIterable<One>): AsyncGenerator<One> {
  const leave = enter();
  try {
    yield* open();
  } finally {
    leave();
  }
}

/** Which half somebody sees. Throws an ApiFault for who sees nothing. */
function halfOf({ scope, member }: Caller): Half {
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
