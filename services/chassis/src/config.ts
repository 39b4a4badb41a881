import { z } from 'zod';
import { type Override, readOverrides } from './config-environment.js';
import { configFault, readYaml } from './config-file.js';
import { problemsOf } from './config-problem.js';
import { isRecord, pathFormat, withPathsResolved } from './config-shape.js';
import { byteCount, durationMs, renderBytes, renderDuration } from './units.js';

/** A time span in milliseconds. Arguments and input are numbers (ms) or text: 250, "250ms", "25s", "3m", "1h". */
export function duration(standard: number | string, min: number | string, max: number | string) {
  return measure(standard, min, max, { read: durationMs, render: renderDuration, noun: 'a time span such as 250ms, 25s or 3m' });
}

/** A size in bytes. Arguments and input are numbers or text: 4096, "64KiB", "1MiB". */
export function byteSize(standard: number | string, min: number | string, max: number | string) {
  return measure(standard, min, max, { read: byteCount, render: renderBytes, noun: 'a size such as 4096, 64KiB or 1MiB' });
}

interface Measure {
  read: (given: number | string) => number | undefined;
  render: (amount: number) => string;
  noun: string;
}

function measure(standard: number | string, min: number | string, max: number | string, { read, render, noun }: Measure) {
  const low = read(min);
  const high = read(max);
  const usual = read(standard);
  if (low === undefined || high === undefined || usual === undefined || usual < low || usual > high) {
    throw new RangeError(`a setting of ${standard} between ${min} and ${max} makes no sense`);
  }
  const range = `between ${render(low)} and ${render(high)}`;
  return z
    .union([z.number(), z.string()], { error: `expected ${noun}, ${range}` })
    .default(usual)
    .transform((given, context) => {
      const amount = read(given);
      if (amount !== undefined && amount >= low && amount <= high) return amount;
      context.addIssue(amount === undefined ? `expected ${noun}, ${range}` : `must be ${range}`);
      return z.NEVER;
    })
    .describe(`${noun}, ${range}; default ${render(usual)}`);
}

/** A whole number from `min` to `max`. */
export function count(standard: number, min: number, max: number) {
  return z.int().min(min).max(max).default(standard).describe(`a whole number, ${min} to ${max}; default ${standard}`);
}

/** A TCP port, 0 to 65535; 0 lets the system choose a free one. */
export function port(standard: number) {
  return count(standard, 0, 65_535);
}

/** A host name or address to listen on or to dial. */
export function host(standard: string) {
  return z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,253}$/, { error: 'expected a host name or an IP address' })
    .default(standard);
}

/** The path of a file. A relative one in a file is relative to that file's folder, one in the environment to the working directory. */
export function path() {
  return z.string().min(1).meta({ format: pathFormat });
}

/** Keys that belong together; an unknown one refuses. Left out, it is there with its defaults. */
export function section<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess((given) => given ?? {}, z.strictObject(shape));
}

/** An instance's id: a subject token that is also fit for a host name. */
export function instanceId(standard: string) {
  return z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, { error: 'expected 1 to 63 of a-z 0-9 -, no - at either end' })
    .default(standard);
}

/** How to reach NATS. Secrets are not taken from the url, so that the url may be logged. */
export const natsConfig = section({
  url: z
    .string()
    .regex(/^(nats:\/\/|tls:\/\/)?[^@\s/,]+(,(nats:\/\/|tls:\/\/)?[^@\s/,]+)*\/?$/, {
      error: 'expected nats://host:port, several with commas between, without user and password (they are settings of their own)',
    })
    .default('nats://127.0.0.1:4222'),
  user: z.string().min(1).optional(),
  password: z.string().optional(),
});

/** Where /livez, /readyz and /metrics are served. */
export const adminConfig = section({ host: host('127.0.0.1'), port: port(0) });

/** What the hub is called. */
export const hubConfig = section({
  domain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: "expected the hub's domain in lower case, such as hub.example" }),
});

/** A certificate chain and its key, PEM files. */
export const certificateConfig = z.strictObject({ cert: path(), key: path() });

/** What is logged, and how. */
export const logConfig = section({
  level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  pretty: z
    .union([z.boolean(), z.literal('auto')], { error: 'expected true, false or auto' })
    .default('auto')
    .describe('true, false or auto; default auto'),
  stream: z.enum(['stdout', 'stderr']).default('stdout'),
});

/** How long a drain may take: what is unfinished then is given up (DESIGN: at most 32 s by default). */
export const drainConfig = duration('32s', 0, '10m');

/** Where a service's configuration comes from. Later wins: the schema's defaults, the file, the environment. */
export interface ConfigSources {
  /** Path of the YAML file, if there is one. */
  file?: string | undefined;
  /** The environment; only names that begin with GUILDHALL_ are looked at. */
  env: Readonly<Record<string, string | undefined>>;
  /** The service's name, for messages. */
  name: string;
  /** GUILDHALL_ names that belong to someone else. */
  ignore?: readonly string[] | undefined;
}

/**
 * Reads a service's configuration. GUILDHALL_LIMITS_IN_FLIGHT sets limits.inFlight; text is taken as it is, anything
 * else is read as YAML, so a list can be given as [a, b]; an empty variable counts as not set.
 * Throws a Fault `config` with exit code 2 that lists every problem with file:line:column or the variable's name.
 */
export function readConfig<S extends z.ZodType>(schema: S, sources: ConfigSources): z.output<S> {
  const file = sources.file === undefined ? undefined : readYaml(sources.file, sources.name);
  const overrides = readOverrides(schema, sources.env, sources.ignore ?? []);
  const fromFile = file === undefined ? {} : withPathsResolved(schema, file.value, file.path);
  const merged = overrides.found.reduce(withOverride, fromFile);
  const parsed = schema.safeParse(merged);
  const problems = [...overrides.problems];
  if (!parsed.success) problems.unshift(...problemsOf(parsed.error, schema, merged, overrides.found, file));
  if (!parsed.success || problems.length > 0) throw configFault(sources.name, problems);
  return parsed.data;
}

/** A copy with one setting replaced; what stands in the way of its path and is no object is left for the schema to refuse. */
function withOverride(settings: unknown, override: Override): unknown {
  const set = (value: unknown, path: readonly string[]): unknown => {
    const [key, ...rest] = path;
    if (key === undefined) return override.value;
    if (value !== undefined && value !== null && !isRecord(value)) return value;
    return { ...value, [key]: set(value?.[key], rest) };
  };
  return set(settings, override.path);
}
