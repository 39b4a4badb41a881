import { startAdminServer } from '@guildhall/chassis/admin-server';
import { tracingInterceptor } from '@guildhall/chassis/api/grpc-tracing';
import { createHealth } from '@guildhall/chassis/api/health';
import { connectBus } from '@guildhall/chassis/bus';
import { watchBus } from '@guildhall/chassis/bus-meters';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { newEpoch } from '@guildhall/chassis/epoch';
import { Fault } from '@guildhall/chassis/fault';
import { watchFiles } from '@guildhall/chassis/file-watch';
import { startInstanceReport } from '@guildhall/chassis/instance-report';
import { KeyValueError } from '@guildhall/chassis/key-value';
import { createLogger } from '@guildhall/chassis/log';
import { createMeters } from '@guildhall/chassis/meters';
import { loadTelemetry } from '@guildhall/chassis/otlp-door';
import { createRoster } from '@guildhall/chassis/roster';
import type { Running } from '@guildhall/chassis/running';
import { createTracing } from '@guildhall/chassis/tracing';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { buckets, subjects } from '@guildhall/proto/subjects';
import { accessHandlers } from './api/access-handlers.js';
import { adminHandlers } from './api/admin-handlers.js';
import { apiServiceNames } from './api/api-services.js';
import { openApi } from './api/start-api.js';
import { startEnrolmentDoor } from './authority/enrolment-door.js';
import { keepAuthority } from './authority/start-authority.js';
import { announcer } from './bus/announce.js';
import { createAnswering } from './bus/answering.js';
import { createDecisionTraces } from './bus/decision-traces.js';
import { keepRevocations } from './bus/keep-revocations.js';
import { keepTokenKeys } from './bus/keep-token-keys.js';
import { keepTurnedAway, listTurnedAway } from './bus/turned-away.js';
import { createClosing } from './closing.js';
import type { PolicyConfig } from './config.js';
import type { Decision } from './decision/hearing.js';
import { keepDiscovery } from './discovery/keep-discovery.js';
import { keepWatched, listPartners } from './discovery/watched.js';
import { createEvents } from './events.js';
import { keepMarks } from './marks/keep-marks.js';
import { markHandlers } from './marks/mark-handlers.js';
import { openMembership } from './membership/start-membership.js';
import { policyFacts } from './policy-facts.js';
import { type Held, readiness } from './readiness.js';
import { keepRecords } from './records/keep-records.js';

/** Revisions kept of an entry of the membership: who changed it, when and why. */
const membershipHistory = 64;
/** How long gRPC calls under way may still take when the drain begins: they are answered from memory. */
const lastCallsMs = 1000;

/**
 * Starts policy in this process: connects, opens its ports, brings the community file into the bucket if it has changed,
 * follows the bucket and answers. Resolves once it serves, which with an empty bucket is before it can answer (/readyz says
 * so). Throws a Fault on a bad start and then leaves nothing open.
 */
export async function start(config: PolicyConfig, signal: AbortSignal): Promise<Running> {
  const log = createLogger('policy', config.id, config.log);
  const telemetry = loadTelemetry(config.telemetry);
  const meters = createMeters('policy', config.id);
  const tracing = createTracing({ service: 'policy', id: config.id, telemetry, log, meters });
  const held: Held = { draining: false };
  const sources = {
    membership: () => held.store?.current(),
    entries: () => held.store?.entries(),
    tokenKeys: () => held.keys?.keys() ?? [],
    wall: () => wall().getTime(),
    meet: (ask: Ask, decision: Decision) => held.discovery?.meet(ask, decision),
    traces: createDecisionTraces(tracing, monotonic),
  };
  const events = createEvents(log, meters, {
    ...sources,
    unusable: () => held.store?.unusable() ?? 0,
    staleLists: () => held.revocations?.stale().length ?? 0,
  });
  const closing = createClosing((thrown) => events.failed('closing', thrown));
  closing.add(() => meters.close());
  closing.add(() => tracing.close());

  try {
    const bus = await connectBus(config.nats, `policy ${config.id}`, log, subjects.inbox('policy'));
    closing.add(() => bus.close());
    const ready = readiness(bus, held);
    const revocations = keepRevocations(bus, events, sources.wall);
    closing.add(revocations.stop);
    held.revocations = revocations;
    const turnedAway = keepTurnedAway(bus, config.turnedAway, events);
    closing.add(turnedAway.stop);

    const pages = await startAdminServer(config.admin, { ready, metrics: () => meters.prometheus() });
    closing.add(() => pages.close());
    const health = createHealth(apiServiceNames, config.grpc.streams);

    const answering = createAnswering(bus, sources, events);
    closing.add(() => {
      answering.set(false);
      return answering.finished();
    });
    const refresh = (): void => {
      const inForce = held.store?.current();
      if (inForce !== undefined) revocations.follow(inForce);
      held.api?.refresh();
      answering.set(!held.draining && held.store?.current() !== undefined);
      health.set(ready().ok);
    };
    closing.add(bus.onConnected(refresh));

    const announce = announcer(bus);
    const rotation = { everyMs: config.tokens.rotate, keep: config.tokens.keep };
    const secrets = await bus.keyValue(buckets.tokenKeys, { history: 1 });
    held.keys = await keepTokenKeys(secrets, rotation, events, () => {
      announce(held.store?.current()?.version ?? 0n, new Set(), false);
      refresh();
    });
    closing.add(() => held.keys?.stop());

    const bucket = await bus.keyValue(buckets.membership, { history: membershipHistory });
    const kept = await openMembership(config, { bucket, events, announce, wall, refresh });
    held.store = kept.store;
    closing.add(kept.stop);
    const watched = keepWatched(bus, monotonic);
    closing.add(watched.stop);

    const marks = await keepMarks(await bus.keyValue(buckets.marks, { history: 1 }), { bus, ...sources, failed: events.failed });
    closing.add(marks.stop);

    const api = await openApi(config, {
      bus,
      log,
      meters,
      closing,
      wall,
      membership: sources.membership,
      revoked: revocations.current,
      failed: events.failed,
      interceptors: [tracingInterceptor(tracing, monotonic)],
    });
    held.api = api;
    const meeting = { bus, bucket, store: kept.store, audit: api.audit, listener: events, wall, clock: monotonic };
    const discovery = keepDiscovery(config.dns, meeting);
    held.discovery = discovery;
    closing.add(discovery.stop);
    const authority = await keepAuthority(config, {
      ...sources,
      bus,
      bucket,
      log,
      meters,
      tokens: api.tokens,
      hubCertificates: () => [...api.certificates(), ...(held.door?.certificates() ?? [])],
    });
    closing.add(() => authority.close());
    const handlers = api.guarded({
      AdminService: adminHandlers({
        ...sources,
        history: kept.history,
        listTurnedAway: listTurnedAway(turnedAway),
        listPartners: listPartners(watched, () => kept.store.snapshot().stored.values()),
        marks: markHandlers(marks, sources),
      }),
      MembershipService: kept.handlers,
      AuthorityService: authority.handlers,
      AccessService: accessHandlers({ ...sources, tokens: api.tokens, audit: api.audit }),
    });
    const grpc = await api.open(handlers, health);
    closing.add(() => grpc.close(Math.min(config.drain, lastCallsMs)));
    if (config.enrolment !== undefined) {
      const door = await startEnrolmentDoor(config.enrolment, {
        handlers: handlers.AuthorityService,
        certificates: authority.certificates,
        anchors: () => held.store?.current()?.community.anchors ?? [],
        events: authority.events,
        wall: sources.wall,
      });
      held.door = door;
      closing.add(() => door.close());
      const { cert, key } = config.enrolment.certificate;
      if (config.reload > 0) closing.add(watchFiles(() => [cert, key], config.reload, door.reload));
    }

    const self = { service: 'policy', id: config.id, epoch: newEpoch() };
    const roster = createRoster(bus, self, {}, monotonic);
    held.roster = roster;
    closing.add(
      roster.onChange((service) => {
        if (service === 'ingress') marks.say();
      }),
    );
    watchBus(meters, bus, roster);
    closing.add(() => roster.close());
    closing.add(startInstanceReport(bus, self, policyFacts(config.id, held, ready), sources.wall));
    // Last: what it reserves for its streams must not keep the hub's own buckets from being made.
    closing.add(keepRecords(bus, secrets, config.records, events));
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
    return {
      service: 'policy',
      id: config.id,
      addresses: { admin: pages.address, grpc: grpc.address, ...(held.door === undefined ? {} : { enrolment: held.door.address }) },
      closed,
    };
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
