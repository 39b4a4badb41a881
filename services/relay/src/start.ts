import { startAdminServer } from '@guildhall/chassis/admin-server';
import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { watchBus } from '@guildhall/chassis/bus-meters';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { followRevocations } from '@guildhall/chassis/follow-revocations';
import { startInstanceReport } from '@guildhall/chassis/instance-report';
import { createLogger } from '@guildhall/chassis/log';
import { createLoopLag, followLoopLag } from '@guildhall/chassis/loop-lag';
import { checkMessageSize } from '@guildhall/chassis/message-size';
import { createMeters } from '@guildhall/chassis/meters';
import { loadTelemetry } from '@guildhall/chassis/otlp-door';
import { createRoster } from '@guildhall/chassis/roster';
import type { Running, Start } from '@guildhall/chassis/running';
import { createTracing } from '@guildhall/chassis/tracing';
import { createTurnedAwayTeller } from '@guildhall/chassis/turned-away';
import { Changed } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { RelayConfig } from './config.js';
import { createEvents, describeMeters, type Events, type LinkName } from './events.js';
import { createHeart, type Heart, intervals } from './heart.js';
import { createLocation } from './location.js';
import { memberReadings } from './member-readings.js';
import { memberStates } from './member-states.js';
import { loadCertificate, type OwnCertificate } from './own-certificate.js';
import { createTraces } from './traces.js';
import { type Distrusted, turningAway } from './turning-away.js';

/** Once nothing is in flight a draining relay waits for so long whether it stays so, ms. */
const drainLinger = 150;
const drainPoll = 25;
/** After this share of the drain, or so many ms, what is new on links is refused: before, it is served. */
const lastCall = { share: 0.2, most: 1_000 };

/** Starts a relay. Resolves once it takes forwards; aborting `signal` drains it. Throws a Fault on a bad start. */
export const start: Start<RelayConfig> = async (config, signal, beside) => {
  const log = createLogger('relay', config.id, config.log);
  const events = createEvents(log, monotonic);
  const certificate = loadCertificate(config.certificate);
  const telemetry = loadTelemetry(config.telemetry);
  const epoch = newEpoch();
  const bus = await connectBus(config.nats, `relay ${config.id}`, log, subjects.inbox('relay'), beside);
  try {
    checkMessageSize(bus, 'limits.message', config.limits.message);
  } catch (error) {
    await bus.close();
    throw error;
  }
  const meters = createMeters('relay', config.id);
  const tracing = createTracing({ service: 'relay', id: config.id, telemetry, log, meters });
  const self = { service: 'relay', id: config.id, epoch };
  const roster = createRoster(bus, self, {}, monotonic);
  const timeOfDay = () => wall().getTime();
  const teller = createTurnedAwayTeller(bus, 'relay', config.id);
  const tell = turningAway(teller, timeOfDay);
  const revocations = followRevocations(
    bus,
    { ask: config.timeouts.door, refresh: config.refresh },
    {
      learned(table) {
        events.revocationsLearned(table.version, table.size);
        heart.review();
      },
      failed: events.revocationsFailed,
    },
  );
  const lag = createLoopLag(monotonic());
  const rim = {
    clock: monotonic,
    lag: lag.ms,
    wall: timeOfDay,
    random: Math.random,
    revocations,
    turnedAway: (link: LinkName, distrusted: Distrusted) => {
      events.countUntrusted(distrusted.reason);
      tell(link, distrusted);
    },
    traces: createTraces(tracing, config.id),
  };
  const location = createLocation(config.dns, monotonic);
  const heart = createHeart(config, epoch, bus, roster, certificate, rim, location, events);
  watchBus(meters, bus, roster);
  describeMeters(meters, events, { transactions: heart.inFlight, lag: lag.ms, members: () => memberReadings(heart.members()) });
  const ears = listen(config.id, bus, heart, events);
  const stopRoster = roster.onChange(heart.rosterChanged);
  roster.setLoad(heart.inFlight);
  const stopTimers = keepTime(heart, certificate, config.reload, events);
  const stopLag = followLoopLag(lag, monotonic);
  const ready = () => readiness(bus, certificate, revocations.table() !== undefined, signal.aborted);
  const stopReport = startInstanceReport(
    bus,
    self,
    {
      ready,
      inFlight: heart.inFlight,
      lag: lag.ms,
      figures: () => ({ told: heart.told() }),
      members: () => memberStates(heart.members()),
    },
    timeOfDay,
  );
  const shut = async (): Promise<void> => {
    stopTimers();
    stopLag();
    stopReport();
    for (const stop of Object.values(ears)) stop();
    stopRoster();
    roster.close();
    heart.close();
    revocations.close();
    teller.close();
    location.close();
    await tracing.close();
    await meters.close();
    await bus.close();
  };
  const admin = await startAdminServer(config.admin, {
    ready,
    metrics: meters.prometheus,
  }).catch(async (error: unknown) => {
    await shut();
    throw error;
  });
  heart.rosterChanged('ingress');
  events.certificateServed(certificate.fingerprint(), new Date(certificate.validTo()).toISOString());

  const closed = aborted(signal)
    .then(async () => {
      roster.drain();
      events.draining(heart.unanswered());
      const began = monotonic();
      const until = began + config.drain;
      const called = began + Math.min(config.drain * lastCall.share, lastCall.most);
      await drained(heart, until, called);
      heart.refuseNew();
      // From here on whoever still sends is told at once that nobody is here; what had been on its way is finished.
      await ears.forwards.inOrder();
      await drained(heart, until);
      events.drained(heart.unanswered());
      await shut();
      await admin.close();
    })
    .catch((error: unknown) => events.shutFailed(error));

  return {
    service: 'relay',
    id: config.id,
    addresses: { admin: admin.address },
    closed,
    waitingFor: () => {
      const count = heart.unanswered();
      return count === 0 ? '' : `${count} transactions`;
    },
  } satisfies Running;
};

/** Subscribes to all that a relay is told. Returns how to stop each. */
function listen(id: string, bus: Bus, heart: Heart, events: Events) {
  return {
    forwards: bus.subscribeAlone(subjects.relay(id), heart.forwards),
    arrived: bus.subscribeAlone(subjects.arrived('relay', id), heart.arrived),
    depart: bus.subscribeAlone(subjects.depart('relay', id), heart.depart),
    present: bus.subscribe(subjects.present, heart.present),
    changed: bus.subscribe(subjects.changed, (payload) => {
      try {
        const { members, all } = Changed.decode(payload);
        heart.changed(all ? 'all' : members);
      } catch {
        events.wireBatchesBad += 1;
      }
    }),
    connected: bus.onConnected(heart.busIs),
  };
}

function keepTime(heart: Heart, certificate: OwnCertificate, reload: number, events: Events): () => void {
  const timers = [
    setInterval(heart.advance, intervals.tick),
    setInterval(heart.tend, intervals.tend),
    setInterval(() => {
      try {
        if (certificate.reload()) events.certificateServed(certificate.fingerprint(), new Date(certificate.validTo()).toISOString());
      } catch (error) {
        events.certificateBroken(error);
      }
    }, reload),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

function readiness(
  bus: Bus,
  certificate: OwnCertificate,
  revocationsKnown: boolean,
  draining: boolean,
): { ok: boolean; reasons: readonly string[] } {
  const reasons: string[] = [];
  if (draining) reasons.push('draining');
  if (!bus.connected()) reasons.push('NATS is not connected');
  if (!revocationsKnown) reasons.push('the revocation lists were not read yet');
  if (certificate.validTo() < wall().getTime()) reasons.push('the hub’s certificate has expired');
  return { ok: reasons.length === 0, reasons };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Resolves once nothing has wanted an answer for a moment, or at `until` (monotonic ms); from `called` on nothing new is taken from links. */
async function drained(heart: Heart, until: number, called = until): Promise<void> {
  let quietSince = monotonic();
  while (monotonic() < until) {
    if (monotonic() >= called) heart.refuseNew();
    if (heart.unanswered() > 0) quietSince = monotonic();
    else if (monotonic() - quietSince >= drainLinger) return;
    await new Promise((resolve) => setTimeout(resolve, drainPoll));
  }
}
