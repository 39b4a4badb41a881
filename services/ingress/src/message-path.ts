import type { Bus } from '@guildhall/chassis/bus';
import type { Roster } from '@guildhall/chassis/roster';
import { createTurn } from '@guildhall/chassis/turn';
import { createWheel } from '@guildhall/chassis/wheel';
import type { ReasonCode } from '@guildhall/proto/reason';
import { parseMessage } from '@guildhall/proto/sip/message';
import { writeCancel } from '@guildhall/proto/sip/request';
import type { AskAdmission, Hub } from './admit.js';
import type { Answers } from './answers.js';
import { createAnswers } from './answers.js';
import type { IngressConfig } from './config.js';
import type { Counts } from './counts.js';
import { createForwards, type Forwards } from './forwards.js';
import type { HubNames } from './hub.js';
import type { KeptVerdict } from './kept-verdict.js';
import { passCancel } from './pass-cancel.js';
import type { PolicyQuestions } from './policy-questions.js';
import { recordRoute } from './record-route.js';
import type { Records } from './records.js';
import { createRelays, type Relays } from './relays.js';
import { createRequests, type Requests } from './requests.js';
import { createResponses, type Responses } from './responses.js';
import { createRuleChecks } from './rule-checks.js';
import { createRuleMeasures } from './rule-measures.js';
import { unanswered } from './server-transaction.js';
import type { Shedding } from './shedding.js';
import type { TokenKeyRing } from './token-keys.js';
import type { Traces } from './traces.js';
import { createTransactions, forgetRequest, type ServerTransaction, type Transactions } from './transactions.js';
import { speaksForDomain, type TrustTable } from './trust.js';
import { verdictLines } from './verdict-lines.js';
import { createVerdicts, type Verdicts } from './verdicts.js';
import { createWireBatches, type WireBatches } from './wires.js';

/** What surrounds the message path: the rim, and what others keep. */
export interface Around {
  readonly config: IngressConfig;
  readonly epoch: string;
  readonly bus: Pick<Bus, 'maxPayload' | 'publish' | 'unheard'>;
  readonly roster: Pick<Roster, 'fresh' | 'freshIds' | 'every' | 'miss'>;
  readonly counts: Counts;
  readonly keys: TokenKeyRing;
  readonly policy: Pick<PolicyQuestions, 'verdict'>;
  names(): HubNames;
  trust(): TrustTable | undefined;
  /** Why nothing new is taken, '' where it is. */
  closed(): ReasonCode | '';
  readonly shedding: Shedding;
  /** Told of each final response: ms since the request came. */
  answered(ms: number): void;
  readonly traces: Traces;
  readonly records: Records;
  /** Monotonic ms. */
  clock(): number;
  /** From 0 to below 1. */
  random(): number;
}

/** The message path, assembled. */
export interface MessagePath {
  readonly shedding: Shedding;
  readonly turn: ReturnType<typeof createTurn>;
  readonly transactions: Transactions;
  readonly requests: Requests;
  readonly responses: Responses;
  readonly answers: Answers;
  readonly verdicts: Verdicts;
  readonly relays: Relays;
  readonly forwards: Forwards;
  readonly batches: WireBatches;
  /** Lets time pass: to be called ten times a second. */
  advance(): void;
  unavailable(): ReasonCode | '';
}

/** Slots of the wheel: what is due within 51 s is looked at once. */
const wheel = { slotMs: 100, slots: 512 };
/** ms until a refresh of a verdict that failed is tried again. */
const verdictRetry = 1_000;
/** Bytes of a publish that are not the batch's. */
const publishOverhead = 1_024;

/** Puts the stations of the message path together. */
export function createMessagePath(around: Around): MessagePath {
  const { config, epoch, bus, roster, counts, clock } = around;
  const { limits, timeouts } = config;
  const batchBytes = Math.min(limits.batchBytes, bus.maxPayload - publishOverhead);
  const publish = (subject: string, payload: Uint8Array): void => bus.publish(subject, payload);
  const turn = createTurn();
  const microsoft = (member: string): boolean => around.trust()?.members.get(member)?.microsoft === true;
  const { told } = around.shedding;
  const answers = createAnswers({
    domain: config.hub.domain,
    epoch,
    random: around.random,
    microsoft,
    overload: told,
    traceId: around.records.traceId,
    retryAfter: config.overload.retryAfter,
  });
  const timeWheel = createWheel<ServerTransaction>(wheel, (transaction) => timeout(transaction));
  const transactions = createTransactions(timeouts, timeWheel, limits.acceptedInvites);
  const responses = createResponses(transactions, answers, counts, {
    limits,
    answered: around.answered,
    overload: told,
    records: around.records,
  });
  const verdicts = createVerdicts(
    limits.verdictCacheEntries,
    { fresh: timeouts.verdictFresh, stale: timeouts.verdictStale, retry: verdictRetry },
    around.policy.verdict,
    clock,
  );
  const forwards = createForwards({
    ingress: config.id,
    epoch,
    batchBytes,
    batchCount: limits.batchCount,
    turn,
    publish: bus.publish,
    unheard: ({ id, epoch: its }) => bus.unheard(() => roster.miss('relay', id, its)),
    traces: around.traces,
    clock,
    published(count) {
      counts.batches += 1;
      counts.forwards += count;
    },
  });
  const relays = createRelays(roster, forwards.queue, forwards.drop);
  const batches = createWireBatches({
    id: config.id,
    epoch,
    batchBytes,
    keptMs: timeouts.batchesKept,
    keptBytes: limits.batchesKeptBytes,
    turn,
    publish,
    clock,
  });

  const timeout = (transaction: ServerTransaction): void => {
    const now = clock();
    if (!responses.timeout(transaction, now)) return;
    cancelDown(transaction, now);
    if (!unanswered(transaction.state)) forgetRequest(transaction);
  };

  /** RFC 3261 16.8: an INVITE that is given up is cancelled where it went. */
  const cancelDown = (transaction: ServerTransaction, now: number): void => {
    if (transaction.cancelled || transaction.cancel !== undefined || transaction.length === 0) return;
    const { batch, offset, length } = transaction;
    const text = writeCancel(parseMessage(batch.subarray(offset, offset + length), limits), 'SIP;cause=504;text="no answer"');
    transaction.cancel = Buffer.from(text, 'latin1');
    passCancel(forwards, transaction, transaction.cancel, now);
  };

  const unavailable = (): ReasonCode | '' => {
    const closed = around.closed();
    if (closed !== '') return closed;
    return relays.any() && around.trust() !== undefined ? '' : 'hub-unavailable';
  };

  const requests = createRequests({
    hub: hubOf(around),
    transactions,
    responses,
    answers,
    verdicts,
    relays,
    forwards,
    counts,
    records: around.records,
    shedding: around.shedding,
    limits,
    ackWait: timeouts.final,
    verdictLines: (verdict, member) => verdictLines(config.hub.domain, verdict, microsoft(member)),
    rules: createRuleChecks({
      measures: createRuleMeasures(limits.ruleMeasures),
      counts: counts.rules,
      instances: () => around.roster.freshIds('ingress').length,
    }),
    recordRoute: (admission, verdict) => keptRecordRoute(around, admission, verdict),
    unavailable,
    traceOf: (transaction) => (transaction === undefined ? '' : around.traces.ask(transaction.story.serial)),
    clock,
  });

  return {
    shedding: around.shedding,
    turn,
    transactions,
    requests,
    responses,
    answers,
    verdicts,
    relays,
    forwards,
    batches,
    unavailable,
    advance: () => timeWheel.advance(clock()),
  };
}

function hubOf({ config, names, trust, keys }: Around): Hub {
  return {
    get viaHosts() {
      return names().viaHosts;
    },
    isHere: (host, port) => names().isHere(host, port),
    speaksFor(member, domain) {
      const table = trust();
      return table !== undefined && speaksForDomain(table, member, domain, config.hub.domain);
    },
    readToken: keys.read,
  };
}

/** The Record-Route value for a verdict, made once for each usage, scheme and key. */
function keptRecordRoute({ keys, names }: Around, admission: AskAdmission, verdict: KeptVerdict): string | undefined {
  const { usage, secure, token } = admission;
  const key = keys.newest();
  if (usage === '') return '';
  const caller = token?.caller ?? admission.peer;
  if (
    verdict.recordRouteFor === usage &&
    verdict.recordRouteSecure === secure &&
    verdict.recordRouteCaller === caller &&
    verdict.recordRouteKey === key
  ) {
    return verdict.recordRoute;
  }
  const made = recordRoute(
    {
      caller,
      callee: token?.callee ?? verdict.member,
      usage,
      secure,
      from: verdict.fromInterface,
      to: verdict.toInterface,
    },
    names().interfaces,
    key,
    keys.mac,
  );
  if (made === undefined) return undefined;
  verdict.recordRoute = made;
  verdict.recordRouteFor = usage;
  verdict.recordRouteSecure = secure;
  verdict.recordRouteCaller = caller;
  verdict.recordRouteKey = key;
  return made;
}
