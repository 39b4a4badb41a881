import { minimise } from './minimise.js';
import { mutate } from './mutate.js';
import { createRandom, type Random } from './random.js';
import type { Target } from './target.js';

/** How long a campaign goes on, whichever comes first. */
export interface CampaignBounds {
  readonly executions: number;
  /** Ms by `clock`. */
  readonly until: number;
  readonly seed: number;
  /** Different findings after which it ends. */
  readonly findings: number;
}

/** Whom a campaign asks and tells. */
export interface CampaignWatch {
  /** Monotonic ms. */
  clock(): number;
  /** Ms of work so far, which others on the machine do not lengthen; without it `clock` is taken. */
  cpu?(): number;
  /** An input is about to be run: what stays in here does not end. */
  running?(input: Buffer): void;
}

/** An input that broke a promise. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  /** Which execution of the seed it was, from 0. */
  readonly execution: number;
  /** What was thrown, in one line. */
  readonly what: string;
  readonly input: Buffer;
  /** The smallest input found that throws the same. */
  readonly smallest: Buffer;
}

/** What a campaign came to. */
export interface Campaign {
  readonly target: string;
  readonly executions: number;
  /** Ms of work. */
  readonly took: number;
  /** Different outcomes seen. */
  readonly outcomes: number;
  readonly findings: readonly Finding[];
}

const mostKept = 4_096;
/** Time is looked at once in so many executions. */
const stride = 256;

/** One line about what was thrown, the same for the same fault. */
export function faultLine(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown: ${String(thrown)}`;
  return `${thrown.name}: ${thrown.message}`.replace(/\s+/g, ' ').slice(0, 300);
}

/** What tells two faults apart: name and first words, without what the input had in it, and where it was thrown. */
function faultKind(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const place = thrown.stack?.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('target.js')) ?? '';
  return `${thrown.name} ${thrown.message.split(':')[0]} ${place.replace(/:\d+\)?$/, '')}`;
}

/** The kind of fault that an input causes, undefined for none; `thrown` may be told. */
function kindOf(target: Target, input: Buffer, tell?: (thrown: unknown) => void): string | undefined {
  Error.stackTraceLimit = 12;
  try {
    target.run(input);
    return undefined;
  } catch (thrown) {
    tell?.(thrown);
    return faultKind(thrown);
  } finally {
    Error.stackTraceLimit = 0;
  }
}

/** The inputs that are mutated: sound ones, and those that had an outcome of their own. */
function createPool(target: Target, random: Random): { next(): Buffer; keep(input: Buffer): void } {
  const pool = [...target.seeds()];
  return {
    next() {
      if (pool.length === 0 || random.once(4)) return target.make(random);
      const changed = mutate(random, random.pick(pool), random.pick(pool), target.words, target.longest);
      return target.mend === undefined || random.once(3) ? changed : target.mend(changed);
    },
    keep(input) {
      if (pool.length < mostKept) pool.push(Buffer.from(input));
      else pool[random.below(pool.length)] = Buffer.from(input);
    },
  };
}

/** Feeds a target until its bounds are reached. The same seed feeds the same inputs. */
export function fuzz(target: Target, bounds: CampaignBounds, watch: CampaignWatch): Campaign {
  const depth = Error.stackTraceLimit;
  // Most of an error's cost is its stack, which nobody looks at until one is a finding.
  Error.stackTraceLimit = 0;
  try {
    return feed(target, bounds, watch);
  } finally {
    Error.stackTraceLimit = depth;
  }
}

function feed(target: Target, bounds: CampaignBounds, watch: CampaignWatch): Campaign {
  const pool = createPool(target, createRandom(bounds.seed, target.name));
  const outcomes = new Set<string>();
  const kinds = new Set<string>();
  const findings: Finding[] = [];
  const work = watch.cpu ?? watch.clock;
  const began = work();
  let execution = 0;

  const found = (input: Buffer): void => {
    let what = 'thrown once and not again: the target keeps something from one input to the next';
    const kind = kindOf(target, input, (thrown) => {
      what = faultLine(thrown);
    });
    if (kinds.has(kind ?? what)) return;
    kinds.add(kind ?? what);
    const smallest = kind === undefined ? input : minimise(Buffer.from(input), (candidate) => kindOf(target, candidate) === kind);
    kindOf(target, smallest, (thrown) => {
      what = faultLine(thrown);
    });
    findings.push({ target: target.name, seed: bounds.seed, execution, what, input, smallest });
  };

  for (; execution < bounds.executions && findings.length < bounds.findings; execution += 1) {
    if (execution % stride === 0 && watch.clock() >= bounds.until) break;
    const input = pool.next();
    watch.running?.(input);
    try {
      const outcome = target.run(input);
      if (!outcomes.has(outcome)) {
        outcomes.add(outcome);
        pool.keep(input);
      }
    } catch {
      found(input);
    }
  }
  return { target: target.name, executions: execution, took: work() - began, outcomes: outcomes.size, findings };
}
