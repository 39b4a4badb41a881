import { shapes } from './shapes.js';

/** An input that is hard on a parser, of any size, and what is done with it. */
export interface Shape {
  /** What does the work: "check", "yaml". */
  readonly subject: string;
  readonly about: string;
  /** An input of about so many bytes. */
  make(bytes: number): Buffer;
  work(input: Buffer): void;
  /** For what grows faster than its input but ends at a bound of its own: the largest input there can be, and the ms it may take. */
  readonly bound?: { make(): Buffer; readonly ms: number };
}

/** How time grew with one shape. */
export interface Measured {
  readonly subject: string;
  readonly about: string;
  /** ns a byte at n, 2n, 4n and 8n bytes. */
  readonly perByte: readonly number[];
  /** A byte of the largest input costs at most twice what one of the smallest does. */
  readonly linear: boolean;
  /** Ms at the bound of its own, where there is one; then this counts. */
  readonly atBound?: number;
}

/** How much dearer a byte may be in the largest input than in the smallest. */
const mostGrowth = 2;
/** ns: what costs less a byte hardly looks at it, and what is measured then is the memory. */
const least = 2;
const factors = [1, 2, 4, 8];
/** One measurement lasts at least so long, ms; what is quicker is done several times. */
const leastMs = 4;
/** Something else on the machine is no reason: who fails is measured again, so often. */
const tries = 3;

/** Ms of work so far: time that others on the machine take does not count. */
function work(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function msOf(shape: Shape, input: Buffer): number {
  let runs = 0;
  const began = work();
  let now = began;
  do {
    shape.work(input);
    runs += 1;
    now = work();
  } while (now - began < leastMs);
  return (now - began) / runs;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

function measureBound(shape: Shape, bound: NonNullable<Shape['bound']>): Measured {
  const atBound = msOf(shape, bound.make());
  return { subject: shape.subject, about: shape.about, perByte: [], linear: atBound <= bound.ms, atBound };
}

function measure(shape: Shape, bytes: number, rounds: number): Measured {
  if (shape.bound !== undefined) return measureBound(shape, shape.bound);
  const inputs = factors.map((factor) => shape.make(bytes * factor));
  const [first] = inputs;
  if (first !== undefined) for (let warm = 0; warm < 3; warm += 1) msOf(shape, first);
  const perByte = inputs.map((input) => (median(Array.from({ length: rounds }, () => msOf(shape, input))) * 1e6) / input.length);
  const linear = (perByte.at(-1) ?? 0) <= mostGrowth * Math.max(least, perByte[0] ?? 0);
  return { subject: shape.subject, about: shape.about, perByte, linear };
}

/** Measures every shape; `say` is told of each as it is done. */
export function measureShapes(
  { bytes, rounds }: { readonly bytes: number; readonly rounds: number },
  say: (line: string) => void,
): Measured[] {
  return shapes.map((shape) => {
    let measured = measure(shape, bytes, rounds);
    for (let again = 1; again < tries && !measured.linear; again += 1) measured = measure(shape, bytes, rounds);
    say(row(measured));
    return measured;
  });
}

function row({ subject, about, perByte, linear, atBound }: Measured): string {
  const cells =
    atBound === undefined ? perByte.map((ns) => ns.toFixed(1).padStart(9)).join('') : `${atBound.toFixed(0)} ms at its bound`.padStart(36);
  return `${subject.padEnd(8)} ${about.padEnd(46)}${cells}  ${linear ? (atBound === undefined ? 'linear' : 'bounded') : 'GROWS'}`;
}

/** The figures for people. */
export function linearTable(measured: readonly Measured[]): string {
  const head = `${'subject'.padEnd(8)} ${'shape'.padEnd(46)}${['n', '2n', '4n', '8n'].map((size) => size.padStart(9)).join('')}  ns a byte`;
  return `${head}\n${measured.map(row).join('\n')}\n`;
}
