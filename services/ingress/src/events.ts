import type { Logger } from '@guildhall/chassis/log';
import type { Histogram, Meters } from '@guildhall/chassis/meters';
import { usageNames } from '@guildhall/chassis/usage-names';
import { type CloseReason, closeReasons } from '@guildhall/proto/reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { Arrivals } from './arrivals.js';
import type { BrokenReason, Connection } from './connection.js';
import { type Counts, countedMethods, increment, outcomes } from './counts.js';
import { createMemberInstruments, type MemberGauges } from './member-events.js';
import type { Member } from './members.js';
import type { Peer, PeerFacts } from './peer.js';
import { createTapInstruments, type TapFigures } from './tap/tap-events.js';
import type { VerdictCounts } from './verdicts.js';
import type { WatchNote } from './watch-list.js';

/** Business facts of ingress: each is counted and logged here and nowhere else. Texts of peers are made printable on the way. */
export interface Events {
  connected(connection: Connection, peer: Extract<Peer, { kind: 'member' }>): void;
  disconnected(connection: Connection): void;
  turnedAway(reason: CloseReason, source: string, detail: string, facts: PeerFacts | undefined): void;
  /** A TLS handshake is done; who it is comes next. */
  secured(): void;
  broken(connection: Connection, reason: BrokenReason, detail: string): void;
  trustLearned(version: bigint, members: number): void;
  trustFailed(error: unknown, failures: number): void;
  brokenAnchors(member: string): void;
  keysLearned(newest: string): void;
  keysFailed(error: unknown): void;
  relaysChanged(ids: readonly string[]): void;
  handedOver(count: number): void;
  bus(up: boolean): void;
  /** At the start: what the file holds. After a reload: what the listener showed when it was dialled. */
  certificateServed(listener: string, fingerprint: string, validTo: number): void;
  /** The listener shows something else than what it was given; `seen`: a fingerprint, or why nothing was seen. */
  certificateNotServed(listener: string, fingerprint: string, seen: string): void;
  certificateFailed(error: unknown): void;
  revocationsLearned(version: bigint, serials: number): void;
  revocationsFailed(error: unknown, failures: number): void;
  /** A discovered partner is to be looked at. */
  watched(member: Member, note: WatchNote): void;
  /** Rules that are tried out and would have decided, since the last time. */
  shadowed(rules: ReturnType<Counts['rules']['takeShadows']>): void;
  /** Requests that were refused since the last time. */
  refused(refusals: ReturnType<Counts['refusals']['take']>): void;
  /** Copies of messages do not reach the capture server. */
  captureFailed(why: string): void;
  draining(transactions: number, connections: number): void;
  drained(unanswered: number): void;
  unexpected(where: string, error: unknown): void;
}

/** `mayLogClose` is asked before each closed connection is logged: an attacker must not fill the log. It returns how many stayed silent plus one, 0 for silence. */
export function createEvents(log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>, counts: Counts, mayLogClose: () => number): Events {
  return {
    connected(connection, peer) {
      counts.connectionsAccepted += 1;
      const { member, source, listener, id } = connection;
      log.info({ member: member.id, source, listener, connection: id, via: peer.via, name: printable(peer.name) }, 'connection open');
    },
    disconnected(connection) {
      log.info({ member: connection.member.id, source: connection.source, connection: connection.id }, 'connection closed');
    },
    turnedAway(reason, source, detail, facts) {
      increment(counts.closed, reason);
      const silent = mayLogClose();
      if (silent === 0) return;
      log.warn(
        {
          reason,
          source,
          detail,
          ...certificateFields(facts),
          cure: closeReasons[reason].cure,
          ...(silent > 1 ? { unlogged: silent - 1 } : {}),
        },
        closeReasons[reason].about,
      );
    },
    secured() {
      counts.handshakesDone += 1;
    },
    broken(connection, reason, detail) {
      if (reason !== 'idle') counts.connectionsBroken += 1;
      const { member, source, id } = connection;
      log[reason === 'idle' || reason === 'socket-error' ? 'info' : 'warn'](
        { member: member.id, source, connection: id, reason, detail: printable(detail) },
        'connection given up',
      );
    },
    trustLearned: (version, members) => log.info({ version: String(version), members }, 'membership learned'),
    trustFailed(error, failures) {
      // Every try counts, every doubling is told.
      if ((failures & (failures - 1)) === 0)
        log.warn({ failures, why: messageOf(error) }, 'the membership cannot be had from policy, the last one stays');
    },
    brokenAnchors: (member) => log.error({ member }, 'authorities that cannot be read: they vouch for nobody'),
    keysLearned: (newest) => log.info({ newest }, 'route token keys learned'),
    keysFailed: (error) => log.warn({ why: messageOf(error) }, 'the route token keys cannot be had from policy'),
    relaysChanged: (ids) => log.info({ relays: ids }, 'relays changed'),
    handedOver: (count) => log.warn({ requests: count }, 'unanswered requests handed over again'),
    bus: (up) => log[up ? 'info' : 'error'](up ? 'NATS is back' : 'NATS is lost: requests are answered 503'),
    certificateServed(listener, fingerprint, validTo) {
      counts.certificatesServed += 1;
      log.info({ listener, fingerprint, validTo: new Date(validTo).toISOString() }, 'certificate served');
    },
    certificateFailed(error) {
      counts.certificatesRefused += 1;
      log.error({ why: messageOf(error) }, 'the new certificate is not usable, the old one is served on');
    },
    certificateNotServed(listener, fingerprint, seen) {
      counts.certificatesNotServed += 1;
      log.error({ listener, fingerprint, seen: printable(seen) }, 'the new certificate is not what the listener shows');
    },
    revocationsLearned: (version, serials) => log.info({ version: String(version), serials }, 'revocation lists learned'),
    revocationsFailed(error, failures) {
      if ((failures & (failures - 1)) === 0)
        log.warn({ failures, why: messageOf(error) }, 'the revocation lists cannot be had from policy, the last ones stay');
    },
    watched(member, note) {
      const conduct = member.conduct;
      const figures = {
        contacts: conduct?.contacts.size,
        suspect: conduct?.suspect,
        overRate: conduct?.overRate,
        overContacts: conduct?.overContacts,
      };
      log[note === 'good-again' ? 'info' : 'warn']({ member: member.id, note, ...figures }, 'discovered partner on the watch list');
    },
    shadowed(rules) {
      for (const { rule, effect, count } of rules) log.info({ rule, effect, count }, 'a shadow rule would have decided');
    },
    refused({ notes, others }) {
      for (const note of notes) log.info(note, 'request refused');
      if (others > 0) log.info({ count: others }, 'more requests refused');
    },
    captureFailed: (why) => log.warn({ why }, 'copies of messages do not reach the capture server (hep)'),
    draining: (transactions, connections) => log.info({ transactions, connections }, 'takes no new requests and connections'),
    drained: (unanswered) => log[unanswered === 0 ? 'info' : 'warn']({ unanswered }, 'drained'),
    unexpected: (where, error) => log.error({ where, err: error }, 'unexpected error'),
  };
}

function certificateFields(facts: PeerFacts | undefined): Record<string, unknown> {
  const certificate = facts?.certificate;
  if (certificate === undefined) return {};
  return {
    subject: printable(certificate.subject.replaceAll('\n', ', ')),
    sans: printable([...certificate.uris.map((uri) => `URI:${uri}`), ...certificate.dnsNames.map((name) => `DNS:${name}`)].join(' ')),
    issuer: printable(certificate.issuer.replaceAll('\n', ', ')),
    eku: printable(usageNames(certificate.extendedKeyUsage).join(' ')),
    validUntil: Number.isFinite(certificate.validTo) ? new Date(certificate.validTo).toISOString() : '',
    spki: certificate.spkiSha256,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What instruments read besides the counts. */
export interface Gauges extends MemberGauges {
  inFlight(): number;
  transactions(): number;
  waiting(): number;
  readonly arrivals: Pick<Arrivals, 'inFlight' | 'waiting' | 'counts'>;
  readonly verdicts: VerdictCounts;
  verdictsKept(): number;
  certificates(): Iterable<readonly [listener: string, validTo: number]>;
  readonly tap: TapFigures;
}

/** Seconds from a request's arrival to its final response. */
const durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One series for each method and end that occurred. */
function* messages(direction: 'in' | 'out', table: readonly number[]): Iterable<readonly [Record<string, string>, number]> {
  for (const [at, count] of table.entries()) {
    if (count === 0) continue;
    const method = countedMethods[Math.trunc(at / outcomes.length)] ?? 'other';
    yield [{ direction, method, outcome: outcomes[at % outcomes.length] ?? '' }, count];
  }
}

/** Creates the instruments; the histogram is the hot path's. */
export function createInstruments(meters: Meters, counts: Counts, gauges: Gauges): Histogram {
  const { counter, gauge } = meters;
  counter('guildhall_ingress_requests', 'Requests from members by method.', () =>
    countedMethods.map((method, index) => [{ method }, counts.requests[index] ?? 0] as const),
  );
  counter(
    'guildhall_messages',
    'Requests of members that have their final response, and what of them went on to a far member, by how they ended.',
    () => [...messages('in', counts.messagesIn), ...messages('out', counts.messagesOut)],
  );
  counter('guildhall_ingress_responses', 'Responses to members by class.', () =>
    counts.responses.slice(1).map((count, index) => [{ class: `${index + 1}xx` }, count] as const),
  );
  counter('guildhall_ingress_refusals', 'Requests refused or failed, by code of the reason table.', () =>
    [...counts.refusals.byCode()].map(([code, count]) => [{ code }, count] as const),
  );
  counter(
    'guildhall_ingress_rule_hits',
    'Requests that a rule fitted which is held against each request, by what it did or as a shadow would have done.',
    () => [...counts.rules.all()].map(({ rule, effect, shadow, count }) => [{ rule, effect, shadow: String(shadow) }, count] as const),
  );
  counter('guildhall_ingress_connections_closed', 'Connections closed by the hub before SIP or against the membership, by reason.', () =>
    [...counts.closed].map(([reason, count]) => [{ reason }, count] as const),
  );
  counter('guildhall_ingress_connections', 'Connections of members by what became of them.', () => [
    [{ result: 'accepted' }, counts.connectionsAccepted],
    [{ result: 'given-up' }, counts.connectionsBroken],
  ]);
  counter(
    'guildhall_ingress_certificates',
    'Certificates of the hub: seen on a listener, refused as not usable, or not what it shows.',
    () => [
      [{ result: 'served' }, counts.certificatesServed],
      [{ result: 'refused' }, counts.certificatesRefused],
      [{ result: 'not-served' }, counts.certificatesNotServed],
    ],
  );
  counter('guildhall_ingress_forwards', 'Messages handed to relays, by kind.', () => [
    [{ kind: 'all' }, counts.forwards],
    [{ kind: 'ack' }, counts.acksForwarded],
    [{ kind: 'again' }, counts.handedOver],
  ]);
  counter('guildhall_ingress_batches', 'Batches published to relays.', () => [[{}, counts.batches]]);
  counter('guildhall_ingress_dropped', 'What was dropped because nobody waits for it or it means nothing, by kind.', () => [
    [{ kind: 'stray-outcome' }, counts.strayOutcomes],
    [{ kind: 'response-without-connection' }, counts.lostResponses],
    [{ kind: 'response-without-relay' }, counts.lostArrivals],
    [{ kind: 'departure-without-connection' }, counts.lostDepartures],
    [{ kind: 'ack' }, counts.acksDropped],
    [{ kind: 'broken-batch' }, counts.brokenBatches],
    [{ kind: 'retransmission' }, counts.retransmissions],
  ]);
  counter('guildhall_ingress_verdicts', 'Look-ups of verdicts by result.', () => [
    [{ result: 'hit' }, gauges.verdicts.hits],
    [{ result: 'miss' }, gauges.verdicts.misses],
    [{ result: 'refresh' }, gauges.verdicts.refreshes],
    [{ result: 'failure' }, gauges.verdicts.failures],
  ]);
  gauge('guildhall_ingress_in_flight', 'Requests without a final response.', () => [[{}, gauges.inFlight()]]);
  gauge('guildhall_ingress_transactions', 'Server transactions kept.', () => [[{}, gauges.transactions()]]);
  gauge('guildhall_ingress_waiting', 'Requests that wait for a verdict.', () => [[{}, gauges.waiting()]]);
  gauge('guildhall_ingress_verdicts_kept', 'Verdicts in the cache.', () => [[{}, gauges.verdictsKept()]]);
  gauge('guildhall_tls_handshakes_in_flight', 'TLS handshakes not finished.', () => [[{}, gauges.arrivals.inFlight()]]);
  gauge('guildhall_tls_handshakes_waiting', 'Connections in line for their TLS handshake.', () => [[{}, gauges.arrivals.waiting()]]);
  counter(
    'guildhall_tls_handshakes',
    'Connections in line for their TLS handshake by what became of them: those begun are done or failed later.',
    () => {
      const { begun, refused, silent, noTurn, gaveWay } = gauges.arrivals.counts;
      const failed = counts.closed.get('handshake-failed') ?? 0;
      return Object.entries({ begun, done: counts.handshakesDone, failed, refused, silent, 'no-turn': noTurn, 'gave-way': gaveWay }).map(
        ([result, count]) => [{ result }, count] as const,
      );
    },
  );
  gauge('guildhall_ingress_overload', 'Whether the hub keeps up: 0 it does, 1 it was late once, 2 it refuses what is too much.', () => [
    [{}, ['calm', 'late', 'shedding'].indexOf(gauges.shedding.state())],
  ]);
  gauge('guildhall_ingress_admitted_rate', 'Requests a second that are taken while the hub is overloaded.', () =>
    Number.isFinite(gauges.shedding.rate()) ? [[{}, gauges.shedding.rate()]] : [],
  );
  gauge('guildhall_ingress_delay_seconds', 'How long work waits before it is begun, here and on the way to relays.', () => [
    [{ where: 'ingress' }, gauges.shedding.ownDelay() / 1000],
    [{ where: 'relay' }, gauges.shedding.relayDelay() / 1000],
  ]);
  counter('guildhall_ingress_overload_told', 'Answers that told their peer how much to hold back (RFC 7339).', () => [[{}, counts.ocTold]]);
  gauge('guildhall_certificate_expiry_timestamp_seconds', 'When a certificate ends: a listener’s, or what a member showed last.', () =>
    [...gauges.certificates()].map(([listener, validTo]) => [{ listener }, validTo / 1000] as const),
  );
  createMemberInstruments(meters, gauges);
  createTapInstruments(meters, gauges.tap);
  return meters.histogram('guildhall_message_duration_seconds', 'From a request to its final response.', durations);
}
