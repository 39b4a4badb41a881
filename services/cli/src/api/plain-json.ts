/** A value as JSON can say it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * An answer of the API for --json: counters (64-bit) as numbers, which stay exact up to 2^53 revisions, bytes as lower-case hex, a choice of
 * the wire (`{ $case, value }`) as `{ [case]: value }`, what is not set left away.
 */
export function plainJson(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== 'object' || value === null) return null;
  if ('$case' in value && typeof value.$case === 'string' && 'value' in value) return { [value.$case]: plainJson(value.value) };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, plainJson(field)]),
  );
}

/** One line for stdout: `{"ok":true, ...fields}`. */
export function jsonLine(fields: Readonly<Record<string, unknown>>, ok = true): string {
  const plain = plainJson(fields);
  return JSON.stringify({ ok, ...(typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? plain : {}) });
}
