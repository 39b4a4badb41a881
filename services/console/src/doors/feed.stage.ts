import { ApiFault } from '@guildhall/chassis/api/api-fault';
import {
  GetCallResponse,
  GetStatusResponse,
  QueryTrafficResponse,
  type RecordFilter,
  SearchRecordsResponse,
  TailRecordsResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { RoutingRecord, Tally, TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addFrames } from '@guildhall/proto/traffic/sums';
import type { Feed } from './feed.js';

/** A feed that tells what a test says. */
export interface PlayedFeed extends Feed {
  /** Members it knows. Default: all that are asked for. */
  members: ReadonlySet<string> | undefined;
  /** A second with this much traffic from acme to bolt, from bolt to cara and from cara to acme. */
  second(requests: number): void;
  record(record: Partial<RoutingRecord>): void;
  /** What was asked for, newest last. */
  readonly asked: unknown[];
  /** Streams that are open. */
  open(): number;
  /** Refuses everything that is not a stream from now on. */
  refuse(fault: ApiFault | Error): void;
  /** Knows of no call any more. */
  forget(): void;
  /** Answers nothing any more. */
  hang(): void;
  /** Seconds become as large as this many bytes. */
  swell(bytes: number): void;
}

const tally = (requests: number) => Tally.fromPartial({ requests: BigInt(requests), ok: BigInt(requests) });

/** The traffic of three members in a ring; numbers count from 1. */
export function frameOf(number: number, requests: number, full: boolean, padding = ''): TrafficFrame {
  const ring = [
    ['acme', 'bolt'],
    ['bolt', 'cara'],
    ['cara', 'acme'],
  ] as const;
  return TrafficFrame.fromPartial({
    at: BigInt(number * 1000),
    number: BigInt(number),
    console: `console-1${padding}`,
    full,
    sampled: 1,
    all: tally(3 * requests),
    reasons: [{ code: 'rule', status: 403, count: 1n }],
    members: ring.map(([member]) => ({ member, sent: tally(requests), received: tally(requests), inFlight: 2, connections: 1 })),
    pairs: ring.map(([from, to]) => ({ from, to, tally: tally(requests) })),
    otherPairs: tally(7),
    instances: [{ service: 'relay', id: 'relay-1' }],
    dropped: 5n,
    lost: 6n,
    behind: 8n,
    inFlight: 6,
    connections: 3,
  });
}

/** Some records of the three, one of each pair. */
export const recordsOfAll = [
  RoutingRecord.fromPartial({ peer: 'acme', target: 'bolt', source: '192.0.2.1:5', link: 'proxy.bolt.example:5061', callId: 'ab' }),
  RoutingRecord.fromPartial({ peer: 'bolt', target: 'cara', source: '192.0.2.2:5', link: 'proxy.cara.example:5061', callId: 'bc' }),
  RoutingRecord.fromPartial({ peer: 'cara', target: 'acme', source: '192.0.2.3:5', link: 'proxy.acme.example:5061', callId: 'ca' }),
];

interface Listener<T> {
  take(one: T): void;
}

/** Plays it. */
export function playFeed(): PlayedFeed {
  const asked: unknown[] = [];
  const watching = new Set<Listener<TrafficFrame>>();
  const tailing = new Set<Listener<RoutingRecord>>();
  let number = 0;
  let fault: Error | undefined;
  let hangs = false;
  let forgot = false;
  let padding = '';

  const answer = async <T>(made: T): Promise<T> => {
    if (fault !== undefined) throw fault;
    if (hangs) await new Promise(() => undefined);
    return made;
  };
  const listen = async function* <T, Heard>(
    to: Set<Listener<T>>,
    signal: AbortSignal,
    first: Heard | undefined,
    add: (before: Heard | undefined, one: T) => Heard,
  ): AsyncGenerator<Heard> {
    let waiting = first;
    let wake = (): void => undefined;
    const listener: Listener<T> = {
      take(one) {
        waiting = add(waiting, one);
        wake();
      },
    };
    const over = () => wake();
    signal.addEventListener('abort', over);
    to.add(listener);
    try {
      while (!signal.aborted) {
        if (waiting === undefined) await new Promise<void>((resolve) => (wake = resolve));
        const told = waiting;
        waiting = undefined;
        if (told !== undefined && !signal.aborted) yield told;
      }
    } finally {
      to.delete(listener);
      signal.removeEventListener('abort', over);
    }
  };

  const feed: PlayedFeed = {
    members: undefined,
    async knows(ids) {
      const unknown = ids.find((id) => feed.members?.has(id) === false);
      if (unknown !== undefined) throw new ApiFault('not-found', `There is no member ${unknown}.`, 'there is acme');
    },
    asked,
    open: () => watching.size + tailing.size,
    refuse(how) {
      fault = how;
    },
    forget() {
      forgot = true;
    },
    hang() {
      hangs = true;
    },
    swell(bytes) {
      padding = '.'.repeat(bytes);
    },
    second(requests) {
      number += 1;
      for (const { take } of watching) take(frameOf(number, requests, false, padding));
    },
    record(record) {
      for (const { take } of tailing) take(RoutingRecord.fromPartial(record));
    },
    watch(members, signal) {
      asked.push({ members });
      return listen(watching, signal, frameOf(number, 0, true), (before, one) => (before === undefined ? one : addFrames(before, one)));
    },
    query(request) {
      asked.push(request);
      const { all, reasons, members, pairs, otherPairs, sampled } = frameOf(1, 10, true);
      const point = TrafficPoint.fromPartial({ from: 1000n, length: 1000n, dropped: 5n, lost: 6n, reasons, members, pairs, sampled });
      return answer(QueryTrafficResponse.fromPartial({ points: [{ ...point, all, otherPairs }], resolution: 1000n }));
    },
    async *search(request) {
      asked.push(request);
      yield await answer(SearchRecordsResponse.fromPartial({ records: [], searchedTo: 5n, scanned: 1000n }));
      yield SearchRecordsResponse.fromPartial({ records: recordsOfAll, searchedTo: 1n, scanned: 2000n, done: true });
    },
    tail(filter: RecordFilter, signal) {
      asked.push({ filter });
      const add = (before: TailRecordsResponse | undefined, one: RoutingRecord) =>
        TailRecordsResponse.fromPartial({ records: [...(before?.records ?? []), one] });
      return listen(tailing, signal, undefined, add);
    },
    call(request) {
      asked.push(request);
      const messages = [
        { member: 'acme', head: 'MESSAGE sip:bob@bolt.example SIP/2.0' },
        { member: 'bolt', head: 'MESSAGE sip:bob@bolt.example SIP/2.0' },
      ];
      return answer(GetCallResponse.fromPartial(forgot ? {} : { records: recordsOfAll, messages }));
    },
    status() {
      const { members, instances } = frameOf(1, 10, true);
      const links = [
        { member: 'acme', address: 'proxy.acme.example:5061', state: 'up' },
        { member: 'bolt', address: 'proxy.bolt.example:5061', state: 'backoff', why: 'nobody listens' },
      ];
      const reasons = ['bolt cannot be reached'];
      const streams = [{ name: 'RECORDS', messages: 5n }];
      return answer(GetStatusResponse.fromPartial({ verdict: 'impaired', reasons, members, instances, links, streams, behind: 8n }));
    },
  };
  return feed;
}
