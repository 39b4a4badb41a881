/** A final response as it was handed to an ingress: its new head, and source[start, end) behind it. */
export interface Final {
  readonly status: number;
  readonly head: string;
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The last final responses, by the branch of their forward. What was handed to NATS as it broke down is lost; the ingress
 * then sends its forward again, and the answer is at hand without the member hearing the request a second time.
 */
export interface Finals {
  keep(key: string, final: Final): void;
  find(key: string): Final | undefined;
  /** Time passes: what is older than two calls is forgotten. */
  age(): void;
}

/** `most` is how many are kept at least, as long as nothing ages; never more than twice as many. */
export function createFinals(most: number): Finals {
  let young = new Map<string, Final>();
  let old = new Map<string, Final>();
  const age = (): void => {
    old = young;
    young = new Map();
  };
  return {
    keep(key, final) {
      young.set(key, final);
      if (young.size >= most) age();
    },
    find: (key) => young.get(key) ?? old.get(key),
    age,
  };
}
