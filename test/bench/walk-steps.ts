import type { CpuProfile } from './profile.js';

/** What one step of a request's way through the hub costs a service. */
export interface StepCost {
  readonly step: string;
  /** µs of processor time a transaction. */
  readonly micros: number;
}

/** The services that every message passes. */
export const walked = ['ingress', 'relay'] as const;
export type Walked = (typeof walked)[number];

/** A step and how a stack shows that it is under way: frames from the innermost to the outermost, each `function@file`, with spaces between. */
type Rule = readonly [step: string, shown: RegExp];

/** Whatever calls it, this is its own. */
const anywhere: readonly Rule[] = [
  ['garbage collection', /^\(garbage collector\)/],
  ['V8 and the event loop', /^\(program\)/],
  ['hash of users', /user-hash|record-users?\./],
  ['records', /\/records?[-./]|\/record-|story\.|stream-publisher|stream-line|packed-column/],
  ['traces', /tracing|\/traces?\.|traced-end|span|otlp|trace-context/],
  ['reports and metrics', /instance-report|\/admin|\/meters|opentelemetry|-events\.|\/events\./],
  ['NATS: socket write', /_writeGeneric@.*nats|(writev?|writable)@?.* _send@.*node_transport|writable .*nats-core/],
  ['TLS: record and socket write', /_writeGeneric@|onWriteComplete@|@node:internal\/streams\/writable/],
];

const readHead = /\/(reader|head|field-table|whole-head|message)\.js/;

/** In this order: the first rule that fits counts. */
const rules: Readonly<Record<Walked, readonly Rule[]>> = {
  ingress: [
    ...anywhere,
    ['outcome: decode, transaction, answer', /ingress\/outcomes?\.js|bus\/v1\/outcome\.js/],
    ['batch: gather, encode, publish', /ingress\/forwards\.js/],
    ['NATS: client', /nats-core|transport-node/],
    ['check of syntax', /sip\/check\.js/],
    ['admission: identity, loop, ask', /ingress\/(admit|identity|dialog-route|route-token)\.js/],
    ['verdict', /ingress\/verdicts\.js|lru-cache/],
    ['server transaction', /ingress\/(transactions|server-transaction)\.js|chassis\/wheel\.js/],
    ['bounds, choice of relay, the walk itself', /ingress\/requests\.js/],
    ['framing and head', readHead],
    ['TLS: read', /onStreamRead@|\/connection\.js|@node:net/],
  ],
  relay: [
    ...anywhere,
    ['outcome: gather, encode, publish', /relay\/outcome|bus\/v1\/outcome\.js/],
    ['answer: match, Via off, end', /relay\/(answers|ends|foreign-claims|course)\.js/],
    ['head and Via of the next wire', /relay\/rewrite\.js/],
    ['batch and request read', /relay\/forward-batch\.js|bus\/v1\/forward\.js|(parseMessage|checkRequest)@.* \S*@\S*relay\/forwards\.js/],
    ['client transaction, proxy, link', /relay\/forwards\.js/],
    ['NATS: client', /nats-core|transport-node/],
    ['framing and head', readHead],
    ['TLS: read', /onStreamRead@|\/(link-socket|link-reader|dialled-link)\.js|@node:net/],
  ],
};

const otherwise = 'the rest';

/** The step that a stack of a service's belongs to: frames from the innermost to the outermost, each `function@file`. */
export function stepOf(service: Walked, stack: readonly string[]): string {
  const shown = stack.join(' ');
  return rules[service].find(([, sign]) => sign.test(shown))?.[0] ?? otherwise;
}

/**
 * A service's profile as µs a transaction by step, in the walk's order as the rules have it, most first. Each sample stands for its share of the
 * processor time that was used; what the profiler did is left out of the shares.
 */
export function stepsOf(profile: CpuProfile, service: Walked, transactions: number): readonly StepCost[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const steps = new Map<number, string | undefined>();
  const costs = new Map<string, number>();
  let busy = 0;

  /** Undefined: idle, or the profiler itself. */
  const stepAt = (id: number): string | undefined => {
    if (steps.has(id)) return steps.get(id);
    const stack: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      stack.push(`${frame?.functionName ?? ''}@${(frame?.url ?? '').replace('/dist/', '/')}`);
    }
    const apart = stack[0]?.startsWith('(idle)') === true || stack.some((frame) => frame.includes('profile-hook'));
    const step = apart ? undefined : stepOf(service, stack);
    steps.set(id, step);
    return step;
  };
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const step = stepAt(id);
    if (step === undefined) continue;
    const micros = Math.max(0, profile.timeDeltas?.[index] ?? 0);
    busy += micros;
    costs.set(step, (costs.get(step) ?? 0) + micros);
  }
  const unit = (profile.cpuMicros ?? busy) / Math.max(1, busy) / Math.max(1, transactions);
  return [...costs].map(([step, micros]) => ({ step, micros: micros * unit })).sort((a, b) => b.micros - a.micros);
}

/** The steps of one service in several patterns as a table for people, one column a pattern. */
export function renderSteps(service: Walked, columns: ReadonlyMap<string, readonly StepCost[]>): string {
  const names = [...new Set([...columns.values()].flatMap((steps) => steps.map(({ step }) => step)))];
  const cell = (steps: readonly StepCost[], name: string): string =>
    (steps.find(({ step }) => step === name)?.micros ?? 0).toFixed(2).padStart(9);
  const whole = (steps: readonly StepCost[]): string =>
    steps
      .reduce((sum, { micros }) => sum + micros, 0)
      .toFixed(2)
      .padStart(9);
  const line = (name: string, cells: readonly string[]): string => `  ${name.padEnd(42)}${cells.join('')}`;
  const all = [...columns.values()];
  return [
    line(
      `${service}, us/tx`,
      [...columns.keys()].map((name) => name.padStart(9)),
    ),
    ...names.map((name) =>
      line(
        name,
        all.map((steps) => cell(steps, name)),
      ),
    ),
    line('in all', all.map(whole)),
    '',
  ].join('\n');
}
