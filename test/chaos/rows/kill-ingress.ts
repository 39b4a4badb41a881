import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { halfway, type Row } from '../row.js';

/** An ingress dies with the connections it holds. */
export const killIngress: Row = {
  name: 'kill-ingress',
  about: 'kill -9 of one of two ingresses, each with connections of every sender; started again half-way',
  promise: 'only what was in flight on its connections dies; every other connection and request notices nothing',
  run: (stage) =>
    playFault(stage, {
      rate: 2_000,
      async strike({ hub }) {
        const [ingress] = hub.ingresses;
        await ingress?.kill();
        await pause(halfway(stage));
        await ingress?.revive();
      },
      demands: { died: Number.POSITIVE_INFINITY, refusals: [], normalAfter: 2_000, othersP99: { ratio: 2, floor: 50 } },
      async inspect({ ports, note }, { died, diedOn, endedOn }) {
        const [its] = ports;
        note(`${died} requests died with ${endedOn.get(its ?? 0) ?? 0} connections`);
        return [
          ...[...diedOn].filter(([port]) => port !== its).map(([port, count]) => `${count} requests died on connections to port ${port}`),
          ...[...endedOn].filter(([port]) => port !== its).map(([port, count]) => `${count} connections to port ${port} ended`),
        ];
      },
    }),
};
