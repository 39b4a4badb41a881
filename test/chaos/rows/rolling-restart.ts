import { ready } from '../../stage/hub.js';
import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import type { Row } from '../row.js';

/** Between one process that is ready again and the next that is told to end. */
const betweenMs = 1_000;

/** Every process of the hub, one after the other. */
export const rollingRestart: Row = {
  name: 'rolling-restart',
  about: 'every process gets SIGTERM and is started again, one after the other: nats-servers, policies, relays, ingresses',
  promise: 'no transaction fails on connections that outlive it; an ingress answers what it has and closes with close_notify',
  run: (stage) =>
    playFault(stage, {
      topology: { settings: { ingress: { drain: '10s' }, relay: { drain: '5s' }, policy: { drain: '2s' } } },
      seconds: 5,
      async strike({ hub, nats, note }) {
        for (const server of nats.servers) {
          await server.stop();
          await server.revive();
          await pause(betweenMs);
        }
        for (const one of [...hub.policies, ...hub.relays, ...hub.ingresses]) {
          const began = performance.now();
          await one.stop();
          const ended = performance.now();
          await one.revive();
          await ready(one);
          note(
            `${one.id} ended ${Math.round(ended - began)} ms after SIGTERM, and was ready ${Math.round(performance.now() - ended)} ms later`,
          );
          await pause(betweenMs);
        }
      },
      demands: { died: Number.POSITIVE_INFINITY, real: 1, refusals: [], normalAfter: Number.POSITIVE_INFINITY },
      async inspect({ ports, note }, { died, diedOn, endedOn, brokenOn }) {
        note(`${died} requests died with connections their ingress closed (by port: ${JSON.stringify([...diedOn])})`);
        const unasked = [...endedOn].filter(([port]) => !ports.includes(port));
        return [
          ...unasked.map(([port, count]) => `${count} connections to port ${port} ended`),
          ...[...brokenOn].map(([port, count]) => `${count} connections to port ${port} broke instead of being closed in order`),
        ];
      },
    }),
};
