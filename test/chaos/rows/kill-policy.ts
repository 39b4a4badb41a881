import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { halfway, type Row } from '../row.js';

/** One of two policies dies. */
export const killPolicy: Row = {
  name: 'kill-policy',
  about: 'kill -9 of one of two policies, while pairs send that nobody asked about before; started again half-way',
  promise: 'nothing is noticed: every answer is the far member’s own, none takes a second',
  run: (stage) =>
    playFault(stage, {
      async strike({ hub, party, note }) {
        const [policy] = hub.policies;
        await policy?.kill();
        note(`killed ${policy?.id}; from then on elm sends to crow and dune, too`);
        await party('elm').send(['fern.example', 'crow.example', 'dune.example'], (stage.options.rate ?? 1_000) / 3);
        await pause(halfway(stage));
        await policy?.revive();
      },
      demands: { real: 1, normalAfter: 0, longest: 1_000, refusals: [], othersP99: { ratio: 2, floor: 50 } },
    }),
};
