import { MetricsServiceService as metrics } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { ApiAccess } from '../api/api-access.js';
import { metricsDoor } from '../api/api-refusal.js';
import { openGrpcClient } from '../api/grpc-client.js';

/** The metrics API of one hub as functions. Nothing is connected before the first call; `close` ends it. */
export function openMetricsApi(access: ApiAccess) {
  const { unary, streaming, close } = openGrpcClient(access, metricsDoor);
  return {
    watchTraffic: streaming(metrics.watchTraffic),
    queryTraffic: unary(metrics.queryTraffic),
    searchRecords: streaming(metrics.searchRecords),
    tailRecords: streaming(metrics.tailRecords),
    getCall: unary(metrics.getCall),
    getStatus: unary(metrics.getStatus),
    close,
  };
}

/** The metrics API of one hub, opened. */
export type MetricsApi = ReturnType<typeof openMetricsApi>;
