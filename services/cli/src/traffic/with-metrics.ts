import { type MetricsOptions, metricsAccess } from '../api/api-access.js';
import type { World } from '../world.js';
import type { MetricsApi } from './metrics-api.js';

/** Opens the metrics API that the options name, does something with it and closes it. Throws a Fault. */
export async function withMetrics<Result>(
  options: MetricsOptions,
  world: World,
  act: (api: MetricsApi) => Promise<Result>,
): Promise<Result> {
  const access = metricsAccess(options, world);
  // Loaded only here: gRPC and the generated code cost every other command, help included, a tenth of a second.
  const { openMetricsApi } = await import('./metrics-api.js');
  const api = openMetricsApi(access);
  try {
    return await act(api);
  } finally {
    api.close();
  }
}

/** Opens it for one feed, wherever the hub is by then, and closes it behind that. Throws a Fault. */
export async function* feedOfMetrics<One>(
  options: MetricsOptions,
  world: World,
  feed: (api: MetricsApi) => AsyncIterable<One>,
): AsyncGenerator<One> {
  const access = metricsAccess(options, world);
  const { openMetricsApi } = await import('./metrics-api.js');
  const api = openMetricsApi(access);
  try {
    yield* feed(api);
  } finally {
    api.close();
  }
}
