import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Meters } from './meters.js';

const resolutionMs = 50;

/**
 * The usual figures of a Node process, under the names dashboards know. Delays are those since the last scrape.
 * Returns how to stop the event loop watch.
 */
export function watchProcess(meters: Pick<Meters, 'counter' | 'gauge'>): () => void {
  const started = Date.now() / 1000 - process.uptime();
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  /** The histogram counts its own timer's interval in. */
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) || 0;

  meters.counter('process_cpu_seconds', 'CPU time used, by mode.', () => {
    const { user, system } = process.cpuUsage();
    return [
      [{ mode: 'user' }, user / 1e6],
      [{ mode: 'system' }, system / 1e6],
    ];
  });
  meters.gauge('process_start_time_seconds', 'When the process started, seconds since 1970.', () => [[{}, started]]);
  meters.gauge('process_resident_memory_bytes', 'Memory held.', () => [[{}, process.memoryUsage.rss()]]);
  meters.gauge('nodejs_heap_used_bytes', 'Heap in use by JavaScript objects.', () => [[{}, process.memoryUsage().heapUsed]]);
  meters.counter('nodejs_eventloop_active_seconds', 'Time the event loop was busy.', () => [
    [{}, performance.eventLoopUtilization().active / 1000],
  ]);
  meters.gauge('nodejs_eventloop_lag_seconds', 'How late the event loop was since the last scrape, by quantile.', () => {
    const readings: [Record<string, string>, number][] = [
      [{ quantile: '0.5' }, lag(delay.percentile(50))],
      [{ quantile: '0.99' }, lag(delay.percentile(99))],
      [{ quantile: '1' }, lag(delay.max)],
    ];
    delay.reset();
    return readings;
  });
  return () => delay.disable();
}
