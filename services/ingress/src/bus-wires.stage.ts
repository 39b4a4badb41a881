import type { Job } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { createAnswers } from './answers.js';
import { createBusWires } from './bus-wires.js';
import { createCounts } from './counts.js';
import { noRecords } from './records.js';
import { createRelayWires } from './relay-wires.js';
import { transactionTable } from './transaction.stage.js';
import type { Wire } from './wire.js';
import { createWireBatches } from './wires.js';

/** An ingress's side of both conversations, with what surrounds it played; so many relays' wires and bytes of a batch. */
export const busWiresStage = (most = 10, batchBytes = 100_000) => {
  const jobs: Job[] = [];
  const sent: { subject: string; payload: Uint8Array }[] = [];
  const table = transactionTable();
  const counts = createCounts();
  const turn = { later: (job: Job) => void jobs.push(job) };
  const publish = (subject: string, payload: Uint8Array) => void sent.push({ subject, payload });
  const batches = createWireBatches({
    id: 'ingress-1',
    epoch: 'now',
    batchBytes,
    keptMs: 4_000,
    keptBytes: 8 * 1024 * 1024,
    turn,
    publish,
    clock: () => 0,
  });
  const relayWires = createRelayWires(batches, most);
  const requests: [text: string, wire: Wire][] = [];
  let owner: string | undefined = 'relay-1';
  const state = { now: 0, refuses: false, knows: true };
  const desk = createBusWires({
    limits: defaultLimits,
    members: table.members,
    relays: { ownerId: () => owner, ownerOf: () => undefined, any: () => true, refresh: () => ({ gone: [], returned: new Set() }) },
    relayWires,
    batches,
    answers: createAnswers({ domain: 'hub.example', epoch: 'now', random: () => 0 }),
    counts,
    records: noRecords,
    clock: () => state.now,
    isMember: (id) => (state.knows ? id !== 'stranger' : undefined),
    refuses: () => state.refuses,
    request: (request, wire) => requests.push([request.method, wire]),
  });
  const flush = () => {
    for (const job of jobs.splice(0)) job.run();
    return sent.splice(0).map(({ subject, payload }) => ({ subject, batch: WireBatch.decode(payload) }));
  };
  return {
    table,
    counts,
    batches,
    relayWires,
    desk,
    requests,
    flush,
    turn,
    publish,
    jobs,
    sent,
    state,
    setOwner: (id: string | undefined) => (owner = id),
  };
};
