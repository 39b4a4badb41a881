import type { Bus } from '@guildhall/chassis/bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { RevocationFeed } from '@guildhall/chassis/revocation-feed';
import type { Roster } from '@guildhall/chassis/roster';
import { createTurn } from '@guildhall/chassis/turn';
import type { Told } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { subjects } from '@guildhall/proto/subjects';
import { createAnswers } from './answers.js';
import type { RelayConfig } from './config.js';
import type { DialledLink, LinkListener } from './dialled-link.js';
import { createDoors } from './doors.js';
import { createEnds } from './ends.js';
import type { Events, LinkName } from './events.js';
import { createForsakenCalls } from './forsaken-calls.js';
import { createForwards } from './forwards.js';
import { createHopByHop } from './hop-by-hop.js';
import { createLocatedDoors } from './located-doors.js';
import type { Location } from './location.js';
import type { Member, MemberProxy } from './member.js';
import { createMembers } from './members.js';
import { onceKnown } from './once-known.js';
import { createOutcomes } from './outcomes.js';
import type { OwnCertificate } from './own-certificate.js';
import { createPresenceTable } from './presence.js';
import { createProber } from './probe.js';
import { hereOf } from './rewrite.js';
import { createSending } from './sending.js';
import type { Traces } from './traced-end.js';
import { createTransactions } from './transactions.js';
import type { Distrusted } from './turning-away.js';
import { createWays } from './ways.js';
import { createWireSender } from './wire-batch.js';
import { createWires } from './wires.js';

/** A relay without its timers, subscriptions and process: what it does with what comes in. */
export interface Heart {
  /** Payloads of the subjects a relay listens to. */
  forwards(payload: Uint8Array): void;
  arrived(payload: Uint8Array): void;
  depart(payload: Uint8Array): void;
  present(payload: Uint8Array): void;
  changed(ids: readonly string[] | 'all'): void;
  /** Something else is revoked: whoever is at the other end of a link is judged again. */
  review(): void;
  /** The roster of this service changed. */
  rosterChanged(service: string): void;
  busIs(up: boolean): void;
  /** Due times; to be called every `tick` ms. */
  advance(): void;
  /** Links and members; to be called every `tend` ms. */
  tend(): void;
  /** Transactions that still want an answer, and requests that came in on links and do. */
  unanswered(): number;
  /** Nothing new is taken from links any more. */
  refuseNew(): void;
  inFlight(): number;
  members(): Iterable<Member>;
  /** How many transactions' ends each incarnation of an ingress was told. */
  told(): Told[];
  /** Closes all links in order. */
  close(): void;
}

/** Where time and chance come from: monotonic ms, wall ms, 0 <= random < 1. */
export interface Rim {
  readonly clock: () => number;
  readonly wall: () => number;
  readonly random: () => number;
  /** ms by which the event loop runs late. */
  readonly lag: () => number;
  /** What is revoked. */
  readonly revocations: Pick<RevocationFeed, 'table' | 'known'>;
  /** Told of a proxy that did not prove who it is. */
  readonly turnedAway: (link: LinkName, distrusted: Distrusted) => void;
  readonly traces: Traces;
}

/** Intervals in ms: due times are looked at every `tick`, links every `tend`. */
export const intervals = { tick: 50, tend: 250 } as const;

/** The relay waits so much longer than ingress, whose answer at the deadline counts, ms. */
const margin = 1000;

/** Ingresses announce their members on a new relay's first hello: after this a young relay knows who is connected, ms. */
const presenceTime = 1500;

/** How often what was told long ago is forgotten, ms. */
const ageTime = 1000;

/** Due times: 1024 slots of 50 ms are just over the usual wait; what is further away costs a look per revolution. */
const wheel = { slotMs: intervals.tick, slots: 1024 } as const;

/** More headers than ingress lets in, so that what it let in always fits. */
const bound = { headers: 256, headerLineBytes: 65_536, startLineBytes: 65_536 } as const;

/** Puts the parts of a relay together. What makes them move, timers and subscriptions, is the caller's. */
export function createHeart(
  config: RelayConfig,
  epoch: string,
  bus: Bus,
  roster: Roster,
  certificate: OwnCertificate,
  rim: Rim,
  location: Pick<Location, 'targets' | 'mayDial'>,
  events: Events,
): Heart {
  const turn = createTurn();
  const here = hereOf(config.via, config.hub.domain);
  const limits: SipLimits = { ...bound, messageBytes: config.limits.message };
  const self = { id: config.id, epoch };

  const transactions = createTransactions({ most: config.limits.transactions, ...wheel }, (transaction, now) =>
    sending.due(transaction, now),
  );
  const kept = { relay: config.id, parkedBytes: config.limits.outcomeBytes, toldTime: config.timeouts.told, lag: rim.lag };
  const outcomes = createOutcomes(bus, turn, kept, rim.clock, events);
  const hopByHop = createHopByHop(here, limits, events);
  const ends = createEnds(rim.clock, rim.traces);
  const sending = createSending(transactions, hopByHop, ends, { here, limits, attempt: config.timeouts.attempt, turn }, rim, events);
  const answers = createAnswers(transactions, sending, hopByHop, ends, { margin, limits }, rim.clock, events);

  const instanceOf = (ingress: string) => roster.every('ingress').find(({ id }) => id === ingress);
  const presence = createPresenceTable({ members: config.limits.members, ingresses: 256 }, (id, lives) => instanceOf(id)?.epoch === lives);

  /** Ingresses that did not hear what they were given to write. */
  const unheard = new Set<string>();
  const leaving = createWireSender(bus, turn, self, (ingress) => subjects.depart('ingress', ingress), {
    lost: (ingress) => unheard.add(ingress),
    clock: rim.clock,
  });
  const wires = createWires({
    bus,
    turn,
    self,
    ingresses: () => roster.freshIds('ingress'),
    instanceOf,
    linkOf: (id) => ways.linkOf(id),
    limits,
    room: { count: config.limits.reuse, bytes: config.limits.reuseBytes },
    clock: rim.clock,
    events,
  });

  const listenerOf = (proxy: MemberProxy): LinkListener => ({
    flush: () => sending.flush(proxy),
    fail: () => sending.fail(proxy),
    requeue: (link) => sending.requeue(link, proxy),
    orphan: (link) => sending.orphan(link, proxy),
    closing: wires.leave,
    response: (m, link) => answers.response(m, link.member, link),
    brokenResponse: (m, link, error) => answers.broken(m, link.member, link, error),
    request: (m, link, source) => wires.request(m, link, source),
  });

  let links = 0;
  const dialled = new Map<string, DialledLink>();
  const linkTools = {
    timing: { ...config.timeouts },
    limits,
    linkBytes: config.limits.linkBytes,
    linkUnasked: config.limits.linkUnasked,
    prober: createProber(here, epoch),
    turn,
    events,
    dialled,
    clock: rim.clock,
    wall: rim.wall,
    random: rim.random,
    revocations: rim.revocations.table,
    turnedAway: rim.turnedAway,
    newId: () => {
      links += 1;
      return `${epoch}-${links.toString(36)}`;
    },
  };
  const ways = createWays({
    links: linkTools,
    linksPerProxy: config.limits.linksPerProxy,
    certificate,
    presence,
    stays: (ingress) => roster.freshIds('ingress').includes(ingress),
    sender: leaving,
    listenerOf,
    orphan: (link) => sending.orphan(link),
  });

  const doorTimes = { most: config.limits.members, fresh: config.timeouts.doorFresh, timeout: config.timeouts.door };
  const doors = createLocatedDoors(createDoors(onceKnown(bus, rim.revocations), doorTimes), {
    targets: location.targets,
    mayDial: location.mayDial,
    located: (member, domain, targets, refused) => events.memberLocated(member, domain, targets, refused),
    failed: (member, domain, error) => events.lookupFailed(member, domain, error),
  });
  const members = createMembers(
    doors,
    sending,
    ways.proxiesOf,
    {
      self: config.id,
      most: config.limits.members,
      budget: { count: config.limits.queue, bytes: config.limits.queueBytes },
      idle: config.timeouts.idle,
      handover: config.timeouts.handover,
      doorFresh: config.timeouts.doorFresh,
      presenceKnownAt: rim.clock() + presenceTime,
      owes: wires.owes,
    },
    rim.clock,
    events,
  );
  const bounds = { limits, margin, perMember: config.limits.transactionsPerMember };
  const forwards = createForwards(transactions, members, sending, outcomes, bounds, rim.clock, events);
  const forsaken = createForsakenCalls(transactions, sending.cancel);
  let ageAt = 0;
  let ingresses: ReadonlySet<string> = new Set();
  /** How often each ingress had come back to NATS. */
  let returns: ReadonlyMap<string, number> = new Map();

  return {
    forwards,
    arrived: (payload) => wires.arrived(payload, answers),
    depart: (payload) => wires.depart(payload),
    present(payload) {
      const change = presence.take(payload);
      if (change === undefined) {
        events.wireBatchesBad += 1;
      } else {
        members.present(change.touched);
        members.renewed(change.renewed, change.ingress);
      }
    },
    changed: (ids) => members.changed(ids),
    review() {
      for (const link of [...dialled.values()]) link.review();
    },
    rosterChanged(service) {
      if (service !== 'ingress') return;
      const now = new Set(roster.every('ingress').map(({ id }) => id));
      for (const id of new Set([...ingresses, ...now])) members.present(presence.heldBy(id));
      for (const id of ingresses) if (!now.has(id)) outcomes.left(id);
      presence.prune(new Set([...ingresses, ...now]));
      ingresses = now;
      forsaken.rosterChanged(roster.every('ingress'), rim.clock());
      const before = returns;
      returns = new Map(roster.every('ingress').map((one) => [`${one.id} ${one.epoch}`, one.returns]));
      const back = new Set<string>();
      for (const one of roster.every('ingress')) {
        const times = before.get(`${one.id} ${one.epoch}`);
        if (times === undefined) outcomes.returned(one.id);
        else if (times !== one.returns) back.add(one.id);
      }
      for (const id of back) outcomes.again(id);
      if (back.size > 0) members.repeat(back);
    },
    busIs(up) {
      wires.busIs(up, rim.clock());
      if (!up) {
        outcomes.hold();
        return;
      }
      outcomes.resume();
      members.repeat('all');
      // A change of the membership may have gone by unheard.
      members.changed('all');
    },
    advance: () => transactions.advance(rim.clock()),
    tend() {
      const now = rim.clock();
      if (now >= ageAt) {
        ageAt = now + ageTime;
        outcomes.age(now);
      }
      // Who is gone is off the roster soon; until then it may have been a moment's trouble.
      if (unheard.size > 0) members.repeat(new Set(unheard));
      unheard.clear();
      wires.tend(now);
      forsaken.tend(now);
      const relays = roster.freshIds('relay');
      members.tend(now, (member) => ownerOf(member, relays));
    },
    unanswered() {
      let count = wires.waiting();
      transactions.each((transaction) => {
        if (!transaction.told) count += 1;
      });
      return count;
    },
    inFlight: () => transactions.size(),
    members: members.all,
    told: outcomes.counts,
    refuseNew: wires.refuseNew,
    close() {
      // Of what another relay takes over, under the same branch, nothing is said any more.
      if (roster.freshIds('relay').length > 0) outcomes.hold();
      members.close();
    },
  };
}
