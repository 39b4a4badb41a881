import type { Instance } from './hub.js';

/** The sum of a metric over the series of one instance that have these labels; 0 where there is none. */
export async function readCounter(
  one: Pick<Instance, 'addresses'>,
  metric: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  return sumIn(await readMetrics(one), metric, labels);
}

/** What an instance shows of all its metrics at one moment. */
export async function readMetrics(one: Pick<Instance, 'addresses'>): Promise<string> {
  return (await fetch(`http://${one.addresses['admin']}/metrics`)).text();
}

/** `readCounter` of what was read before: what is to be compared must be of the same moment. */
export function sumIn(text: string, metric: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(metric) && /^[{ ]/.test(line.slice(metric.length)) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(/ ([0-9.e+-]+)/.exec(line.slice(line.lastIndexOf('}') + 1))?.[1] ?? 0), 0);
}
