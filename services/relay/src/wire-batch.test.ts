import { memoryBus } from '@guildhall/chassis/memory-bus';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { describe, expect, it } from 'vitest';
import { createWireSender, eachWire, readWires } from './wire-batch.js';

const good: WireBatch = {
  service: 'ingress',
  id: 'ingress-1',
  epoch: 'e',
  wires: ['w1', ''],
  members: ['acme', 'bolt'],
  sources: ['192.0.2.1:5', ''],
  wireIndex: [0, 1, 0],
  length: [1, 2, 3],
  wire: Buffer.from('abbccc'),
};

describe('a batch of messages for other wires', () => {
  const bad: [why: string, changes: Partial<WireBatch>][] = [
    ['tables of different length', { members: ['acme'] }],
    ['sources of different length', { sources: [] }],
    ['columns of different length', { wireIndex: [0, 1] }],
    ['a wire that is not in the table', { wireIndex: [0, 1, 2] }],
    ['a member id with a dot', { members: ['a.b', 'bolt'] }],
    ['lengths beyond the bytes', { length: [1, 2, 4] }],
    ['bytes beyond the lengths', { length: [1, 2, 2] }],
    ['an empty message', { length: [0, 3, 3] }],
  ];
  it.each(bad)('with %s is dropped whole', (_why, changes) => {
    expect(readWires(WireBatch.encode({ ...good, ...changes }).finish())).toBeUndefined();
  });

  it('that is whole gives each message with its wire', () => {
    const batch = readWires(WireBatch.encode(good).finish());
    const seen: string[] = [];
    if (batch !== undefined) eachWire(batch, (wire, member, bytes) => seen.push(`${wire} ${member} ${bytes.toString()}`));
    expect(seen).toEqual(['w1 acme a', ' bolt bb', 'w1 acme ccc']);
  });

  it('leaves once a turn for each destination', () => {
    const bus = memoryBus();
    const sent: { to: string; batch: WireBatch }[] = [];
    for (const to of ['one', 'two']) bus.subscribe(to, (payload) => sent.push({ to, batch: WireBatch.decode(payload) }));
    const jobs: (() => void)[] = [];
    const turn = {
      later(job: { run(): void; queued: boolean }) {
        if (job.queued) return;
        job.queued = true;
        jobs.push(() => {
          job.queued = false;
          job.run();
        });
      },
    };
    const sender = createWireSender(bus, turn, { id: 'relay-1', epoch: 'e' }, (destination) => destination, {
      lost: () => undefined,
      clock: () => 0,
    });
    const body = Buffer.from('..xyz');
    sender.add('one', { wire: 'l1', member: 'acme', source: 's' }, 'h1', body, 2, 5);
    sender.add('two', { wire: 'l1', member: 'acme', source: 's' }, 'h2', body, 2, 2);
    sender.add('one', { wire: 'l2', member: 'acme', source: 's' }, 'h3', body, 4, 5);
    sender.add('one', { wire: 'l1', member: 'acme', source: 's' }, 'h4', body, 0, 0);
    expect(sent).toEqual([]);
    for (const job of jobs) job();
    expect(sent.map(({ to, batch }) => [to, batch.wires, batch.wireIndex, batch.length, batch.wire.toString()])).toEqual([
      ['one', ['l1', 'l2'], [0, 1, 0], [5, 3, 2], 'h1xyzh3zh4'],
      ['two', ['l1'], [0], [2], 'h2'],
    ]);
  });
});
