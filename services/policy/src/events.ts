import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import type { Decision } from './hearing.js';
import type { Membership, Status } from './membership.js';
import type { Question, QuestionListener } from './questions.js';
import type { SyncResult } from './sync.js';

/** What happened in this policy instance: each fact becomes a count and, where it is rare, a log record, here and nowhere else. */
export interface Events extends QuestionListener {
  fileWarning(warning: string): void;
  /** The community file was changed and cannot be used: what is in force stays. */
  fileRefused(why: string): void;
  synced(file: string, result: SyncResult): void;
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

/** What instruments read besides the counts. */
export interface Gauges {
  membership(): Membership | undefined;
  unusable(): number;
  tokenKeys(): readonly unknown[];
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

export function createEvents(log: Logger, meters: Meters, gauges: Gauges): Events {
  const decisions = new Map<string, number>();
  const asked = new Map<string, number>();
  let changes = 0;
  let rotations = 0;
  let refusals = 0;
  let failures = 0;

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
    tokenKeysLost: () => log.warn('the route token keys vanished from their bucket and are put back'),
    failed(what, thrown) {
      failures += 1;
      log.error({ what, err: thrown }, 'failed');
    },
    draining: () => log.info('no longer answers questions'),
  };
}
