const durationUnits = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const byteUnits = new Map([
  ['b', 1],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
]);

const quantityShape = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]{0,3})$/i;

function quantity(given: number | string, units: ReadonlyMap<string, number>, bare: string): number | undefined {
  if (typeof given === 'number') return Number.isFinite(given) && given >= 0 ? given : undefined;
  const match = quantityShape.exec(given.trim());
  if (match === null) return undefined;
  const unit = units.get((match[2] || bare).toLowerCase());
  return unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Milliseconds of a number (ms) or of text such as "250", "250ms", "1.5s", "3m", "1h", "30d"; undefined if it is no time span. */
export function durationMs(given: number | string): number | undefined {
  return quantity(given, durationUnits, 'ms');
}

/** Bytes of a number or of text such as "4096", "64KiB", "1MiB", "10MB"; undefined if it is no size or no whole number of bytes. */
export function byteCount(given: number | string): number | undefined {
  const bytes = quantity(given, byteUnits, 'b');
  return bytes !== undefined && Number.isInteger(bytes) ? bytes : undefined;
}

/** Milliseconds as an operator writes them: the largest unit that leaves a whole number. */
export function renderDuration(ms: number): string {
  return render(
    ms,
    [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1000],
    ],
    'ms',
  );
}

/** Bytes as an operator writes them: the largest unit that leaves a whole number. */
export function renderBytes(bytes: number): string {
  return render(
    bytes,
    [
      ['GiB', 1024 ** 3],
      ['MiB', 1024 ** 2],
      ['KiB', 1024],
    ],
    'B',
  );
}

function render(amount: number, units: readonly (readonly [string, number])[], smallest: string): string {
  for (const [unit, size] of units) if (amount >= size && amount % size === 0) return `${amount / size}${unit}`;
  return `${amount}${smallest}`;
}
