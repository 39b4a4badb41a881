import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import type { Row } from '../row.js';
import { ownerRelay } from '../topology.js';

/** How long the relay stays away: long enough for its members to have moved, and to move back under load. */
const awayMs = 5_000;

/** A relay dies under load and is started again. */
export const killRelay: Row = {
  name: 'kill-relay',
  about: 'kill -9 of the relay that owns a receiver at 5,000 tx/s; started again after 5 s',
  promise:
    'every request answered exactly once within 32 s, 99.9 % by the far member; normal within 2 s; no transaction under two branches',
  run: (stage) =>
    playFault(stage, {
      rate: 5_000,
      async strike({ hub, note }) {
        const relay = ownerRelay(hub, 'crow');
        await relay.kill();
        note(`killed ${relay.id}`);
        await pause(awayMs);
        await relay.revive();
      },
      demands: { real: 0.999, othersReal: 0.999, normalAfter: 2_000, worstGap: 2_000, others503: true },
    }),
};
