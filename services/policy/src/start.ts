import { startAdminServer } from '@guildhall/chassis/admin-server';
import { connectBus } from '@guildhall/chassis/bus';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { Fault } from '@guildhall/chassis/fault';
import { KeyValueError } from '@guildhall/chassis/key-value';
import { createLogger } from '@guildhall/chassis/log';
import { createMeters } from '@guildhall/chassis/meters';
import { createRoster } from '@guildhall/chassis/roster';
import type { Running } from '@guildhall/chassis/running';
import { buckets } from '@guildhall/proto/subjects';
import { adminServiceName, startAdmin } from './admin.js';
import { announcer } from './announce.js';
import { createAnswering } from './answering.js';
import { createClosing } from './closing.js';
import type { PolicyConfig } from './config.js';
import { createEvents } from './events.js';
import { createHealth } from './health.js';
import { keepMembership } from './keep-membership.js';
import { keepTokenKeys } from './keep-token-keys.js';
import { openCommunityFile } from './live-file.js';
import { type Held, readiness } from './readiness.js';

/** Revisions kept of an entry of the membership: who changed it, when and why. */
const membershipHistory = 16;
/** How long gRPC calls under way may still take when the drain begins: they are answered from memory. */
const lastCallsMs = 1000;

/**
 * Starts policy in this process: reads the community file, connects, opens its ports, brings the file into the bucket,
 * follows the bucket and answers. Resolves once it serves, which with an empty bucket is before it can answer (/readyz says
 * so). Throws a Fault on a bad start and then leaves nothing open.
 */
export async function start(config: PolicyConfig, signal: AbortSignal): Promise<Running> {
  const file = config.community === undefined ? undefined : openCommunityFile(config.community);
  const log = createLogger('policy', config.id, config.log);
  const meters = createMeters('policy', config.id);
  const held: Held = { draining: false };
  const sources = {
    membership: () => held.store?.current(),
    entries: () => held.store?.entries(),
    tokenKeys: () => held.keys?.keys() ?? [],
    wall: () => wall().getTime(),
  };
  const events = createEvents(log, meters, { ...sources, unusable: () => held.store?.unusable() ?? 0 });
  const closing = createClosing((thrown) => events.failed('closing', thrown));
  closing.add(() => meters.close());
  file?.tell(events);

  try {
    const bus = await connectBus(config.nats, `policy ${config.id}`, log);
    closing.add(() => bus.close());
    const ready = readiness(bus, held);

    const pages = await startAdminServer(config.admin, { ready, metrics: () => meters.prometheus() });
    closing.add(() => pages.close());
    const health = createHealth([adminServiceName], config.grpc.streams);
    const admin = await startAdmin(config.grpc, { ...sources, failed: events.failed }, health);
    closing.add(() => admin.close(Math.min(config.drain, lastCallsMs)));

    const answering = createAnswering(bus, sources, events);
    closing.add(() => answering.set(false));
    const refresh = (): void => {
      answering.set(!held.draining && held.store?.current() !== undefined);
      health.set(ready().ok);
    };
    closing.add(bus.onConnected(refresh));

    const announce = announcer(bus);
    const rotation = { everyMs: config.tokens.rotate, keep: config.tokens.keep };
    held.keys = await keepTokenKeys(await bus.keyValue(buckets.tokenKeys, { history: 1 }), rotation, events, () => {
      announce(held.store?.current()?.version ?? 0n, new Set(), false);
      refresh();
    });
    closing.add(() => held.keys?.stop());

    const bucket = await bus.keyValue(buckets.membership, { history: membershipHistory });
    const settling = { quietMs: config.settle.quiet, mostMs: config.settle.most };
    const kept = await keepMembership(bucket, file?.wanted(), settling, { events, announce, wall, refresh });
    held.store = kept.store;
    closing.add(() => kept.store.stop());
    if (file !== undefined && config.reload > 0) closing.add(file.watch(config.reload, kept.bring));

    const roster = createRoster(bus, { service: 'policy', id: config.id, epoch: newEpoch() }, {}, monotonic);
    held.roster = roster;
    closing.add(() => roster.close());
    refresh();
    // Who is told that it serves may ask at once.
    await bus.settled();
    signal.throwIfAborted();

    const closed = new Promise<void>((resolve) => {
      const drain = (): void => {
        held.draining = true;
        events.draining();
        roster.drain();
        refresh();
        void closing.run().then(resolve);
      };
      signal.addEventListener('abort', drain, { once: true });
    });
    return { service: 'policy', id: config.id, addresses: { admin: pages.address, grpc: admin.address }, closed };
  } catch (thrown) {
    await closing.run();
    throw storeFault(thrown);
  }
}

/** What the bucket refused, for the operator. */
function storeFault(thrown: unknown): unknown {
  if (!(thrown instanceof KeyValueError)) return thrown;
  return new Fault('membership-store', `the membership cannot be read or written in NATS: ${thrown.message}`, {
    cure: 'check that NATS runs with JetStream, has room left, and lets this user use its buckets',
    cause: thrown,
  });
}
