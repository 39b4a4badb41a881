import type { Logger } from '@guildhall/chassis/log';
import { createMemberSeries } from '@guildhall/chassis/member-series';
import type { Meters } from '@guildhall/chassis/meters';
import { oncePer } from '@guildhall/chassis/once-per';
import type { CloseReason, ReasonCode } from '@guildhall/proto/reason';
import type { LinkFault } from './link.js';
import type { MemberReading } from './member-readings.js';

/** What happened in this relay: the hot path adds to plain fields, instruments read them, and rare facts are logged here and nowhere else. */
export interface Events {
  /** Forwards taken, by kind; those whose branch was held already; batches that broke the contract. */
  requests: number;
  acks: number;
  cancels: number;
  duplicates: number;
  forwardBatchesBad: number;
  /** Entries of a kind that only a newer version knows. */
  forwardsUnknown: number;
  wireBatchesBad: number;
  /** Outcomes with bytes. */
  finals: number;
  provisionals: number;
  outcomeBatchesDropped: number;
  /** Responses that matched nothing here, or came from a member they were not asked of (RFC 6026: dropped). */
  strays: number;
  /** Responses that could not be understood. */
  badAnswers: number;
  /** Transactions that ended because their sender gives up. */
  deadlines: number;
  /** Tries at a further proxy, and writes of the same branch after a redial. */
  failovers: number;
  resends: number;
  /** 503s of members, kept from their senders. */
  overloads: number;
  /** Hop-by-hop requests of our own. */
  acksSent: number;
  cancelsSent: number;
  probes: number;
  /** Requests that came in on links we dialled, and messages written for other processes. */
  arrivals: number;
  departures: number;
  departuresLost: number;
  /** Looks into DNS for a member's proxies, by how they ended. */
  located: number;
  unlocated: number;
  lookupsFailed: number;

  countGone(code: ReasonCode): void;
  outcomeBatchLost(ingress: string, error: unknown): void;
  linkUp(link: LinkName): void;
  linkRefused(link: LinkName, fault: LinkFault, why: string, failures: number): void;
  linkLost(link: LinkName, why: string): void;
  linkBroken(link: LinkName, why: string): void;
  linkFailed(link: LinkName, error: unknown): void;
  doorFailed(member: string, error: unknown): void;
  /** DNS named so many addresses under the domain; `refused` more are not public and it is a stranger's. */
  memberLocated(member: string, domain: string, targets: number, refused: number): void;
  lookupFailed(member: string, domain: string, error: unknown): void;
  memberLeft(member: string, owner: string | undefined): void;
  /** So many requests of links were answered in place of an ingress that is gone, or that NATS keeps away. */
  entrustedLost(ingress: string, requests: number): void;
  draining(transactions: number): void;
  drained(transactions: number): void;
  certificateServed(fingerprint: string, expires: string): void;
  certificateBroken(error: unknown): void;
  revocationsLearned(version: bigint, serials: number): void;
  revocationsFailed(error: unknown, failures: number): void;
  /** A proxy was not believed, or is not any more. */
  countUntrusted(reason: CloseReason): void;
  shutFailed(error: unknown): void;
}

/** A link as the log names it. */
export interface LinkName {
  readonly member: string;
  readonly address: string;
}

/** What instruments read besides the counters. */
export interface Gauges {
  transactions(): number;
  /** ms. */
  lag(): number;
  /** Every member this relay holds. */
  members(): Iterable<MemberReading>;
}

/** Counters from zero. Doors and look-ups that fail are logged once a second at most, with how many; `clock` is monotonic ms. */
export function createEvents(
  log: Logger,
  clock: () => number,
): Events & {
  readonly gone: ReadonlyMap<ReasonCode, number>;
  readonly refusals: ReadonlyMap<LinkFault, number>;
  readonly untrusted: ReadonlyMap<CloseReason, number>;
} {
  const gone = new Map<ReasonCode, number>();
  const refusals = new Map<LinkFault, number>();
  const untrusted = new Map<CloseReason, number>();
  const doorGate = oncePer(1000, clock);
  const lookupGate = oncePer(1000, clock);
  return {
    requests: 0,
    acks: 0,
    cancels: 0,
    duplicates: 0,
    forwardBatchesBad: 0,
    forwardsUnknown: 0,
    wireBatchesBad: 0,
    finals: 0,
    provisionals: 0,
    outcomeBatchesDropped: 0,
    strays: 0,
    badAnswers: 0,
    deadlines: 0,
    failovers: 0,
    resends: 0,
    overloads: 0,
    acksSent: 0,
    cancelsSent: 0,
    probes: 0,
    arrivals: 0,
    departures: 0,
    departuresLost: 0,
    located: 0,
    unlocated: 0,
    lookupsFailed: 0,
    gone,
    refusals,
    untrusted,
    countUntrusted: (reason) => {
      untrusted.set(reason, (untrusted.get(reason) ?? 0) + 1);
    },
    countGone: (code) => {
      gone.set(code, (gone.get(code) ?? 0) + 1);
    },
    outcomeBatchLost: (ingress, error) => log.error({ ingress, err: error }, 'a batch of outcomes could not be written'),
    linkUp: (link) => log.info({ ...link }, 'link up'),
    linkRefused: (link, fault, why, failures) => {
      refusals.set(fault, (refusals.get(fault) ?? 0) + 1);
      // The first failure and then every doubling: a proxy that stays away does not fill the log.
      const level = (failures & (failures - 1)) === 0 ? 'warn' : 'debug';
      log[level]({ ...link, fault, why, failures }, fault === 'untrusted' ? 'proxy not trusted' : 'proxy not reached');
    },
    linkLost: (link, why) => log.warn({ ...link, why }, 'link lost'),
    linkBroken: (link, why) => log.warn({ ...link, why }, 'link closed: what came in on it is no SIP'),
    linkFailed: (link, error) => log.error({ ...link, err: error }, 'link closed: an error of our own while reading it'),
    doorFailed: (member, error) => {
      const count = doorGate();
      if (count > 0) log.warn({ member, count, why: error instanceof Error ? error.message : 'unknown' }, 'door not learned');
    },
    memberLocated(member, domain, targets, refused) {
      if (targets > 0) this.located += 1;
      else this.unlocated += 1;
      const count = targets > 0 && refused === 0 ? 0 : lookupGate();
      if (count > 0) log.warn({ member, domain, targets, refused, count }, 'DNS names no proxy of the member that may be dialled');
      else log.debug({ member, domain, targets }, 'proxies found by DNS');
    },
    lookupFailed(member, domain, error) {
      this.lookupsFailed += 1;
      const count = lookupGate();
      if (count > 0) log.warn({ member, domain, count, why: error instanceof Error ? error.message : 'unknown' }, 'DNS did not answer');
    },
    memberLeft: (member, owner) => log.info({ member, owner }, 'member handed over'),
    entrustedLost: (ingress, requests) => log.warn({ ingress, requests }, 'requests of links answered in place of an ingress'),
    draining: (transactions) => log.info({ transactions }, 'finishes what it has'),
    drained: (transactions) => log.info({ givenUp: transactions }, 'drained'),
    revocationsLearned: (version, serials) => log.info({ version: String(version), serials }, 'revocation lists learned'),
    revocationsFailed: (error, failures) => {
      if ((failures & (failures - 1)) === 0)
        log.warn(
          { failures, why: error instanceof Error ? error.message : 'unknown' },
          'the revocation lists cannot be had from policy, the last ones stay',
        );
    },
    certificateBroken: (error) => log.error({ err: error }, 'the new certificate is not usable, the old one stays'),
    shutFailed: (error) => log.error({ err: error }, 'not everything could be closed'),
    certificateServed: (fingerprint, expires) => log.info({ fingerprint, expires }, 'certificate shown to members'),
  };
}

/** The instruments of a relay: each reads plain fields when it is scraped. */
export function describeMeters(meters: Meters, events: ReturnType<typeof createEvents>, gauges: Gauges): void {
  meters.counter('guildhall_relay_forwards', 'Forwards taken from ingresses, by kind.', () => [
    [{ kind: 'request' }, events.requests],
    [{ kind: 'ack' }, events.acks],
    [{ kind: 'cancel' }, events.cancels],
    [{ kind: 'duplicate' }, events.duplicates],
  ]);
  meters.counter('guildhall_relay_outcomes', 'Outcomes handed back to ingresses, by kind.', () => [
    [{ kind: 'final' }, events.finals],
    [{ kind: 'provisional' }, events.provisionals],
  ]);
  meters.counter('guildhall_relay_gone', 'Transactions that ended without a response of the member, by reason.', () =>
    [...events.gone].map(([reason, value]) => [{ reason }, value] as const),
  );
  meters.counter('guildhall_relay_dropped', 'What was dropped, by what it was.', () => [
    [{ what: 'forward-batch' }, events.forwardBatchesBad],
    [{ what: 'unknown-forward' }, events.forwardsUnknown],
    [{ what: 'wire-batch' }, events.wireBatchesBad],
    [{ what: 'outcome-batch' }, events.outcomeBatchesDropped],
    [{ what: 'stray-response' }, events.strays],
    [{ what: 'bad-response' }, events.badAnswers],
    [{ what: 'departure' }, events.departuresLost],
  ]);
  meters.counter('guildhall_relay_tries', 'Further tries of transactions, by why.', () => [
    [{ why: 'failover' }, events.failovers],
    [{ why: 'redial' }, events.resends],
    [{ why: 'overload' }, events.overloads],
    [{ why: 'deadline' }, events.deadlines],
  ]);
  meters.counter('guildhall_relay_own_requests', 'Hop-by-hop requests of the relay’s own, by method.', () => [
    [{ method: 'ACK' }, events.acksSent],
    [{ method: 'CANCEL' }, events.cancelsSent],
    [{ method: 'OPTIONS' }, events.probes],
  ]);
  meters.counter('guildhall_relay_reuse', 'Messages on connections that another process of the hub handles or holds.', () => [
    [{ direction: 'in' }, events.arrivals],
    [{ direction: 'out' }, events.departures],
  ]);
  meters.counter('guildhall_relay_link_refusals', 'Dials that failed, by fault.', () =>
    [...events.refusals].map(([fault, value]) => [{ fault }, value] as const),
  );
  meters.counter('guildhall_relay_lookups', 'Looks into DNS for the proxies of a member, by how they ended.', () => [
    [{ result: 'found' }, events.located],
    [{ result: 'nobody' }, events.unlocated],
    [{ result: 'failed' }, events.lookupsFailed],
  ]);
  meters.counter('guildhall_relay_untrusted', 'Proxies that did not prove who they are, or do not any more, by reason.', () =>
    [...events.untrusted].map(([reason, value]) => [{ reason }, value] as const),
  );
  meters.gauge('guildhall_relay_lag_seconds', 'How late the event loop runs: how long work waits before it is begun.', () => [
    [{}, gauges.lag() / 1000],
  ]);
  meters.gauge('guildhall_relay_transactions', 'Client transactions in flight.', () => [[{}, gauges.transactions()]]);
  const series = createMemberSeries();
  const member = (figure: (member: MemberReading) => number | undefined, fold: 'sum' | 'least') => series.of(gauges.members, figure, fold);
  meters.gauge(
    'guildhall_member_links',
    'Links to the member’s proxies that are up.',
    member(({ up }) => up, 'sum'),
  );
  meters.gauge(
    'guildhall_member_up',
    'Whether a member can be reached, as far as this instance knows.',
    member(({ reachable }) => (reachable === undefined ? undefined : Number(reachable)), 'least'),
  );
  meters.gauge(
    'guildhall_certificate_expiry_timestamp_seconds',
    'When a certificate ends: a listener’s, or what a member showed last.',
    member(({ certificateEnds }) => (certificateEnds === 0 ? undefined : certificateEnds / 1000), 'least'),
  );
  meters.gauge(
    'guildhall_member_queue',
    'Requests that wait for the member’s links.',
    member(({ waiting }) => waiting, 'sum'),
  );
  meters.gauge(
    'guildhall_member_queue_bytes',
    'Bytes that wait for the member’s links.',
    member(({ waitingBytes }) => waitingBytes, 'sum'),
  );
}
