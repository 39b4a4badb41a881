import { z } from 'zod';
import { features } from './features.js';
import { singleName } from './hub-names.js';
import type { Findings } from './report.js';
import { type Median, medians, ratios } from './rows.js';

const positive = z.number().finite().min(0).max(1e12);
const words = z.string().min(1).max(200);
const few = 100;

const figuresSchema = z.strictObject({
  /** Transactions (calls) a second. */
  perSecond: positive,
  /** Processor microseconds each. */
  cpu: positive,
  /** Milliseconds. */
  p50: positive,
  p99: positive,
  /** MiB, all processes together. */
  memory: positive,
});

/** Where figures were taken, and with what. */
export const machineSchema = z.strictObject({
  cpu: words,
  cores: z.int().min(1).max(10_000),
  /** MiB. */
  memory: positive,
  kernel: words,
  node: words,
  natsServer: words,
  /** '' where there is none. */
  kamailio: z.string().max(200),
});

/** One file of test/bench/history: the medians of one bench, and the medians of its ratios within each round. */
export const recordSchema = z.strictObject({
  format: z.literal(1),
  version: words,
  at: z.iso.datetime(),
  machine: machineSchema,
  features: z.array(z.enum(features)).max(few),
  rounds: z.int().min(1).max(few),
  /** Transactions a run. */
  count: z.int().min(1),
  patterns: z
    .array(
      z.strictObject({
        pattern: words,
        unit: z.enum(['tx', 'calls']),
        hub: figuresSchema.extend({ cpuParts: z.record(words, z.number()), memoryParts: z.record(words, z.number()) }),
        /** The hub as one process, and its rate to each peer's. */
        single: figuresSchema.extend({ ratios: z.record(words, z.number().gt(0)) }).optional(),
        peers: z
          .array(
            figuresSchema.extend({
              peer: words,
              /** What was unlike its other runs. */
              how: words.optional(),
              /** Hub to peer. */
              ratio: z.strictObject({ perSecond: z.number().gt(0), cpu: z.number().gt(0), p99: positive }),
            }),
          )
          .max(few),
        /** Peers of which there are no figures, because they died. */
        died: z.array(words).max(few).optional(),
      }),
    )
    .min(1)
    .max(few),
});

export type Machine = z.infer<typeof machineSchema>;
/** What a bench leaves behind. */
export type Recorded = z.infer<typeof recordSchema>;

/** Reads the text of a history file. Throws an Error that names the file and what is wrong in it. */
export function readRecorded(text: string, name: string): Recorded {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = recordSchema.safeParse(json);
  if (read.success) return read.data;
  const issues = read.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`);
  throw new Error(`${name} is no history of a bench: ${issues.join('; ')}`);
}

/** The one that was recorded last; undefined of none. */
export function lastRecorded(all: readonly Recorded[]): Recorded | undefined {
  return all.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).at(-1);
}

/** What is to be recorded of findings. `about` is all that findings do not tell. */
export function recordOf(findings: Findings, hub: string, about: Omit<Recorded, 'format' | 'patterns'>): Recorded {
  const all = medians(findings.rows);
  const beside = ratios(findings.rows, hub);
  const patterns = all
    .filter((row) => row.hub === hub)
    .map(({ pattern, unit, cpuParts, memoryParts, ...own }) => ({
      pattern,
      unit,
      hub: { ...figuresOf(own), cpuParts: rounded(cpuParts), memoryParts: rounded(memoryParts) },
      ...singleUnder(findings, all, pattern),
      peers: beside
        .filter((ratio) => ratio.pattern === pattern)
        .flatMap(({ peer, perSecond, cpu, p99 }) =>
          all
            .filter((row) => row.hub === peer && row.pattern === pattern)
            .map((row) => ({
              peer,
              ...howOf(row),
              ...figuresOf(row),
              ratio: { perSecond: round(perSecond), cpu: round(cpu), p99: round(p99) },
            })),
        ),
      ...diedUnder(findings, pattern),
    }));
  return { format: 1, ...about, patterns };
}

function singleUnder({ rows }: Findings, all: readonly Median[], pattern: string): Pick<Recorded['patterns'][number], 'single'> {
  const found = all.find((row) => row.hub === singleName && row.pattern === pattern);
  if (found === undefined) return {};
  const beside = ratios(rows, singleName).filter((ratio) => ratio.pattern === pattern);
  return { single: { ...figuresOf(found), ratios: Object.fromEntries(beside.map(({ peer, perSecond }) => [peer, round(perSecond)])) } };
}

function howOf({ how }: { readonly how?: string }): { how?: string } {
  return how === undefined ? {} : { how };
}

function diedUnder({ rows, losses }: Findings, pattern: string): { died?: string[] } {
  const lost = new Set(losses.filter((loss) => loss.pattern === pattern).map(({ hub }) => hub));
  const died = [...lost].filter((name) => !rows.some((row) => row.hub === name && row.pattern === pattern));
  return died.length === 0 ? {} : { died };
}

interface Figures {
  readonly perSecond: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  readonly memory: number;
}

function figuresOf({ perSecond, cpu, p50, p99, memory }: Figures): Figures {
  return { perSecond: round(perSecond), cpu: round(cpu), p50: round(p50), p99: round(p99), memory: round(memory) };
}

function rounded(parts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([part, amount]) => [part, round(amount)]));
}

/** Files are read by people: three digits behind the point say all there is. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
