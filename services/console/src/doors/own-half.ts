import type {
  GetCallResponse,
  GetStatusResponse,
  QueryTrafficResponse,
  SearchRecordsResponse,
  TailRecordsResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type {
  MemberTraffic,
  PairTraffic,
  ReasonCount,
  RoutingRecord,
  Tally,
  TrafficFrame,
  TrafficPoint,
} from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addTallies } from '@guildhall/proto/traffic/sums';

/** What frames and points have in common. */
interface Figures {
  readonly members: readonly MemberTraffic[];
  readonly pairs: readonly PairTraffic[];
}

interface OwnFigures {
  all: Tally;
  reasons: ReasonCount[];
  members: MemberTraffic[];
  pairs: PairTraffic[];
  otherPairs: undefined;
}

/** What a member sees of figures: its own, the pairs it is one side of, and as the whole what it sent and received. */
function ownFigures(own: string, { members, pairs }: Figures): OwnFigures {
  const mine = members.filter(({ member }) => member === own);
  const [figures] = mine;
  return {
    all: addTallies(figures?.sent, figures?.received),
    reasons: [...(figures?.reasons ?? [])],
    members: mine,
    pairs: pairs.filter(({ from, to }) => from === own || to === own),
    otherPairs: undefined,
  };
}

/**
 * Cuts the frames of one stream to a member's half. What the hub as a whole has or lost is left out: it would tell of the others.
 * Requests in flight and connections are the member's own, as last told.
 */
export function ownFrames(own: string): (frame: TrafficFrame) => TrafficFrame {
  let inFlight = 0;
  let connections = 0;
  return (frame) => {
    const figures = ownFigures(own, frame);
    const [mine] = figures.members;
    if (mine !== undefined || frame.full) {
      inFlight = mine?.inFlight ?? 0;
      connections = mine?.connections ?? 0;
    }
    const { at, number, console: teller, full, sampled, more } = frame;
    return {
      at,
      number,
      console: teller,
      full,
      sampled,
      more,
      ...figures,
      instances: [],
      dropped: 0n,
      lost: 0n,
      behind: 0n,
      inFlight,
      connections,
      unheard: [],
    };
  };
}

/** Cuts history to a member's half. */
export function ownPoints(own: string, { points, resolution, keptSince }: QueryTrafficResponse): QueryTrafficResponse {
  const cut = (point: TrafficPoint): TrafficPoint => ({ ...point, ...ownFigures(own, point), dropped: 0n, lost: 0n });
  return { points: points.map(cut), resolution, keptSince };
}

/** A member's records, without the addresses of the other side's proxies. */
export function ownRecords(own: string, records: readonly RoutingRecord[]): RoutingRecord[] {
  return records
    .filter(({ peer, target }) => peer === own || target === own)
    .map((record) => ({
      ...record,
      source: record.peer === own ? record.source : '',
      link: record.target === own ? record.link : '',
    }));
}

/** Cuts what was found; how many records of others were looked at is left out. */
export function ownFound(own: string, found: SearchRecordsResponse): SearchRecordsResponse {
  return { ...found, records: ownRecords(own, found.records), scanned: 0n };
}

/** Cuts what came. */
export function ownTail(own: string, { records, skipped }: TailRecordsResponse): TailRecordsResponse {
  return { records: ownRecords(own, records), skipped };
}

/** Cuts a call to the member's records, and to what was kept of its own connections. */
export function ownCall(own: string, { records, messages, more }: GetCallResponse): GetCallResponse {
  return { records: ownRecords(own, records), messages: messages.filter(({ member }) => member === own), more };
}

/** The member's figures and links, and the verdict in one word: why it is so may name others. */
export function ownStatus(own: string, { at, verdict, members, links }: GetStatusResponse): GetStatusResponse {
  return {
    at,
    verdict,
    reasons: [],
    instances: [],
    members: members.filter(({ member }) => member === own),
    links: links.filter(({ member }) => member === own),
    streams: [],
    behind: 0n,
  };
}
