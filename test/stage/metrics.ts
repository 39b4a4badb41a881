import { readFileSync } from 'node:fs';
import { type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import {
  GetCallRequest,
  type GetCallResponse,
  type GetStatusResponse,
  MetricsServiceClient,
  QueryTrafficRequest,
  type QueryTrafficResponse,
  RecordFilter,
  SearchRecordsRequest,
  type SearchRecordsResponse,
  type TailRecordsResponse,
  type WatchTrafficResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord, TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { type ApiUser, asked } from './admin.js';
import type { HubServices } from './hub.js';
import { defaultPatience } from './mailbox.js';

/** What a stream of the metrics API said so far. */
export interface Heard<T> {
  readonly items: readonly T[];
  /** Resolves as soon as what came fits; rejects when the stream ends before, or after `patience` ms. */
  until(what: string, fits: (items: readonly T[]) => boolean, patience?: number): Promise<readonly T[]>;
  stop(): void;
}

/** A user's connection to the metrics API of a console. */
export interface MetricsConnection {
  readonly client: MetricsServiceClient;
  watch(members?: readonly string[]): Heard<TrafficFrame>;
  tail(filter?: Partial<RecordFilter>): Heard<RoutingRecord>;
  /** Everything that is found, when the search says it is done. */
  search(filter: Partial<RecordFilter>, limit?: number): Promise<readonly RoutingRecord[]>;
  query(request?: Partial<QueryTrafficRequest>): Promise<QueryTrafficResponse>;
  call(callId: string): Promise<GetCallResponse>;
  status(): Promise<GetStatusResponse>;
  close(): void;
}

/** Connects to the gRPC door of the hub's console number `at` over TLS. Default: as an operator. */
export function openMetrics(hub: HubServices, { token, identity }: ApiUser = { token: hub.operatorToken() }, at = 0): MetricsConnection {
  const pem = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
  const tls = credentials.createSsl(pem(hub.authority.certFile), pem(identity?.keyFile), pem(identity?.certFile));
  const bearer = credentials.createFromMetadataGenerator((_options, told) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    told(null, metadata);
  });
  const client = new MetricsServiceClient(hub.consoles[at]?.addresses['grpc'] ?? '', credentials.combineChannelCredentials(tls, bearer), {
    'grpc.ssl_target_name_override': hub.domain,
    'grpc.default_authority': hub.domain,
    'grpc.use_local_subchannel_pool': 1,
  });
  const open = new Set<() => void>();
  const keep = <T>(heard: Heard<T>): Heard<T> => {
    open.add(heard.stop);
    return heard;
  };
  return {
    client,
    watch: (members = []) =>
      keep(hear<WatchTrafficResponse, TrafficFrame>(client.watchTraffic({ members: [...members] }), ({ frame }) => (frame ? [frame] : []))),
    tail: (filter = {}) =>
      keep(
        hear<TailRecordsResponse, RoutingRecord>(
          client.tailRecords({ filter: RecordFilter.fromPartial(filter) }),
          ({ records }) => records,
        ),
      ),
    search(filter, limit = 10_000) {
      const request = SearchRecordsRequest.fromPartial({ filter, limit });
      return new Promise((resolve, reject) => {
        const found: RoutingRecord[] = [];
        const stream = client.searchRecords(request);
        stream.on('data', ({ records }: SearchRecordsResponse) => found.push(...records));
        stream.once('error', reject);
        stream.once('end', () => resolve(found));
      });
    },
    query: (request = {}) => asked<QueryTrafficResponse>((done) => client.queryTraffic(QueryTrafficRequest.fromPartial(request), done)),
    call: (callId) => asked<GetCallResponse>((done) => client.getCall(GetCallRequest.fromPartial({ callId }), done)),
    status: () => asked<GetStatusResponse>((done) => client.getStatus({}, done)),
    close() {
      for (const stop of open) stop();
      client.close();
    },
  };
}

function hear<Message, T>(stream: ClientReadableStream<Message>, itemsOf: (message: Message) => readonly T[]): Heard<T> {
  const items: T[] = [];
  const watchers = new Set<() => void>();
  let over = '';
  const tell = () => {
    for (const watcher of [...watchers]) watcher();
  };
  stream.on('data', (message: Message) => {
    items.push(...itemsOf(message));
    tell();
  });
  const end = (why: string) => {
    if (over === '') over = why;
    tell();
  };
  stream.once('error', (error) => end(error.message));
  stream.once('end', () => end('it ended'));
  return {
    items,
    until(what, fits, patience = defaultPatience) {
      // Made here so that the stack leads to the line of the test that waits.
      const failure = new Error();
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          watchers.delete(look);
        };
        const fail = (why: string) => {
          done();
          failure.message = `waited for ${what}: ${why}; ${items.length} came, the last: ${shown(items.at(-1))}`;
          reject(failure);
        };
        const look = () => {
          if (fits(items)) {
            done();
            resolve(items);
          } else if (over !== '') fail(over);
        };
        const timer = setTimeout(() => fail(`not within ${patience} ms`), patience);
        watchers.add(look);
        look();
      });
    },
    stop: () => stream.cancel(),
  };
}

function shown(item: unknown): string {
  return JSON.stringify(item, (_key, value) => (typeof value === 'bigint' ? `${value}` : value), 1) ?? 'none';
}
