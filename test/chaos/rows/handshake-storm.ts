import { join } from 'node:path';
import { checkoutRoot } from '../../stage/checkout.js';
import { type Child, startChild } from '../../stage/child.js';
import { memberCertificate } from '../../stage/identities.js';
import { playFault } from '../fault-run.js';
import type { Row } from '../row.js';
import type { StormAnswer, StormFindings, StormOrder } from '../storm-protocol.js';
import { hubDomain } from '../topology.js';

/** Members that come back at once, besides those of the traffic. */
const crowd = 1_000;
/** All must be back within this; who is not after the patience never is. ms. */
const allBack = 20_000;
const patience = 40_000;
/** Live traffic's p99 stays below this, ms. */
const mostP99 = 50;

const crowdIds = Array.from({ length: crowd }, (_, at) => `storm${at + 1}`);

/** Where they come from: each from an address of its own, then all from one, as behind a NAT. */
const storms: readonly (readonly [from: string, addresses: readonly string[]])[] = [
  ['many addresses', crowdIds.map((_, at) => `127.77.${Math.floor(at / 250)}.${1 + (at % 250)}`)],
  ['one address', ['127.77.9.9']],
];

/** Every member's proxy restarts at the same moment. */
export const handshakeStorm: Row = {
  name: 'handshake-storm',
  about: `${crowd} members connect to one ingress at the same moment, from many addresses and then from one`,
  promise: `all are back within ${allBack / 1_000} s, and live traffic keeps p99 below ${mostP99} ms`,
  run(stage) {
    let storming: Child<StormOrder, StormAnswer> | undefined;
    const found: (readonly [from: string, storm: StormFindings])[] = [];
    return playFault(stage, {
      topology: {
        servers: 1,
        services: { ingresses: 2, relays: 2, policies: 1 },
        community: ({ members, ...part }) => ({
          ...part,
          members: [
            ...members,
            ...crowdIds.map((id) => ({
              id,
              domains: [`${id}.example`],
              proxies: [{ host: '127.0.0.1', port: 9, name: `sip.${id}.example` }],
            })),
          ],
        }),
      },
      rate: 1_000,
      async prepare({ authority, ports, stage: { say } }) {
        const members = [];
        for (const id of crowdIds) {
          const { certFile, keyFile } = await memberCertificate(authority, `${id}.example`);
          members.push({ certFile, keyFile });
        }
        storming = startChild(join(checkoutRoot(), 'test/dist/chaos/storm-main.js'), 'the storm');
        const [port = 0] = ports;
        await storming.order({ kind: 'enlist', members, caFile: authority.certFile, port, serverName: hubDomain }, 'enlist');
        say(`  ${crowd} members have their certificates`);
      },
      async strike({ stage: { say } }) {
        for (const [from, addresses] of storms) {
          const answer = await storming?.order({ kind: 'storm', addresses, patience }, 'storm');
          if (answer === undefined) throw new Error('nobody plays the storm');
          found.push([from, answer.found]);
          say(`  from ${from}: ${inWords(answer.found)}`);
        }
      },
      demands: { refusals: [], othersP99: { ratio: 0, floor: mostP99 } },
      async inspect({ hub, note }) {
        for (const [from, storm] of found) note(`from ${from}: ${inWords(storm)}`);
        const waiting = await hub.counted('ingress', 'guildhall_tls_handshakes_waiting');
        return [
          ...found.flatMap(([from, { back, lastBack }]) => [
            ...(back < crowd ? [`${crowd - back} members were not back from ${from} after ${patience / 1_000} s`] : []),
            ...(lastBack > allBack ? [`the last was back from ${from} after ${(lastBack / 1_000).toFixed(1)} s`] : []),
          ]),
          ...(waiting > 0 ? [`${waiting} connections still wait for their handshake`] : []),
        ];
      },
    }).finally(() => storming?.signal('SIGKILL'));
  },
};

function inWords({ back, lastBack, medianBack, tries, closed }: StormFindings): string {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  return `${back} back, half after ${seconds(medianBack)} s, the last after ${seconds(lastBack)} s; ${tries} connections, ${closed} of them closed by the hub`;
}
