import { dirname, resolve } from 'node:path';
import { z } from 'zod';

/** A schema without its defaults, optionality and transforms: what its input must look like. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrapped(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  return schema;
}

/** The keys of an object schema, or undefined for anything else. */
export function shapeOf(schema: z.core.$ZodType): z.core.$ZodShape | undefined {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** The schema that a path of keys and indexes leads to, or undefined. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    if (at === undefined) return undefined;
    const inner: z.core.$ZodType = unwrapped(at);
    if (inner instanceof z.ZodObject) at = ownOf(inner.shape, String(step));
    else if (inner instanceof z.ZodArray) at = inner.element;
    else return undefined;
  }
  return at;
}

/** A key of a file may be called like something every object inherits. */
function ownOf(shape: z.core.$ZodShape, key: string): z.core.$ZodType | undefined {
  return Object.hasOwn(shape, key) ? shape[key] : undefined;
}

/** The mark that tells a file's path from other text. */
export const pathFormat = 'path';

/** A copy of what a file says with the paths in it made relative to that file's folder. Whatever does not fit the schema stays as it is. */
export function withPathsResolved(schema: z.core.$ZodType, value: unknown, file: string): unknown {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodString) {
    const { format } = inner.meta() ?? {};
    return format === pathFormat && typeof value === 'string' && value !== '' ? resolve(dirname(file), value) : value;
  }
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item: unknown) => withPathsResolved(inner.element, item, file));
  }
  if (inner instanceof z.ZodObject && isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => {
        const childSchema = ownOf(inner.shape, key);
        return [key, childSchema === undefined ? child : withPathsResolved(childSchema, child, file)];
      }),
    );
  }
  return value;
}

/** An object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
