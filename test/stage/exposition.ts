/** One metric as its service shows it. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Services that have it. */
  readonly services: Set<string>;
  /** Labels and values on its series, those left out that stand on every series and the `le` of buckets. */
  readonly labels: Map<string, Set<string>>;
  /** How many series were seen. */
  series: number;
}

/** On every series of every service. */
export const commonLabels = ['service_name', 'service_instance_id'] as const;

/** Adds the metrics of one service, in Prometheus text format, to `families`. Throws for a line that is none. */
export function readExposition(service: string, text: string, families: Map<string, Family>): void {
  const helps = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (help !== null) helps.set(help[1] ?? '', help[2] ?? '');
    else if (type !== null) {
      const name = type[1] ?? '';
      const family = families.get(name) ?? {
        name,
        type: type[2] ?? '',
        help: helps.get(name) ?? '',
        services: new Set(),
        labels: new Map(),
        series: 0,
      };
      family.services.add(service);
      families.set(name, family);
    } else {
      const sample = /^([a-z_:][\w:]*)(?:\{(.*)\})? \S+(?: \d+)?$/i.exec(line);
      const family = sample === null || sample[1] === undefined ? undefined : familyOf(sample[1], families);
      if (sample === null || family === undefined) throw new Error(`${service} shows a line that is none: ${line}`);
      family.series += 1;
      for (const [label, value] of labelsOf(sample[2] ?? '')) {
        if (label === 'le' || commonLabels.some((common) => common === label)) continue;
        family.labels.set(label, (family.labels.get(label) ?? new Set()).add(value));
      }
    }
  }
}

/** The family of a series, which for those of a histogram is named without its ending. */
export function familyOf(name: string, families: ReadonlyMap<string, Family>): Family | undefined {
  const whole = families.get(name);
  if (whole !== undefined) return whole;
  const family = families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return family?.type === 'histogram' ? family : undefined;
}

function labelsOf(text: string): [string, string][] {
  return [...text.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, label = '', value = '']) => [label, value]);
}
