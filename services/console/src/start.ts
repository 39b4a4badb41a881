import { startAdminServer } from '@guildhall/chassis/admin-server';
import { tracingInterceptor } from '@guildhall/chassis/api/grpc-tracing';
import { connectBus } from '@guildhall/chassis/bus';
import { watchBus } from '@guildhall/chassis/bus-meters';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { startInstanceReport } from '@guildhall/chassis/instance-report';
import { createLogger } from '@guildhall/chassis/log';
import { createMeters } from '@guildhall/chassis/meters';
import { loadTelemetry } from '@guildhall/chassis/otlp-door';
import { createRoster, type Instance, type Roster } from '@guildhall/chassis/roster';
import type { Start } from '@guildhall/chassis/running';
import { createTracing } from '@guildhall/chassis/tracing';
import { helloServices, subjects } from '@guildhall/proto/subjects';
import type { ConsoleConfig } from './config.js';
import { type Core, startCore } from './core.js';
import { openDoors } from './doors/open-doors.js';
import { createEvents } from './events.js';

/** Readiness is looked at this often for those who are told of changes, ms. */
const lookMs = 250;

/** Starts a console. Resolves once its doors are open; aborting `signal` ends it. Throws a Fault on a bad start. */
export const start: Start<ConsoleConfig> = async (config, signal) => {
  const log = createLogger('console', config.id, config.log);
  const self = { service: 'console', id: config.id, epoch: newEpoch() };
  const telemetry = loadTelemetry(config.telemetry);
  const bus = await connectBus(config.nats, `console ${config.id}`, log, subjects.inbox('console'));
  const roster = createRoster(bus, self, {}, monotonic);
  const meters = createMeters('console', config.id);
  const tracing = createTracing({ service: 'console', id: config.id, telemetry, log, meters });
  watchBus(meters, bus, roster);
  let core: Core | undefined;
  const events = createEvents(log, meters, {
    behind: () => core?.live.behind() ?? 0,
    sampled: () => core?.live.sampled() ?? 1,
    sizes: () => core?.sizes() ?? { members: 0, pairs: 0 },
  });
  const started = startCore(config, bus, events, () => othersIn(roster));
  core = started;
  const ready = () => {
    const reasons = signal.aborted ? ['it ends'] : started.reasons();
    return { ok: reasons.length === 0, reasons };
  };
  const timeOfDay = (): number => wall().getTime();
  const closeBehind = async (): Promise<void> => {
    roster.close();
    await started.close();
    await tracing.close();
    await meters.close();
    await bus.close();
  };

  try {
    const doors = await openDoors(config, {
      bus,
      log,
      meters,
      feed: started,
      wall: timeOfDay,
      ready: () => ready().ok,
      interceptors: [tracingInterceptor(tracing, monotonic)],
    });
    const admin = await startAdminServer(config.admin, { ready, metrics: meters.prometheus }).catch(async (thrown: unknown) => {
      await doors.close(0);
      throw thrown;
    });
    const stopReport = startInstanceReport(bus, self, { ready, inFlight: () => 0 }, timeOfDay);
    const look = setInterval(doors.refresh, lookMs);
    look.unref();
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const closed = ended.then(async () => {
      clearInterval(look);
      roster.drain();
      doors.refresh();
      await doors.close(config.drain);
      stopReport();
      await admin.close();
      await closeBehind();
    });
    const addresses = { admin: admin.address, grpc: doors.grpc, http: doors.http };
    return { service: 'console', id: config.id, addresses, closed, waitingFor: () => '' };
  } catch (thrown) {
    await closeBehind();
    throw thrown;
  }
};

/** Whoever greets and does not end; of consoles nothing is awaited. */
function othersIn(roster: Roster): Instance[] {
  return helloServices.filter((service) => service !== 'console').flatMap((service) => roster.fresh(service));
}
