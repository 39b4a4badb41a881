import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { openPath, type Path } from '../path.js';
import type { Row } from '../row.js';
import { ownerRelay } from '../topology.js';

/** Less than its own connection needs to find out: two pings without an answer. */
const deafMs = 5_000;
/** It finds out when half of the others fall silent; if it did not, they would, two hellos after it took them off its own roster. */
const movedMs = 4_000;

/** A relay whose hellos get out and that hears nothing: what a nats-server makes of it that does not read the others' routes any more. */
export const deafRelay: Row = {
  name: 'deaf-relay',
  about: 'the relay that owns a receiver hears nothing of NATS for 5 s, and goes on to say that it is there',
  promise: 'every request answered exactly once, 99.9 % by the far member; its members move within 4 s; no transaction has two branches',
  run: (stage) => {
    const paths = new Map<string, Path[]>();
    return playFault(stage, {
      topology: {
        async busPath(service, number, servers) {
          if (service !== 'relay') return servers;
          const opened = await Promise.all(servers.map((server) => openPath({ port: Number(server.split(':')[1]) })));
          paths.set(`relay-${number}`, opened);
          return opened.map((path) => `127.0.0.1:${path.port}`);
        },
      },
      seconds: 12,
      async strike({ hub, note }) {
        const relay = ownerRelay(hub, 'crow');
        const own = paths.get(relay.id) ?? [];
        await Promise.all(own.map((path) => path.pass({ kind: 'one-way', to: 'far' })));
        note(`deaf: ${relay.id}`);
        await pause(deafMs);
        await Promise.all(own.map((path) => path.pass({ kind: 'flows' })));
      },
      demands: { normalAfter: movedMs, real: 0.999, othersReal: 0.99 },
      async inspect({ hub, note }) {
        const why = ['unheard', 'silent', 'deaf'];
        const taken = await Promise.all(why.map((one) => hub.counted('ingress', 'guildhall_roster_removed_total', { why: one })));
        note(`the ingresses took others off: ${taken.map((times, at) => `${times} ${why[at]}`).join(', ')}`);
        return taken.some((times) => times > 0) ? [] : ['no ingress noticed that a relay does not hear it'];
      },
    }).finally(() => Promise.all([...paths.values()].flat().map((path) => path.close())));
  },
};
