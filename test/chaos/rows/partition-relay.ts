import { readCounter } from '../../stage/metric-sum.js';
import { playFault } from '../fault-run.js';
import { pause } from '../moment.js';
import { openPath, type Path } from '../path.js';
import type { Row } from '../row.js';
import { ownerRelay } from '../topology.js';

const partedMs = 6_000;
/** When they hear each other again, one relay alone has the member's links within this: a hello, and `timeouts.handover`. */
const oneOwnerMs = 6_000;

/** A relay that is alive and cannot reach NATS, nor be reached. */
export const partitionRelay: Row = {
  name: 'partition-relay',
  about: 'NATS and the relay that owns a receiver hear nothing of each other for 6 s; the relay goes on with its links',
  promise:
    'its members move within 2.5 s; when it is back no answer comes twice, no transaction has two branches, and 6 s later one relay alone has a member’s links',
  run: (stage) => {
    const paths = new Map<string, Path[]>();
    const split: string[] = [];
    return playFault(stage, {
      topology: {
        async busPath(service, number, servers) {
          if (service !== 'relay') return servers;
          const opened = await Promise.all(servers.map((server) => openPath({ port: Number(server.split(':')[1]) })));
          paths.set(`relay-${number}`, opened);
          return opened.map((path) => `127.0.0.1:${path.port}`);
        },
      },
      seconds: 14,
      async strike({ hub, note }) {
        const relay = ownerRelay(hub, 'crow');
        const own = paths.get(relay.id) ?? [];
        for (const path of own) path.pass({ kind: 'stalls' });
        note(`parted ${relay.id}: TCP proxies in its path to all nats-servers swallow everything both ways, connections stay`);
        await pause(partedMs);
        for (const path of own) path.pass({ kind: 'flows' });
        await pause(oneOwnerMs);
        for (const one of hub.relays) {
          const links = await readCounter(one, 'guildhall_member_links', { member: 'crow' });
          if ((one === relay) !== links > 0) split.push(`${one.id} has ${links} links to crow, which ${relay.id} owns`);
        }
      },
      demands: { normalAfter: 2_500, real: 0.999, othersReal: 0.99, others503: true },
      inspect: async () => split,
    }).finally(() => Promise.all([...paths.values()].flat().map((path) => path.close())));
  },
};
