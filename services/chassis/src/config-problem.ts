import { nearest } from '@guildhall/proto/community/near-miss';
import type { z } from 'zod';
import { type Override, variableOf } from './config-environment.js';
import type { YamlFile } from './config-file.js';
import { isRecord, schemaAt, shapeOf } from './config-shape.js';
import { locate } from './yaml-position.js';

/** What a schema found wrong, one line each: where (file:line:column or variable), which setting, what and a near miss. In order of the file. */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  value: unknown,
  overrides: readonly Override[],
  file: YamlFile | undefined,
): string[] {
  const found: { line: number; column: number; text: string }[] = [];
  const add = (path: readonly PropertyKey[], text: string): void => {
    const keys = path.map(String);
    const override = overrides.find((one) => one.path.length <= keys.length && one.path.every((key, index) => key === keys[index]));
    const setting = keys.join('.');
    if (override !== undefined) {
      found.push({ line: 0, column: 0, text: `${override.variable}: ${text}` });
    } else if (file !== undefined) {
      const { line, column } = locate(file.document, file.counter, path);
      found.push({ line, column, text: `${file.path}:${line}:${column} ${setting}: ${text}` });
    } else {
      found.push({ line: 0, column: 0, text: `${setting}: ${text} (set ${variableOf(keys)} or name a file with --config)` });
    }
  };
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') {
      add(issue.path, sentence(issue, valueAt(value, issue.path)));
      continue;
    }
    const at = schemaAt(schema, issue.path);
    const known = Object.keys((at === undefined ? undefined : shapeOf(at)) ?? {});
    for (const key of issue.keys) {
      const near = nearest(key, known);
      add([...issue.path, key], `no such setting${near === undefined ? `; there are ${known.join(', ')}` : `, did you mean ${near}?`}`);
    }
  }
  return found.sort((a, b) => a.line - b.line || a.column - b.column).map((one) => one.text);
}

function sentence(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined)
    return issue.code === 'invalid_type' ? `is missing (expected ${issue.expected})` : `is missing: ${issue.message}`;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'too_small':
      return `must ${issue.origin === 'string' || issue.origin === 'array' ? 'have a length of' : 'be'} at least ${issue.minimum}`;
    case 'too_big':
      return `must ${issue.origin === 'string' || issue.origin === 'array' ? 'have a length of' : 'be'} at most ${issue.maximum}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)];
    else if (isRecord(at)) at = at[String(step)];
    else return undefined;
  }
  return at;
}
