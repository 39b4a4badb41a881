import type {
  GetCallRequest,
  GetCallResponse,
  GetStatusResponse,
  QueryTrafficRequest,
  QueryTrafficResponse,
  RecordFilter,
  SearchRecordsRequest,
  SearchRecordsResponse,
  TailRecordsResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';

/**
 * What stands behind the doors. It answers as to an operator: who may see what of it is the doors' business. Requests come checked for size and
 * shape. Streams are pulled and bounded, and end with their signal. Refuses with an ApiFault.
 */
export interface Feed {
  /** Refuses (`not-found`) when one of these is no member and was none lately. */
  knows(members: readonly string[]): Promise<void>;
  /** A full frame first, then one a second; who pulls late gets what came meanwhile added up in one. Figures and pairs of these members; none: of all. */
  watch(members: readonly string[], signal: AbortSignal): AsyncIterable<TrafficFrame>;
  query(request: QueryTrafficRequest, signal: AbortSignal): Promise<QueryTrafficResponse>;
  search(request: SearchRecordsRequest, signal: AbortSignal): AsyncIterable<SearchRecordsResponse>;
  /** Who pulls late is told `skipped`. */
  tail(filter: RecordFilter, signal: AbortSignal): AsyncIterable<TailRecordsResponse>;
  call(request: GetCallRequest, signal: AbortSignal): Promise<GetCallResponse>;
  status(signal: AbortSignal): Promise<GetStatusResponse>;
}
