import { readFileSync } from 'node:fs';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { Fault } from './fault.js';
import type { TelemetryConfig } from './telemetry-config.js';

/** How the exporters reach the collector: options as they take them. */
export interface OtlpDoor {
  readonly url: string;
  readonly headers: () => Promise<Record<string, string>>;
  readonly timeoutMillis: number;
  readonly concurrencyLimit: number;
  readonly httpAgentOptions: { readonly keepAlive: true; readonly ca?: string };
}

/** The telemetry of a service, with everything read that its configuration names. */
export interface Telemetry {
  readonly config: TelemetryConfig;
  /** Undefined: there is no collector. */
  readonly traces: OtlpDoor | undefined;
  readonly metrics: OtlpDoor | undefined;
}

/** Reads what the configuration names, and opens nothing. Throws a Fault for a file that cannot be used. */
export function loadTelemetry(config: TelemetryConfig): Telemetry {
  const { otlp } = config;
  if (otlp === undefined) return { config, traces: undefined, metrics: undefined };
  return { config, traces: otlpDoor(otlp, 'v1/traces'), metrics: config.metrics ? otlpDoor(otlp, 'v1/metrics') : undefined };
}

/** Batches that the library may still be busy with after they were given up here. */
const stragglers = 4;

function otlpDoor({ url, headersFile, ca, timeout }: NonNullable<TelemetryConfig['otlp']>, signal: string): OtlpDoor {
  return {
    url: `${url.replace(/\/+$/, '')}/${signal}`,
    headers: headersFrom(headersFile),
    timeoutMillis: timeout,
    concurrencyLimit: stragglers,
    httpAgentOptions: { keepAlive: true, ...(ca === undefined ? {} : { ca: text(ca, 'telemetry.otlp.ca') }) },
  };
}

/**
 * One export as a promise that settles within `timeoutMs` and a little, whatever the exporter does: a collector that sends an answer byte by byte keeps
 * the library waiting for ever.
 */
export function exported(give: (told: (result: ExportResult) => void) => void, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not answer within ${timeoutMs} ms`)), timeoutMs * patience);
    timer.unref();
    const told = ({ code, error }: ExportResult): void => {
      clearTimeout(timer);
      if (code === ExportResultCode.SUCCESS) resolve();
      else reject(error ?? new Error('it did not take them'));
    };
    try {
      give(told);
    } catch (thrown) {
      clearTimeout(timer);
      reject(thrown);
    }
  });
}

/** The library gives up at the time-out by itself, and that is the better message. */
const patience = 1.25;

/** The file's headers as they are now; while it cannot be read, those it had. */
function headersFrom(path: string | undefined): OtlpDoor['headers'] {
  if (path === undefined) return async () => ({});
  let known = readHeaders(path);
  return async () => {
    try {
      known = readHeaders(path);
    } catch {
      // It is being replaced.
    }
    return { ...known };
  };
}

function readHeaders(path: string): Record<string, string> {
  const lines = text(path, 'telemetry.otlp.headersFile')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line, at) => {
      const found = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e\t]*?)[ \t]*$/.exec(line);
      if (found === null) throw unusable(path, `line ${at + 1} is no "name: value"`);
      return [found[1] ?? '', found[2] ?? ''];
    }),
  );
}

function text(path: string, setting: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (cause) {
    throw unusable(path, `it cannot be read (${setting})`, cause);
  }
}

function unusable(path: string, why: string, cause?: unknown): Fault {
  return new Fault('telemetry', `${path} cannot be used: ${why}`, {
    cure: 'check the path in the configuration, and that this user may read the file',
    exitCode: 2,
    cause,
  });
}
