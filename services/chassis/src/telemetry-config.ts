import { z } from 'zod';
import { count, duration, path, section } from './config.js';

/** Where OTLP goes: over HTTP, traces as protocol buffers and metrics as JSON. What comes below is appended to the url: v1/traces and v1/metrics. */
const otlpConfig = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^@\s/?#]+(\/[^@\s?#]*)?$/, { error: 'expected http://host:port or https://host:port, without user and password' })
    .describe('http://host:port or https://host:port of an OpenTelemetry collector'),
  /** Sent along, one "name: value" a line; read again when it changes. Secrets belong here: the configuration itself may be shown. */
  headersFile: path().optional(),
  /** PEM of the authorities behind the collector's certificate; without it those of the system. */
  ca: path().optional(),
  /** A batch that is not taken within this is given up. */
  timeout: duration('5s', '100ms', '1m'),
});

/** What is told of messages and figures to an OpenTelemetry collector: nothing, unless `otlp` is given. */
export const telemetryConfig = section({
  otlp: otlpConfig.optional(),
  /** The part of all transactions that is traced from their beginning, 0 to 1. */
  traces: z.number().min(0).max(1).default(0).describe('a number from 0 to 1; default 0'),
  /** Spans a second of transactions that are traced only because they were refused or failed, and of calls whose caller wants them traced. */
  spansPerSecond: count(100, 0, 100_000),
  /** Spans that wait for the collector; what comes on top is dropped and counted. */
  queue: count(4_096, 64, 1_000_000),
  /** How often what waits is sent. */
  interval: duration('1s', '10ms', '1m'),
  /** Whether the figures of /metrics are sent as well, and how often. */
  metrics: z.boolean().default(false),
  metricsInterval: duration('15s', '100ms', '10m'),
});

/** As read and completed. */
export type TelemetryConfig = z.output<typeof telemetryConfig>;
