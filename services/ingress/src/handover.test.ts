import type { Instance } from '@guildhall/chassis/roster';
import { describe, expect, it } from 'vitest';
import { createCounts } from './counts.js';
import type { Forward, Forwards, RelayQueue } from './forwards.js';
import { type Again, handOver } from './handover.js';
import { createRelays } from './relays.js';
import { sip } from './sip.stage.js';
import { transactionTable } from './transaction.stage.js';

/** A roster set by hand, and forwards that write down where they go. */
const setting = () => {
  let relays: Instance[] = [];
  let ids: string[] = [];
  const went: string[] = [];
  const table = transactionTable();
  const queues = new Map<string, RelayQueue>();
  const forwards: Forwards = {
    queue({ id, epoch, returns }) {
      const queue = queues.get(`${id}.${epoch}`) ?? { id, epoch, returns, gone: false, queued: false, run: () => undefined };
      queues.set(`${id}.${epoch}`, queue);
      return queue;
    },
    drop(queue: RelayQueue) {
      queue.gone = true;
    },
    request: () => {
      throw new Error('a request that goes again must say so');
    },
    requestAgain(queue, transaction, _now, from, start, end) {
      transaction.relay = queue;
      went.push(`${transaction.id} to ${queue.id}.${queue.epoch}: ${from.toString('latin1', start, end)}`);
    },
    add: (queue, forward: Forward) => void went.push(`cancel ${forward.transaction} to ${queue.id}.${queue.epoch}`),
  };
  const directory = createRelays(
    { freshIds: () => ids, fresh: () => relays.filter((one) => !one.draining), every: () => relays },
    forwards.queue,
    forwards.drop,
  );
  let returned: Again = new Set();
  /** Relays as `id.epoch`, with `.draining`, or `.2` for one that came back to NATS twice. */
  const set = (...now: string[]) => {
    relays = now.map((text) => {
      const [id = '', epoch = '', more = ''] = text.split('.');
      return { service: 'relay', id, epoch, draining: more === 'draining', load: 0, returns: Number.parseInt(more, 10) || 0 };
    });
    ids = relays.filter((one) => !one.draining).map((one) => one.id);
    returned = directory.refresh().returned;
  };
  const counts = createCounts();
  const hand = (again: Again = returned) => {
    handOver({ relays: directory, forwards, counts, all: table.transactions.all }, again, 0);
    return went.splice(0);
  };
  const wire = table.wire('acme');
  const open = (target: string, method = 'MESSAGE') => {
    const transaction = table.open(sip({ method }), wire);
    transaction.target = target;
    transaction.relay = directory.ownerOf(target);
    transaction.batch = Buffer.from('..bytes..');
    transaction.offset = 2;
    transaction.length = 5;
    return transaction;
  };
  return { table, directory, set, hand, open };
};

describe('the owner of a member', () => {
  it('is nobody without a relay, and the same one while nothing changes', () => {
    const { directory, set } = setting();
    expect([directory.ownerOf('bolt'), directory.any()]).toEqual([undefined, false]);
    set('r1.a', 'r2.a');
    const owner = directory.ownerOf('bolt');
    expect(owner).toBeDefined();
    expect(directory.ownerOf('bolt')).toBe(owner);
    set('r1.a', 'r2.a', 'r3.a.draining');
    expect(directory.ownerOf('bolt')).toBe(owner);
  });

  it('is another incarnation after a restart', () => {
    const { directory, set } = setting();
    set('r1.a');
    const before = directory.ownerOf('bolt');
    set('r1.b');
    expect(before?.gone).toBe(true);
    expect(directory.ownerOf('bolt')).toMatchObject({ id: 'r1', epoch: 'b', gone: false });
  });
});

describe('handing over', () => {
  it('leaves alone what is answered, what was never forwarded, and what a draining relay still has', () => {
    const { table, set, hand, open } = setting();
    set('r1.a', 'r2.a');
    const answered = open('bolt', 'INVITE');
    table.transactions.advance(answered, 'failure', 0);
    const waiting = open('bolt');
    waiting.relay = undefined;
    open('cliff');
    set('r1.a.draining', 'r2.a.draining', 'r3.a');
    expect(hand()).toEqual([]);
  });

  it('gives what a lost relay had to the new owner, with its CANCEL, once', () => {
    const { set, hand, open } = setting();
    set('r1.a');
    const [message, invite] = [open('bolt'), open('bolt', 'INVITE')];
    invite.cancelled = true;
    invite.cancel = Buffer.from('CANCEL');
    set('r2.a');
    expect(hand()).toEqual([`${message.id} to r2.a: bytes`, `${invite.id} to r2.a: bytes`, `cancel ${invite.id} to r2.a`]);
    expect(hand()).toEqual([]);
  });

  it('gives a restarted relay what its former self had', () => {
    const { set, hand, open } = setting();
    set('r1.a');
    const message = open('bolt');
    set('r1.b');
    expect(hand()).toEqual([`${message.id} to r1.b: bytes`]);
  });

  it('waits while there is no relay', () => {
    const { set, hand, open } = setting();
    set('r1.a');
    const message = open('bolt');
    set();
    expect(hand()).toEqual([]);
    set('r2.a');
    expect(hand()).toEqual([`${message.id} to r2.a: bytes`]);
  });

  it('says everything again after NATS was away, to whoever has it', () => {
    const { set, hand, open } = setting();
    set('r1.a');
    const message = open('bolt');
    set('r1.a', 'r2.a', 'r3.a', 'r4.a', 'r5.a', 'r6.a', 'r7.a');
    expect(hand('all')).toEqual([`${message.id} to r1.a: bytes`]);
  });

  it('says again to a relay that came back to NATS what that one has, once, and nothing of the others', () => {
    const { set, hand, open } = setting();
    set('r1.a');
    const message = open('bolt');
    set('r1.a', 'r2.a');
    expect(hand()).toEqual([]);
    set('r1.a.1', 'r2.a.1');
    expect(hand()).toEqual([`${message.id} to r1.a: bytes`]);
    set('r1.a.1', 'r2.a.2');
    expect(hand()).toEqual([]);
  });
});
