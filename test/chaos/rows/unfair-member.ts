import { playOverload } from '../overload-run.js';
import type { Row } from '../row.js';

/** One member asks for ten times its share. */
export const unfairMember: Row = {
  name: 'unfair-member',
  about: 'one member of three offers ten times its third of what the hub can do, the others half of theirs',
  promise: 'of the others’ requests 99.9 % are answered by the far member; what the hub can do is done',
  run: (stage) => playOverload(stage, { offers: { acme: 3.33, bolt: 0.16, elm: 0.16 }, modest: ['bolt', 'elm'] }),
};
