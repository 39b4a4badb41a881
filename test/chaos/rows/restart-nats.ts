import { playFault } from '../fault-run.js';
import { moment, pause } from '../moment.js';
import type { Row } from '../row.js';

const awayMs = 4_000;
/** Readiness is asked for this long after the server has gone. */
const noticedMs = 1_000;

/** The only nats-server dies and comes back. */
export const restartNats: Row = {
  name: 'restart-nats',
  about: 'the only nats-server is killed and is back 4 s later',
  promise: '503 with Retry-After while it is away, readiness says so, normal within 2 s of its return; nothing lost, nothing twice',
  run: (stage) => {
    let backAt = 0;
    const ready: string[] = [];
    return playFault(stage, {
      topology: { servers: 1 },
      async strike({ hub, nats }) {
        const [server] = nats.servers;
        await server?.kill();
        await pause(noticedMs);
        for (const one of [...hub.ingresses, ...hub.relays, ...hub.policies])
          if ((await fetch(`http://${one.addresses['admin']}/readyz`)).ok) ready.push(`${one.id} says it is ready while there is no NATS`);
        await pause(awayMs - noticedMs);
        await server?.revive();
        backAt = moment();
      },
      demands: (_, { faultAt }) => ({
        normalAfter: backAt - faultAt() + 2_000,
        refusals: ['503 hub-unavailable'],
        others503: true,
        othersReal: 0,
      }),
      async inspect({ note, faultAt }, { normalAfter, refused }) {
        note(
          `it took new connections after ${Math.round(backAt - faultAt())} ms; traffic was normal ${Math.round(normalAfter - (backAt - faultAt()))} ms later`,
        );
        if (!refused.has('503 hub-unavailable')) ready.push('nobody was told 503 while there was no NATS');
        return ready;
      },
    });
  },
};
