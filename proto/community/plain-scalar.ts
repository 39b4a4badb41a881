const words: ReadonlyMap<string, null | boolean> = new Map([
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

/** What a plain scalar may begin with here: no indicator of YAML's, no sign. */
const beginning = /^[\w/.~(\u00a1-\uffff]/;
const wholeNumber = /^(?:0|[1-9]\d{0,14})$/;
/** Everything that YAML's core schema takes for a number, and a little more. */
const numberLike = /^(?:0[xo].*|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;

/** Whether YAML sees something else than text in a plain word. */
export function isWord(text: string): boolean {
  return words.has(text);
}

/** The value of a plain scalar on one line (without the space around it), as YAML's core schema has it; undefined: it is for a whole YAML reader to say. */
export function plainScalar(text: string): string | number | boolean | null | undefined {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!beginning.test(text) || text.endsWith(':') || text.includes(': ')) return undefined;
  if (wholeNumber.test(text)) return Number(text);
  return numberLike.test(text) ? undefined : text;
}

/** A quoted scalar on one line that begins at an offset, and where it ends; undefined: it is for a whole YAML reader. */
export function quotedScalar(text: string, from: number): { value: string; end: number } | undefined {
  const shape = text[from] === '"' ? doubleQuoted : singleQuoted;
  shape.lastIndex = from;
  const source = shape.exec(text)?.[0];
  if (source === undefined) return undefined;
  const value: unknown = text[from] === '"' ? JSON.parse(source) : source.slice(1, -1).replaceAll("''", "'");
  return typeof value === 'string' ? { value, end: from + source.length } : undefined;
}

const doubleQuoted = /"(?:[^"\\\n]|\\["\\/nt])*"/y;
const singleQuoted = /'(?:[^'\n]|'')*'(?!')/y;
