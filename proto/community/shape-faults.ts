import { z } from 'zod';
import { didYouMean } from './near-miss.js';
import type { Finding, Path } from './problem.js';
import { quoted } from './quoted.js';

/** What a value is, in the words of someone who writes YAML. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return `the text ${quoted(value, 40)}`;
    case 'number':
    case 'bigint':
      return `the number ${value}`;
    case 'boolean':
      return `${value}`;
    default:
      return 'a map';
  }
}

const expectations: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

/** YAML takes 007 for a number and yes-like words for truth values: quotes keep them text. */
function quoteHint(expected: string, value: unknown): string {
  return expected === 'string' && (typeof value === 'number' || typeof value === 'boolean') ? ': put it in quotes' : '';
}

/** What stands at a path of parsed YAML. */
function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else if (typeof value === 'object' && value !== null) value = new Map<string, unknown>(Object.entries(value)).get(String(step));
    else return undefined;
  }
  return value;
}

/** The keys that a schema knows at a path; none where it expects no map. */
function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  let inner: z.core.$ZodType = schema;
  for (;;) {
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) inner = inner.unwrap();
    else break;
  }
  const [step, ...rest] = path;
  if (inner instanceof z.ZodObject) {
    const shape = new Map<string, z.core.$ZodType>(Object.entries(inner.shape));
    if (step === undefined) return [...shape.keys()];
    const next = shape.get(String(step));
    return next === undefined ? [] : knownKeys(next, rest);
  }
  return inner instanceof z.ZodArray && step !== undefined ? knownKeys(inner.element, rest) : [];
}

/** Zod allows symbols in paths; YAML knows none. */
function pathOf(issue: z.core.$ZodIssue): (string | number)[] {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

function sizeFault(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const most = issue.code === 'too_big';
  const bound = most ? issue.maximum : issue.minimum;
  const side = most ? 'at most' : 'at least';
  if (issue.origin === 'array') return `must have ${side} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  if (issue.origin === 'string') return most ? `must have at most ${bound} characters` : 'is empty: write something or leave the key out';
  return `must be ${side} ${bound}`;
}

/**
 * What a schema found wrong with parsed YAML, in plain words with a near miss where there is one: an unknown key is
 * pointed at itself, a missing one where it should be.
 */
export function shapeFaults(schema: z.ZodType, root: unknown, issues: readonly z.core.$ZodIssue[]): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = pathOf(issue);
    const value = valueAt(root, path);
    switch (issue.code) {
      case 'unrecognized_keys': {
        const known = knownKeys(schema, path);
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: `there is no such key${didYouMean(key, known)}${known.length === 0 ? '' : `; known here: ${known.join(', ')}`}`,
          at: 'key',
        }));
      }
      case 'invalid_type':
        if (value === undefined) return [{ path, message: 'is missing' }];
        return [
          {
            path,
            message: `is ${kindOf(value)}, but should be ${expectations[issue.expected] ?? issue.expected}${quoteHint(issue.expected, value)}`,
          },
        ];
      case 'invalid_value': {
        const words = issue.values.map(String);
        if (value === undefined) return [{ path, message: `is missing: one of ${words.join(', ')}` }];
        const hint = typeof value === 'string' ? didYouMean(value, words) : '';
        return [{ path, message: `is ${kindOf(value)}, but should be ${words.length === 1 ? '' : 'one of '}${words.join(', ')}${hint}` }];
      }
      case 'too_small':
      case 'too_big':
        return [{ path, message: sizeFault(issue) }];
      default:
        return [{ path, message: issue.message }];
    }
  });
}
