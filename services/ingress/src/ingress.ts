import type { X509Certificate } from 'node:crypto';
import { createLoopLag, followLoopLag } from '@guildhall/chassis/loop-lag';
import { createTurnedAwayTeller } from '@guildhall/chassis/turned-away';
import { createArrivals } from './arrivals.js';
import { createAuthorities } from './authorities.js';
import { hearLinks, listenToBus } from './bus-listening.js';
import { createBusPatience, refuseSince } from './bus-patience.js';
import { createBusWires } from './bus-wires.js';
import type { Connection } from './connection.js';
import { createConnectionProbe, probedName } from './connection-probe.js';
import { createConnections } from './connections.js';
import { type HubNames, hubNames } from './hub.js';
import type { Ingress, IngressParts } from './ingress-parts.js';
import { createIntroductions } from './introductions.js';
import { createListeners } from './listeners.js';
import { diallingMembers } from './member-events.js';
import { createMembers } from './members.js';
import { createMessagePath } from './message-path.js';
import { createKeyKeeper, createPolicyQuestions } from './policy-questions.js';
import { createPresence } from './presence.js';
import { type ReadinessFacts, readiness } from './readiness.js';
import { createRecords } from './records.js';
import { refuseBroken } from './refusing.js';
import { createRelayWires } from './relay-wires.js';
import { watchRevocations } from './revocations.js';
import { createShedding } from './shedding.js';
import { openTap } from './tap/open-tap.js';
import { createTokenKeyRing } from './token-keys.js';
import { ownerOfDomain } from './trust.js';
import { createTrustFeed } from './trust-feed.js';
import { turningAway } from './turning-away.js';
import { createWatchList } from './watch-list.js';
import type { Wire } from './wire.js';

/** ms between looks at: time-outs, connections and refusals, presence, rules on trial. */
const every = { tick: 100, share: 25, tend: 1_000, presence: 10_000, shadows: 60_000 };

/** Puts an ingress together and lets it listen to the bus; `listen` opens it to members. Throws a Fault for a certificate that cannot be used. */
export function createIngress({ config, epoch, bus, roster, counts, events, rim, traces, keeping }: IngressParts): Ingress {
  const { limits, timeouts } = config;
  const { clock, wall, random } = rim;
  const members = createMembers(limits.requestsPerSecond, (id) => trust.table()?.members.get(id)?.bounds);
  const watchList = createWatchList(members, { id: config.id, bus, roster, noted: events.watched });
  const keys = createTokenKeyRing();
  const policy = createPolicyQuestions(bus, timeouts.ask, timeouts.bus, clock);
  const keeper = createKeyKeeper(keys, policy.tokenKeys, events);
  const authorities = createAuthorities();
  let anchors: readonly X509Certificate[] = [];
  let names: HubNames = hubNames(config.hub.domain, []);
  let stage: 'serves' | 'drains' | 'refuses' = 'serves';
  let record: (ms: number) => void = () => undefined;

  const trust = createTrustFeed({
    request: policy.trust,
    readAnchors: authorities.read,
    pause: (failures) => new Promise((resolve) => setTimeout(resolve, Math.min(5_000, 100 * 2 ** Math.min(failures, 6))).unref()),
    learned(table, touched) {
      anchors = authorities.of(table, anchors);
      events.trustLearned(table.version, table.members.size);
      listeners.trust(table.anchorPems);
      connections.review(touched === undefined ? undefined : new Set(touched));
      members.prune((id) => table.members.has(id));
      watchList.review(table);
      if (touched === undefined) presence.announce();
      else for (const member of touched) presence.touch(member);
    },
    failed: events.trustFailed,
    brokenAnchors: events.brokenAnchors,
  });

  const revocations = watchRevocations(bus, timeouts, events, () => connections.review(undefined));
  const teller = createTurnedAwayTeller(bus, 'ingress', config.id);
  const ownerOf = (domain: string): string | undefined => {
    const table = trust.table();
    return table === undefined ? undefined : ownerOfDomain(table, domain);
  };
  const tap = openTap({ config, epoch, bus, ownerOf, captureFailed: events.captureFailed, clock, wall });
  const records = createRecords({ epoch, add: keeping?.add, traces: traces.on ? traces : undefined, tap });
  const turnAway = turningAway(events.turnedAway, teller, trust.table, wall, (reason, source, detail, member) =>
    records.handshake(reason, source, detail, member, clock()),
  );

  const loop = createLoopLag(clock());
  const shedding = createShedding({ settings: config.overload, members, counts, lag: loop.ms, startedAt: wall() - clock() });
  const patience = createBusPatience(bus, timeouts.bus, clock, (since) => refuseSince(path, since, clock()));
  const path = createMessagePath({
    config,
    epoch,
    bus,
    roster,
    counts,
    keys,
    policy,
    names: () => names,
    trust: trust.table,
    closed: () => (stage === 'refuses' ? 'hub-draining' : patience.takes() ? '' : 'hub-unavailable'),
    shedding,
    answered: (ms) => record(ms),
    traces,
    records,
    clock,
    random,
  });
  const { turn, transactions, requests, relays, batches, verdicts, answers } = path;
  const request: typeof requests.take = (message, wire) => {
    if (tap.on) tap.came(message, wire);
    requests.take(message, wire);
  };
  const relayWires = createRelayWires(batches, limits.relayWires, tap.follow);
  const busWires = createBusWires({
    limits,
    members,
    relays,
    relayWires,
    batches,
    answers,
    counts,
    records,
    clock,
    isMember: (id) => trust.table()?.members.has(id),
    refuses: () => stage === 'refuses',
    request,
  });
  const dialsOnly = (id: string): boolean => trust.table()?.members.get(id)?.dialsOnly === true;
  const presence = createPresence({
    id: config.id,
    epoch,
    turn,
    publish: (subject, payload) => bus.publish(subject, payload),
    present: (id) => dialsOnly(id) && members.find(id)?.wires.some((wire) => wire.open && !broken.has(wire)) === true,
    connected: () => [...members.all()].map((member) => member.id),
  });
  /** Connections of which nothing more is understood, though what they wait for is still written to them. */
  const broken = new WeakSet<Wire>();
  const lost = (connection: Connection): void => {
    if (busWires.wroteTo(connection)) presence.lost(connection.member.id);
    else presence.touch(connection.member.id);
  };

  const connections = createConnections({
    members,
    limits,
    trust: trust.table,
    anchors: () => anchors,
    revocations: revocations.table,
    introduce: createIntroductions(trust.table, bus, clock),
    wall,
    connection: {
      turn,
      sipLimits: limits,
      outboxBytes: limits.outboxBytes,
      outboxBytesMax: limits.outboxBytesMax,
      memberBytes: limits.memberBytes,
      memberBytesMax: limits.memberBytesMax,
      messageTime: timeouts.message,
      // A member that cannot be dialled would be out of reach without its connection.
      idleTime: (id) => (dialsOnly(id) ? 0 : timeouts.idle),
      // Who takes nothing is as dead to those who want to reach it as who says nothing.
      readTime: (id) => (dialsOnly(id) ? Math.min(timeouts.message, timeouts.dead) : timeouts.message),
      onlyWay: dialsOnly,
      probe: (name) =>
        createConnectionProbe({ id: `${epoch}${name.id}`, domain: config.hub.domain, peer: () => probedName(name) }, timeouts),
      clock,
      worked: shedding.worked,
      request,
      response(message, wire) {
        if (tap.on) tap.came(message, wire);
        shedding.answered(wire.member);
        busWires.response(message, wire);
      },
      refused(error, message, wire) {
        if (tap.on) tap.came(message, wire);
        if (message.status !== 0) busWires.broken(message, wire, error);
        return refuseBroken({ answers, counts, records, clock }, error, message, wire);
      },
      broken(connection, reason, detail) {
        events.broken(connection, reason, detail);
        broken.add(connection);
        lost(connection);
      },
      unexpected: (error) => events.unexpected('a message', error),
      closed(connection: Connection) {
        connections.closed(connection);
        events.disconnected(connection);
        lost(connection);
      },
    },
    opened(connection, peer) {
      tap.follow(connection);
      events.connected(connection, peer);
      presence.touch(connection.member.id);
    },
    turnedAway: turnAway,
  });
  const times = { hello: timeouts.handshake, turn: timeouts.handshakeWait };
  const arrivals = createArrivals(limits, times, { clock, lag: loop.ms });
  const listeners = createListeners(config, arrivals, connections, turnAway, events);

  const refresh = (): void => {
    trust.want(undefined, 0n);
    void keeper.refresh();
  };
  const stops = [
    followLoopLag(loop, clock),
    patience.close,
    ...listenToBus({ id: config.id, epoch, bus, roster, path, counts, events, clock }, busWires, {
      changed: trust.want,
      returned() {
        refresh();
        presence.announce();
      },
      relaysChanged(alive) {
        relayWires.prune((relay) => alive.has(relay));
        presence.announce();
      },
    }),
  ];
  const timers = [
    setInterval(path.advance, every.tick),
    setInterval(() => shedding.tick(clock()), every.share),
    setInterval(() => {
      connections.tend(clock());
      watchList.tend(clock());
      events.refused(counts.refusals.take());
      if (keys.newest() === '' || keys.wantsMore()) void keeper.refresh();
    }, every.tend),
    setInterval(refresh, timeouts.trustRefresh),
    setInterval(listeners.reload, config.reload),
    setInterval(presence.announce, every.presence),
    setInterval(() => events.shadowed(counts.rules.takeShadows()), every.shadows),
  ];
  refresh();

  const known: ReadinessFacts = {
    id: config.id,
    draining: () => stage !== 'serves',
    busUp: bus.connected,
    trustKnown: () => trust.table() !== undefined,
    revocationsKnown: () => revocations.table() !== undefined,
    keysKnown: () => keys.newest() !== '',
    relayThere: relays.any,
    contested: roster.contested,
    differing: listeners.differing,
    expired: () => listeners.expired(wall()),
  };

  return {
    gauges: {
      inFlight: transactions.inFlight,
      transactions: transactions.size,
      waiting: requests.waiting,
      arrivals,
      dialling: () => diallingMembers(trust.table(), members),
      verdicts: verdicts.counts,
      verdictsKept: verdicts.size,
      members: members.all,
      shedding: shedding.gauges,
      certificates: listeners.certificates,
      tap: tap.figures,
    },
    async listen() {
      const bound = await listeners.open();
      names = hubNames(config.hub.domain, bound);
      stops.push(hearLinks(bus, config.id, busWires));
      return Object.fromEntries(bound.map((one) => [`listener:${one.config.name}`, one.address]));
    },
    ready: () => readiness(known),
    waitingFor() {
      const left = [`${transactions.inFlight()} requests`, `${connections.size()} connections`].filter((text) => !text.startsWith('0 '));
      return left.join(', ');
    },
    onAnswered(tell) {
      record = tell;
    },
    drain() {
      stage = 'drains';
      roster.drain();
      listeners.close();
      events.draining(transactions.inFlight(), connections.size());
    },
    finishIdle(refuse) {
      if (refuse) stage = 'refuses';
      for (const one of connections.all()) if (one.inFlight === 0 && !busWires.isAsked(one)) one.finish();
      return transactions.inFlight() === 0 && connections.size() === 0;
    },
    close() {
      for (const timer of timers) clearInterval(timer);
      for (const stop of stops) stop();
      tap.close();
      trust.close();
      revocations.close();
      teller.close();
      listeners.close();
      arrivals.close();
      connections.close();
      events.refused(counts.refusals.take());
      events.drained(transactions.inFlight());
    },
  };
}
