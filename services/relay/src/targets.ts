/** What is known of a proxy of a member when a request looks for a way there. */
export interface Candidate {
  /** Lower is tried first. */
  readonly priority: number;
  /** Among equals, the share of requests; 0 is taken only where no equal has more (nearly, as in RFC 2782). */
  readonly weight: number;
  /** 'resting': it failed lately and is left alone for a while. */
  condition(): Condition;
}

/** How a proxy stands: a link is up, one is being dialled, none is open, or it is left alone for a while. */
export type Condition = 'up' | 'opening' | 'closed' | 'resting';

/** A weight of 0 still has a chance, a hundredth of a weight of 1. */
const leastWeight = 0.01;

/**
 * The proxy to try next: not resting, not tried before, of the lowest priority, by weight among equals.
 * `random` is 0 <= random < 1. Undefined when there is none.
 */
export function nextTarget<C extends Candidate>(candidates: readonly C[], tried: readonly C[], random: number): C | undefined {
  let best: C | undefined;
  let equals = 0;
  let weights = 0;
  for (const candidate of candidates) {
    if (tried.includes(candidate) || candidate.condition() === 'resting') continue;
    if (best !== undefined && candidate.priority > best.priority) continue;
    if (best === undefined || candidate.priority < best.priority) {
      best = candidate;
      equals = 0;
      weights = 0;
    }
    equals += 1;
    weights += Math.max(leastWeight, candidate.weight);
  }
  return best === undefined || equals === 1 ? best : weighted(candidates, tried, best.priority, random * weights);
}

function weighted<C extends Candidate>(candidates: readonly C[], tried: readonly C[], priority: number, point: number): C | undefined {
  let left = point;
  let last: C | undefined;
  for (const candidate of candidates) {
    if (candidate.priority !== priority || tried.includes(candidate) || candidate.condition() === 'resting') continue;
    last = candidate;
    left -= Math.max(leastWeight, candidate.weight);
    if (left < 0) return candidate;
  }
  return last;
}
