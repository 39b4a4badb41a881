import { startAdminServer } from '@guildhall/chassis/admin-server';
import { connectBus } from '@guildhall/chassis/bus';
import { watchBus } from '@guildhall/chassis/bus-meters';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { startInstanceReport } from '@guildhall/chassis/instance-report';
import { createLogger } from '@guildhall/chassis/log';
import { checkMessageSize } from '@guildhall/chassis/message-size';
import { createMeters } from '@guildhall/chassis/meters';
import { oncePer } from '@guildhall/chassis/once-per';
import { loadTelemetry } from '@guildhall/chassis/otlp-door';
import { createRoster } from '@guildhall/chassis/roster';
import type { Running } from '@guildhall/chassis/running';
import type { SameProcess } from '@guildhall/chassis/same-process';
import { createTracing } from '@guildhall/chassis/tracing';
import { subjects } from '@guildhall/proto/subjects';
import type { IngressConfig } from './config.js';
import { createCounts } from './counts.js';
import { createEvents, createInstruments } from './events.js';
import { createIngress } from './ingress.js';
import type { Ingress } from './ingress-parts.js';
import { instanceFacts } from './instance-facts.js';
import { openRecords } from './record-desk.js';
import { createRecordEvents, createRecordInstruments } from './record-events.js';
import { createTraces } from './traces.js';

/** How long a start waits for policy and a relay to be heard of, before it serves 503, ms. */
const patience = 3_000;
/** How often a start or a drain looks again, ms. */
const look = 25;
/**
 * A draining ingress serves its connections until each has a moment in which nothing is in flight, and closes it then. Who is still busy after
 * this share of the drain, or so many ms, is refused what is new.
 */
const lastCall = { share: 0.2, most: 1_000 };

/**
 * Starts an ingress. Resolves once it listens; `addresses` are `admin` and `listener:<name>`. Aborting `signal` starts the drain.
 * Throws a Fault: NATS unreachable, a port taken, a certificate or key that cannot be read.
 */
export async function start(config: IngressConfig, signal: AbortSignal, beside?: SameProcess): Promise<Running> {
  const log = createLogger('ingress', config.id, config.log);
  const counts = createCounts(config.limits.refusalLogsPerSecond);
  const events = createEvents(log, counts, oncePer(1_000, monotonic, config.limits.closeLogsPerSecond));
  const meters = createMeters('ingress', config.id);
  const epoch = newEpoch();
  const endings: (() => Promise<void> | void)[] = [() => meters.close()];
  const endAll = async (): Promise<void> => {
    for (const end of endings.reverse()) await end();
  };

  try {
    const tracing = createTracing({ service: 'ingress', id: config.id, telemetry: loadTelemetry(config.telemetry), log, meters });
    endings.push(() => tracing.close());
    const bus = await connectBus(config.nats, `ingress ${config.id}`, log, subjects.inbox('ingress'), beside);
    endings.push(() => bus.close());
    checkMessageSize(bus, 'limits.messageBytes', config.limits.messageBytes);
    const self = { service: 'ingress', id: config.id, epoch };
    const roster = createRoster(bus, self, {}, monotonic);
    endings.push(() => roster.close());
    const rim = { clock: monotonic, wall: () => wall().getTime(), random: Math.random };
    const recordEvents = createRecordEvents(log, oncePer(1_000, monotonic));
    const keeping = openRecords({ config, epoch, bus, events: recordEvents, rim });
    if (keeping !== undefined) {
      endings.push(() => keeping.finish(config.records.finish).then(keeping.close));
      createRecordInstruments(meters, keeping.counts, keeping.waiting);
    }
    const ingress = createIngress({ config, epoch, bus, roster, counts, events, rim, traces: createTraces(tracing, epoch), keeping });
    endings.push(() => ingress.close());
    endings.push(startInstanceReport(bus, self, instanceFacts(ingress, keeping), rim.wall));
    watchBus(meters, bus, roster);
    const histogram = createInstruments(meters, counts, ingress.gauges);
    ingress.onAnswered((ms) => histogram.record(ms / 1000));
    roster.setLoad(ingress.gauges.inFlight);
    const admin = await startAdminServer(config.admin, { ready: ingress.ready, metrics: meters.prometheus });
    endings.push(() => admin.close());
    // Nobody connects before there is somebody to pass things on to: members of an ingress that restarts come at once.
    await settle(ingress, signal);
    const listeners = await ingress.listen();
    const closed = end(signal, ingress, config.drain)
      .then(endAll)
      .catch((error: unknown) => events.unexpected('shutdown', error));
    return { service: 'ingress', id: config.id, addresses: { admin: admin.address, ...listeners }, closed, waitingFor: ingress.waitingFor };
  } catch (error) {
    await endAll();
    throw error;
  }
}

/** Waits a little for what makes it useful; without it, it serves all the same and says 503. */
async function settle(ingress: Ingress, signal: AbortSignal): Promise<void> {
  const began = monotonic();
  while (!ingress.ready().ok && !signal.aborted && monotonic() - began < patience) await pause(look);
}

/** Resolves when the drain that `signal` begins is over. */
async function end(signal: AbortSignal, ingress: Ingress, most: number): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const began = monotonic();
  ingress.drain();
  const called = began + Math.min(most * lastCall.share, lastCall.most);
  // What was on its way already is read first.
  await pause(Math.min(look, most));
  while (monotonic() - began < most && !ingress.finishIdle(monotonic() >= called)) await pause(look);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
