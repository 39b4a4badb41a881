/** What a hub can be told to keep and to tell of the traffic, besides passing it on. */
export const features = ['records', 'metrics', 'traces'] as const;
/** One of them. */
export type Feature = (typeof features)[number];

/** The share of transactions of which traces are made, where traces are on. */
const tracedShare = '0.01';
/** How often metrics are pushed and /metrics is read, where metrics are on, ms: often, so that what it costs shows. */
export const metricsEveryMs = 1_000;

/** The services whose settings these are. */
const services = ['INGRESS', 'POLICY', 'RELAY', 'CONSOLE'] as const;

/** The variables that switch exactly these on for all services of `guildhall up`. `collector` is the URL of an OTLP collector. */
export function featureEnvironment(on: readonly Feature[], collector: string): Record<string, string> {
  const settings: Record<string, string> = { GUILDHALL_INGRESS_RECORDS_ENABLED: String(on.includes('records')) };
  if (!on.includes('metrics') && !on.includes('traces')) return settings;
  for (const service of services) {
    settings[`GUILDHALL_${service}_TELEMETRY_OTLP_URL`] = collector;
    settings[`GUILDHALL_${service}_TELEMETRY_TRACES`] = on.includes('traces') ? tracedShare : '0';
    settings[`GUILDHALL_${service}_TELEMETRY_METRICS`] = String(on.includes('metrics'));
    settings[`GUILDHALL_${service}_TELEMETRY_METRICS_INTERVAL`] = `${metricsEveryMs}ms`;
  }
  return settings;
}

/** A hub that does these, as a table names it. */
export function featureName(hub: string, on: readonly Feature[]): string {
  return on.length === 0 ? `${hub}, all off` : `${hub} with ${on.join(',')}`;
}

/** The same as sections of a service's configuration: ingress' own, and what every service takes. */
export function featureSettings(on: readonly Feature[], collector: string) {
  const told = on.includes('metrics') || on.includes('traces');
  return {
    records: { enabled: on.includes('records') },
    telemetry: told
      ? {
          otlp: { url: collector },
          traces: on.includes('traces') ? Number(tracedShare) : 0,
          metrics: on.includes('metrics'),
          metricsInterval: metricsEveryMs,
        }
      : {},
  };
}
