import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import { quoted } from '@guildhall/proto/community/quoted';
import type { RevocationListener } from './bus/keep-revocations.js';
import type { Question, QuestionListener } from './bus/questions.js';
import type { TurnedAwayListener } from './bus/turned-away.js';
import type { Decision } from './decision/hearing.js';
import type { Membership, Status } from './decision/membership.js';
import type { DiscoveryListener } from './discovery/keep-discovery.js';
import type { RecordsListener } from './records/keep-records.js';

/** What happened in this policy instance: each fact becomes a count and, where it is rare, a log record, here and nowhere else. */
export interface Events extends QuestionListener, RevocationListener, TurnedAwayListener, DiscoveryListener, RecordsListener {
  fileWarning(warning: string): void;
  /** The community file was changed and cannot be used: what is in force stays. */
  fileRefused(why: string): void;
  synced(file: string, result: { readonly written: number; readonly deleted: number }): void;
  /** It is as it was when it was brought in last: nothing was read of it. */
  fileUnchanged(file: string): void;
  /** It changes what somebody else has changed too, and is refused as a whole. */
  fileCrossed(file: string, crossing: FileCrossing): void;
  membershipChanged(membership: Membership, all: boolean, touched: number, problems: readonly string[]): void;
  /** `hasFile`: a community file was given, so this does not last. */
  membershipEmpty(hasFile: boolean): void;
  entryUnusable(key: string, why: string): void;
  tokenKeysChanged(keys: number, newest: string): void;
  tokenKeysLost(): void;
  /** Something that nobody waits for failed. */
  failed(what: string, thrown: unknown): void;
  draining(): void;
}

/** Who changed an entry that a community file changes too. */
export interface FileCrossing {
  readonly key: string;
  readonly revision: number;
  readonly who: string;
  readonly when: string;
  /** It was removed. */
  readonly removed: boolean;
}

/** What instruments read besides the counts. */
export interface Gauges {
  membership(): Membership | undefined;
  unusable(): number;
  tokenKeys(): readonly unknown[];
  /** Revocation lists whose next one is overdue. */
  staleLists(): number;
}

type QuestionResult = 'answered' | 'malformed' | 'unanswerable';

function countUp(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The counts as series; keys are two words of closed lists with a space between. */
function series(counts: ReadonlyMap<string, number>, first: string, second: string): [Record<string, string>, number][] {
  return [...counts].map(([key, value]) => {
    const [one = '', other = ''] = key.split(' ');
    return [{ [first]: one, [second]: other }, value];
  });
}

/** How many problems of one snapshot are logged one by one. */
const problemsLogged = 20;

/** Registers its instruments with `meters`, which read `gauges` whenever they are shown. */
export function createEvents(log: Logger, meters: Meters, gauges: Gauges): Events {
  const decisions = new Map<string, number>();
  const asked = new Map<string, number>();
  let changes = 0;
  let rotations = 0;
  let refusals = 0;
  let failures = 0;
  let revoked = 0;
  const meetings = new Map<string, number>();
  const turnedAway = { told: 0, untold: 0 };

  const count = (question: Question, result: QuestionResult) => countUp(asked, `${question} ${result}`);

  meters.counter('guildhall_policy_decisions', 'Decisions taken for ingress, by verdict and reason.', () =>
    series(decisions, 'verdict', 'reason'),
  );
  meters.counter('guildhall_policy_questions', 'Questions over the bus, by kind and what became of them.', () =>
    series(asked, 'question', 'result'),
  );
  meters.counter('guildhall_policy_membership_changes', 'Snapshots of the membership that came into force.', () => [[{}, changes]]);
  meters.counter('guildhall_policy_token_key_changes', 'Changes of the keys that sign route tokens.', () => [[{}, rotations]]);
  meters.counter('guildhall_policy_file_refusals', 'Changes of the community file that could not be used.', () => [[{}, refusals]]);
  meters.counter('guildhall_policy_failures', 'Errors of our own that nobody was told of.', () => [[{}, failures]]);
  meters.gauge('guildhall_policy_membership_version', 'Version of the membership in force; 0 without one.', () => [
    [{}, Number(gauges.membership()?.version ?? 0n)],
  ]);
  meters.gauge('guildhall_policy_unusable_entries', 'Entries of the membership that could not be read and are left out.', () => [
    [{}, gauges.unusable()],
  ]);
  meters.gauge('guildhall_policy_token_keys', 'Keys that verify route tokens.', () => [[{}, gauges.tokenKeys().length]]);
  meters.gauge('guildhall_policy_revoked_certificates', 'Serial numbers on the revocation lists in force.', () => [[{}, revoked]]);
  meters.gauge('guildhall_policy_stale_revocation_lists', 'Revocation lists in force whose next one is overdue.', () => [
    [{}, gauges.staleLists()],
  ]);
  meters.counter(
    'guildhall_policy_turned_away',
    'Connections that ingress and relay told to have turned away, one by one or as a number.',
    () => [
      [{ told: 'one-by-one' }, turnedAway.told],
      [{ told: 'number' }, turnedAway.untold],
    ],
  );
  meters.counter('guildhall_policy_meetings', 'Domains of nobody that were looked for by DNS, by what became of it.', () =>
    [...meetings].map(([result, value]) => [{ result }, value]),
  );
  meters.gauge('guildhall_policy_members', 'Members by status.', () => {
    const byStatus = new Map<Status, number>();
    for (const { status } of gauges.membership()?.members.values() ?? []) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    return [...byStatus].map(([status, value]) => [{ status }, value] as const);
  });

  return {
    decided(decision: Decision) {
      countUp(decisions, `${decision.action} ${decision.code}`);
      if (log.isLevelEnabled('debug'))
        log.debug({ action: decision.action, code: decision.code, rule: decision.rule, why: decision.sentence }, 'decided');
    },
    answered: (question) => count(question, 'answered'),
    malformed(question) {
      count(question, 'malformed');
      log.debug({ question }, 'a question could not be read');
    },
    unanswerable: (question) => count(question, 'unanswerable'),
    fileWarning: (warning) => log.warn({ warning }, 'community file'),
    fileRefused(why) {
      refusals += 1;
      log.error({ why }, 'the changed community file cannot be used, the membership stays as it is');
    },
    synced: (file, { written, deleted }) => log.info({ file, written, deleted }, 'community file brought into the membership'),
    fileUnchanged: (file) => log.info({ file }, 'community file is as it was when it was brought in, the membership is taken as it is'),
    fileCrossed(file, { key, revision, who, when, removed }) {
      refusals += 1;
      const what = removed ? 'removed' : 'changed';
      const why = `${key} is another in the file, and was ${what} by ${quoted(who === '' ? 'someone unnamed' : who)} in revision ${revision}, ${quoted(when)}`;
      log.error(
        { file, entry: key, revision, who: quoted(who), when: quoted(when), why },
        'the community file is not brought in: export the membership (guildhall membership export), make the change there, and put it in place of the file',
      );
    },
    membershipChanged(membership, all, touched, problems) {
      changes += 1;
      const { version, members, agreements, rules } = membership;
      const sizes = { members: members.size, agreements: agreements.size, rules: rules.length };
      log.info({ version: Number(version), ...sizes, touched: all ? 'all' : touched }, 'membership in force');
      for (const problem of problems.slice(0, problemsLogged)) log.warn({ problem }, 'part of the membership is left out');
      if (problems.length > problemsLogged)
        log.warn({ more: problems.length - problemsLogged }, 'further parts of the membership are left out');
    },
    membershipEmpty(hasFile) {
      const cure = hasFile ? 'it is written anew' : 'give policy a community file (setting community)';
      log.warn(`the membership is empty: ${cure}`);
    },
    entryUnusable: (key, why) => log.warn({ entry: key, why }, 'an entry of the membership is left out'),
    tokenKeysChanged(keys, newest) {
      rotations += 1;
      log.info({ keys, newest }, 'route token keys in force');
    },
    lessRoom: (stream, wanted, given) => log.warn({ stream, wanted, given }, 'NATS has less room for a stream than was asked for'),
    tokenKeysLost: () => log.warn('the route token keys vanished from their bucket and are put back'),
    revocationsChanged(version, authorities, serials) {
      revoked = serials;
      log.info({ version: Number(version), authorities, serials }, 'revocation lists in force');
    },
    revocationListUnusable: (why) => log.error({ why }, 'a revocation list is left out'),
    revocationListStale: ({ owner, issuer, until }) =>
      log.warn(
        { owner, issuer, until: new Date(until).toISOString() },
        'a revocation list is overdue and honoured on: publish its next one',
      ),
    turnedAway(told, untold) {
      turnedAway.told += told;
      turnedAway.untold += untold;
    },
    met(domain, member, how) {
      countUp(meetings, how);
      log.info({ domain, member, how }, 'discovered partner met: it is on the watch list (guildhall partner list)');
    },
    partnerLeft(entry) {
      countUp(meetings, 'gave-way');
      log.warn({ entry }, 'a discovered partner gave way to a newer one: there are as many as there may be');
    },
    notMet(domain, why, detail) {
      countUp(meetings, why.replaceAll(' ', '-'));
      log.debug({ domain: quoted(domain, 100), why, detail }, 'a domain of nobody was not met');
    },
    failed(what, thrown) {
      failures += 1;
      log.error({ what, err: thrown }, 'failed');
    },
    draining: () => log.info('no longer answers questions'),
  };
}
