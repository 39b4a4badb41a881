import { nearest } from '@guildhall/proto/community/near-miss';
import { yamlTokens } from '@guildhall/proto/community/yaml-tokens';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { shapeOf, unwrapped } from './config-shape.js';

/** A setting given by an environment variable. */
export interface Override {
  variable: string;
  path: readonly string[];
  value: unknown;
}

/** What the environment says about a configuration, and what is wrong with it. */
export interface Overrides {
  found: readonly Override[];
  problems: readonly string[];
}

const prefix = 'GUILDHALL_';

/**
 * Reads the GUILDHALL_ variables against the schema: each setting has one name, its keys in UPPER_SNAKE with `_`
 * between. Text settings are taken as they are, all others are read as YAML. An empty variable counts as not set.
 */
export function readOverrides(schema: z.ZodType, env: Readonly<Record<string, string | undefined>>, ignore: readonly string[]): Overrides {
  const settings = settingsOf(schema);
  const found: Override[] = [];
  const problems: string[] = [];
  for (const variable of Object.keys(env).sort()) {
    const text = env[variable];
    if (!variable.startsWith(prefix) || ignore.includes(variable) || text === undefined || text === '') continue;
    const setting = settings.get(variable);
    if (setting === undefined) {
      const parts = [...settings.keys()].filter((name) => name.startsWith(`${variable}_`));
      const near = nearest(variable, settings.keys());
      const hint = near === undefined ? '; --settings lists all' : `, did you mean ${near}?`;
      problems.push(`${variable}: no such setting${parts.length > 0 ? `; there are ${parts.join(', ')}` : hint}`);
      continue;
    }
    const value = readValue(setting.schema, text);
    if (value.ok) found.push({ variable, path: setting.path, value: value.value });
    else problems.push(`${variable}: cannot be read as YAML`);
  }
  return { found, problems };
}

/** Every setting of a schema by the name of its variable. */
export function settingsOf(schema: z.ZodType): ReadonlyMap<string, { readonly path: readonly string[]; readonly schema: z.core.$ZodType }> {
  const settings = new Map<string, { path: readonly string[]; schema: z.core.$ZodType }>();
  collect(schema, [], (path, leaf) => {
    const variable = variableOf(path);
    // Two settings could share a name (a.bC and aB.c): the first keeps it.
    if (!settings.has(variable)) settings.set(variable, { path, schema: leaf });
  });
  return settings;
}

/** The name of the variable that sets a path of camelCase keys. */
export function variableOf(path: readonly string[]): string {
  return prefix + path.map((key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_');
}

function collect(schema: z.core.$ZodType, path: readonly string[], leaf: (path: readonly string[], schema: z.core.$ZodType) => void): void {
  const shape = shapeOf(schema);
  if (shape === undefined) {
    if (path.length > 0) leaf(path, schema);
    return;
  }
  for (const key of Object.keys(shape)) {
    const child = shape[key];
    if (child !== undefined) collect(child, [...path, key], leaf);
  }
}

function readValue(schema: z.core.$ZodType, text: string): { ok: true; value: unknown } | { ok: false } {
  const type = unwrapped(schema)._zod.def.type;
  if (type === 'string' || type === 'enum') return { ok: true, value: text };
  try {
    if (yamlTokens(text).deepAt !== undefined) return { ok: false };
    const document = parseDocument(text, { prettyErrors: false });
    if (document.errors.length > 0) return { ok: false };
    return { ok: true, value: document.toJS() };
  } catch {
    return { ok: false };
  }
}
