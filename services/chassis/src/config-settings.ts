import { z } from 'zod';
import { settingsOf } from './config-environment.js';
import { unwrapped } from './config-shape.js';

/** Every setting of a service, one a line: as a key of the file, as a variable, and what it takes. */
export function settingsText(schema: z.ZodType): string {
  return [...settingsOf(schema)]
    .map(([variable, { path, schema: leaf }]) => `${path.join('.')}  ${variable}\n    ${takes(leaf)}\n`)
    .join('');
}

function takes(leaf: z.core.$ZodType): string {
  const described = z.globalRegistry.get(leaf)?.description;
  if (described !== undefined) return described;
  const standard = leaf instanceof z.ZodDefault ? `; default ${JSON.stringify(leaf.def.defaultValue)}` : '';
  const inner = unwrapped(leaf);
  if (inner instanceof z.ZodEnum) return `one of ${inner.options.join(', ')}${standard}`;
  if (inner instanceof z.ZodArray) return `a list${standard}`;
  if (inner instanceof z.ZodString) return `text${standard}`;
  return inner instanceof z.ZodBoolean ? `true or false${standard}` : `a value${standard}`;
}
