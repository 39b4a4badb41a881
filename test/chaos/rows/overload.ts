import { playOverload } from '../overload-run.js';
import type { Row } from '../row.js';

const promise =
  'goodput at least 85 % of the peak; 99 % of what is accepted is answered within 0.5 s of being read; the rest gets 503 with Retry-After; requests within calls pass; memory flat; calm 2 s after the load fell and what waited in TCP is done';

/** Twice what the hub can do. */
export const overload2x: Row = {
  name: 'overload-2x',
  about: 'two members together offer twice what the hub can do, a third its small share',
  promise,
  run: (stage) => playOverload(stage, { offers: { acme: 0.97, bolt: 0.97, elm: 0.06 }, modest: ['elm'] }),
};

/** Five times what the hub can do. */
export const overload5x: Row = {
  name: 'overload-5x',
  about: 'two members together offer five times what the hub can do, a third its small share',
  promise,
  run: (stage) => playOverload(stage, { offers: { acme: 2.47, bolt: 2.47, elm: 0.06 }, modest: ['elm'] }),
};
