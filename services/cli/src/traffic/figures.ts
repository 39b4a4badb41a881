/** Three digits are enough to compare by eye: 0.25, 3.4, 27, 812, 1.2k, 45k, 3.1M. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value) || value <= 0) return '0';
  if (value < 0.995) return value.toFixed(2);
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
    ['', 1],
  ] as const) {
    // What would be rounded up to a thousand belongs to the next unit.
    if (value < (unit === '' ? 0.995 : size * 0.9995)) continue;
    const scaled = value / size;
    return `${scaled < 9.95 ? trimmed(scaled.toFixed(1)) : scaled.toFixed(0)}${unit}`;
  }
  return value.toFixed(2);
}

function trimmed(text: string): string {
  return text.replace(/\.0$/, '');
}

/** "0.4 ms", "27 ms", "1.8 s", "2 min"; "-" for nothing measured. */
export function shortMs(ms: number): string {
  if (!Number.isFinite(ms) || ms <= 0) return '-';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 99_950) return `${trimmed((ms / 1000).toFixed(1))} s`;
  return `${(ms / 60_000).toFixed(0)} min`;
}

/** "812 B", "4.1 KiB", "1.5 GiB". */
export function shortBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes <= 0) return '0 B';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  let at = 0;
  let value = bytes;
  while (value >= 1023.5 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value < 9.95 && at > 0 ? trimmed(value.toFixed(1)) : value.toFixed(0)} ${units[at]}`;
}

/** "98.7 %"; "-" of nothing. Only what is whole is told as 100 or 0. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0) return '-';
  const share = (100 * part) / whole;
  if (part >= whole) return '100 %';
  if (part <= 0) return '0 %';
  return `${Math.min(99.9, Math.max(0.1, share)).toFixed(1)} %`;
}

/** "45 s", "12 min", "3.5 h", "12 d". */
export function shortSpan(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '-';
  if (seconds < 99.5) return `${seconds.toFixed(0)} s`;
  if (seconds < 99.5 * 60) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 47.5 * 3600) return `${trimmed((seconds / 3600).toFixed(1))} h`;
  return `${(seconds / 86_400).toFixed(0)} d`;
}

/** Seconds since then, ms since 1970 both; 0 where clocks differ the other way. */
export function secondsSince(at: bigint, now: Date): number {
  return Math.max(0, (now.getTime() - Number(at)) / 1000);
}

/** "2027-01-31 12:00:00.123Z" of ms since 1970; '' of 0 and of what is no time. */
export function instantText(at: bigint): string {
  const date = new Date(Number(at));
  return at === 0n || Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('T', ' ');
}

/** Requests that ended with a final status of 400 or more, by whomever. */
export function failedOf(tally: { readonly clientErrors: bigint; readonly serverErrors: bigint; readonly globalErrors: bigint }): bigint {
  return tally.clientErrors + tally.serverErrors + tally.globalErrors;
}
