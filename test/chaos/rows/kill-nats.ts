import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { halfway, type Row } from '../row.js';

/** One nats-server of a cluster dies. */
export const killNats: Row = {
  name: 'kill-nats',
  about: 'kill -9 of the nats-server of three that has most of the hub’s connections; started again half-way',
  promise: 'no failed answer after 1 s, nothing lost, nothing twice',
  run: (stage) =>
    playFault(stage, {
      async strike({ nats, note }) {
        const server = nats.busiest();
        await server.kill();
        note(`killed nats-${server.number}`);
        await pause(halfway(stage));
        await server.revive();
      },
      demands: { normalAfter: 1_000, refusals: ['503 hub-unavailable'], others503: true, othersReal: 0 },
    }),
};
