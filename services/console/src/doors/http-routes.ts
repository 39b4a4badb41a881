import type { Caller } from '@guildhall/chassis/api/caller';
import {
  GetCallRequest,
  GetCallResponse,
  GetStatusResponse,
  QueryTrafficRequest,
  QueryTrafficResponse,
  type RecordFilter,
  SearchRecordsRequest,
  SearchRecordsResponse,
  TailRecordsResponse,
  WatchTrafficResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { mapped } from './mapped.js';
import { type MetricsHandlers, membersOf } from './metrics-handlers.js';
import type { Parameters, QueryValues } from './query-values.js';
import { mostRecords } from './request-checks.js';
import type { SseMessage } from './sse-stream.js';

interface Described {
  readonly path: string;
  /** RPC of guildhall.metrics.v1.MetricsService that it stands for. */
  readonly method: string;
  readonly parameters: Parameters;
  /** What it answers with, a message of that package as proto3 JSON. */
  readonly message: string;
  readonly about: string;
}

/** One address: what it takes, and what answers. `part` is what its path holds besides. */
export type Route = Described &
  (
    | { readonly kind: 'answer'; ask(values: QueryValues, part: string, caller: Caller, signal: AbortSignal): Promise<unknown> }
    | {
        readonly kind: 'stream';
        /** Members that it is about: refused before anything is told where they are none. */
        members(values: QueryValues): string[];
        listen(values: QueryValues, caller: Caller, signal: AbortSignal): AsyncIterable<SseMessage>;
      }
  );

const filterParameters = {
  callId: 'text',
  user: 'text',
  member: 'text',
  from: 'text',
  to: 'text',
  method: 'text',
  code: 'text',
  status: 'number',
  refused: 'flag',
  traceId: 'text',
} as const satisfies Parameters;

/** Records of a search that names no limit. */
const usualRecords = 100;

/** Every address but the list of them. */
export function httpRoutes(handlers: MetricsHandlers): Route[] {
  const frameText = frameTexts();
  return [
    {
      path: '/v1/traffic',
      method: 'WatchTraffic',
      parameters: { members: 'texts' },
      message: 'WatchTrafficResponse',
      about: 'Server-Sent Events: a full frame, then one a second; the event id is the number of the frame.',
      kind: 'stream',
      members: (values) => values.texts('members'),
      listen(values, caller, signal) {
        const frames = handlers.watchTraffic({ members: values.texts('members') }, caller, signal);
        return mapped(frames, (response) => ({ id: String(response.frame?.number ?? 0n), data: frameText(response) }));
      },
    },
    {
      path: '/v1/traffic/history',
      method: 'QueryTraffic',
      parameters: { from: 'time', until: 'time', resolution: 'number', members: 'texts' },
      message: 'QueryTrafficResponse',
      about: 'History, oldest first. The resolution is 1000, 60000 or 3600000 (ms); left away, the finest there is.',
      kind: 'answer',
      async ask(values, _part, caller, signal) {
        const request = QueryTrafficRequest.fromPartial({
          from: values.time('from'),
          until: values.time('until'),
          resolution: BigInt(values.number('resolution')),
          members: values.texts('members'),
        });
        return QueryTrafficResponse.toJSON(await handlers.queryTraffic(request, caller, signal));
      },
    },
    {
      path: '/v1/records',
      method: 'SearchRecords',
      parameters: { ...filterParameters, since: 'time', until: 'time', limit: 'number' },
      message: 'SearchRecordsResponse',
      about:
        'Records of the past, newest first. With "searchedTo" later than since there may be older ones: go on with until=searchedTo (those of that millisecond come again).',
      kind: 'answer',
      async ask(values, _part, caller, signal) {
        const request = SearchRecordsRequest.fromPartial({
          filter: filterOf(values),
          since: values.time('since'),
          until: values.time('until'),
          limit: values.number('limit'),
        });
        return SearchRecordsResponse.toJSON(await gathered(handlers.searchRecords(request, caller, signal), request.limit));
      },
    },
    {
      path: '/v1/records/tail',
      method: 'TailRecords',
      parameters: filterParameters,
      message: 'TailRecordsResponse',
      about: 'Server-Sent Events: records as they come.',
      kind: 'stream',
      members: (values) => membersOf(filterOf(values)),
      listen(values, caller, signal) {
        const came = handlers.tailRecords({ filter: filterOf(values) }, caller, signal);
        return mapped(came, (response) => ({ data: JSON.stringify(TailRecordsResponse.toJSON(response)) }));
      },
    },
    {
      path: '/v1/calls/{callId}',
      method: 'GetCall',
      parameters: { since: 'time' },
      message: 'GetCallResponse',
      about: 'Everything that is known of one Call-ID, oldest first; 404 where that is nothing.',
      kind: 'answer',
      async ask(values, callId, caller, signal) {
        const request = GetCallRequest.fromPartial({ callId, since: values.time('since') });
        return GetCallResponse.toJSON(await handlers.getCall(request, caller, signal));
      },
    },
    {
      path: '/v1/status',
      method: 'GetStatus',
      parameters: {},
      message: 'GetStatusResponse',
      about: 'How the hub stands: services, leaders, links, backlog.',
      kind: 'answer',
      async ask(_values, _part, caller, signal) {
        return GetStatusResponse.toJSON(await handlers.getStatus({}, caller, signal));
      },
    },
  ];
}

/** What /v1/schema tells. */
export function schemaOf(routes: readonly Route[]): unknown {
  return {
    package: 'guildhall.metrics.v1',
    json: 'proto3 JSON: 64-bit numbers are strings, fields that are empty or 0 are left out',
    authorization: 'Bearer TOKEN, or a client certificate',
    errors: { code: 'one word', message: 'one sentence', cure: 'what to do about it' },
    parameters: { time: 'ms since 1970', texts: 'repeated, or with commas between', number: 'a whole number', flag: 'true or false' },
    routes: routes.map(({ path, method, kind, parameters, message, about }) => ({
      path,
      method,
      answer: kind === 'stream' ? 'text/event-stream' : 'application/json',
      message,
      parameters,
      about,
    })),
  };
}

function filterOf(values: QueryValues): RecordFilter {
  const texts = {
    callId: values.text('callId'),
    user: values.text('user'),
    member: values.text('member'),
    from: values.text('from'),
    to: values.text('to'),
    method: values.text('method'),
    code: values.text('code'),
    traceId: values.text('traceId'),
  };
  return { ...texts, status: values.number('status'), refused: values.flag('refused') };
}

/** The responses of a search as one: until it is done, or has as many as were asked for. */
async function gathered(search: AsyncIterable<SearchRecordsResponse>, limit: number): Promise<SearchRecordsResponse> {
  const most = limit === 0 ? usualRecords : Math.min(limit, mostRecords);
  const all = SearchRecordsResponse.create();
  for await (const { records, searchedTo, scanned, done } of search) {
    all.records.push(...records);
    all.searchedTo = searchedTo;
    if (scanned > all.scanned) all.scanned = scanned;
    all.done = done;
    if (done || all.records.length >= most) break;
  }
  return all;
}

/** Frames as JSON; whoever sees the whole is told of the same frame, so that it is written once. */
function frameTexts(): (response: WatchTrafficResponse) => string {
  const texts = new WeakMap<TrafficFrame, string>();
  return (response) => {
    const { frame } = response;
    const text = (frame === undefined ? undefined : texts.get(frame)) ?? JSON.stringify(WatchTrafficResponse.toJSON(response));
    if (frame !== undefined) texts.set(frame, text);
    return text;
  };
}
