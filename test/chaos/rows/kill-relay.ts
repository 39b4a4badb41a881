import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { halfway, type Row } from '../row.js';
import { ownerRelay } from '../topology.js';

/** A relay dies under load and is started again. */
export const killRelay: Row = {
  name: 'kill-relay',
  about: 'kill -9 of the relay that owns a receiver at 5,000 tx/s; started again half-way',
  promise:
    'every request answered exactly once within 32 s, 99.9 % by the far member; normal within 2 s; no transaction under two branches',
  run: (stage) =>
    playFault(stage, {
      rate: 5_000,
      async strike({ hub, note }) {
        const relay = ownerRelay(hub, 'crow');
        await relay.kill();
        note(`killed ${relay.id}`);
        // Its members have moved by then, and move back under load.
        await pause(halfway(stage));
        await relay.revive();
      },
      demands: { real: 0.999, othersReal: 0.999, normalAfter: 2_000, worstGap: 2_000, others503: true },
    }),
};
