import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Job } from '@guildhall/chassis/turn';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { expect, it } from 'vitest';
import { createConnections } from './connections.js';
import { transactionTable } from './transaction.stage.js';

/** A door that believes nobody, where each look at what a peer showed takes 1 ms; `turn` ends a turn of the event loop. */
function door() {
  let now = 0;
  let jobs: Job[] = [];
  const turnedAway: string[] = [];
  const fault = () => {
    throw new Error('nobody is let in');
  };
  const connections = createConnections({
    members: transactionTable().members,
    limits: { connectionsPerMember: 10 },
    trust: () => undefined,
    anchors: () => [],
    revocations: () => undefined,
    introduce: (peer) => peer,
    wall: () => 0,
    opened: fault,
    turnedAway(_reason, source) {
      now += 1;
      turnedAway.push(source);
    },
    connection: {
      turn: { later: (job) => void (jobs.includes(job) || jobs.push(job)) },
      sipLimits: defaultLimits,
      outboxBytes: 1_000,
      outboxBytesMax: 2_000,
      memberBytes: 1_000,
      memberBytesMax: 2_000,
      messageTime: 1_000,
      idleTime: () => 0,
      readTime: () => 1_000,
      onlyWay: () => false,
      probe: fault,
      clock: () => now,
      worked: fault,
      request: fault,
      response: fault,
      refused: fault,
      broken: fault,
      unexpected: fault,
      closed: fault,
    },
  });
  const turn = (): void => {
    const due = jobs;
    jobs = [];
    for (const job of due) job.run();
  };
  const come = (source: string): TLSSocket => {
    const socket = new TLSSocket(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }));
    connections.secured(socket, source, 'members');
    return socket;
  };
  return { connections, turnedAway, turn, come };
}

it('of handshakes that end in one turn the first is looked at at once, the others one a turn, in their order', () => {
  const { connections, turnedAway, turn, come } = door();
  for (const source of ['1', '2', '3']) come(source);
  expect([turnedAway, connections.size()]).toEqual([['1'], 2]);
  turn();
  expect(turnedAway).toEqual(['1', '2']);
  come('4');
  turn();
  expect(turnedAway).toEqual(['1', '2', '3']);
  turn();
  expect([turnedAway, connections.size()]).toEqual([['1', '2', '3', '4'], 0]);
});

it('who leaves before that is nobody’s business, and an error of its socket nobody’s trouble', () => {
  const { connections, turnedAway, turn, come } = door();
  come('1');
  const gone = come('2');
  gone.emit('error', new Error('reset'));
  gone.destroy();
  turn();
  turn();
  expect([turnedAway, connections.size()]).toEqual([['1'], 0]);
});

it('nobody is let in who waits while the hub closes', () => {
  const { connections, turnedAway, turn, come } = door();
  come('1');
  const waiting = come('2');
  connections.close();
  turn();
  expect([turnedAway, connections.size(), waiting.destroyed]).toEqual([['1'], 0, true]);
});
