import { startAdminServer } from '@guildhall/chassis/admin-server';
import { connectBus } from '@guildhall/chassis/bus';
import { watchBus } from '@guildhall/chassis/bus-meters';
import { monotonic } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { createLogger } from '@guildhall/chassis/log';
import { createMeters } from '@guildhall/chassis/meters';
import { createRoster } from '@guildhall/chassis/roster';
import type { Start } from '@guildhall/chassis/running';
import { subjects } from '@guildhall/proto/subjects';
import type { ConsoleConfig } from './config.js';

/** Starts a console. Resolves once it serves; aborting `signal` ends it. Throws a Fault on a bad start. */
export const start: Start<ConsoleConfig> = async (config, signal) => {
  const log = createLogger('console', config.id, config.log);
  const bus = await connectBus(config.nats, `console ${config.id}`, log, subjects.inbox('console'));
  const roster = createRoster(bus, { service: 'console', id: config.id, epoch: newEpoch() }, {}, monotonic);
  const meters = createMeters('console', config.id);
  watchBus(meters, bus, roster);
  const admin = await startAdminServer(config.admin, {
    ready: () => ({ ok: bus.connected(), reasons: bus.connected() ? [] : ['NATS is not connected'] }),
    metrics: meters.prometheus,
  });
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const closed = ended.then(async () => {
    roster.close();
    await admin.close();
    await meters.close();
    await bus.close();
  });
  return { service: 'console', id: config.id, addresses: { admin: admin.address }, closed, waitingFor: () => '' };
};
