import { traceHighOf, traceIdOf } from '@guildhall/chassis/trace-context';
import { RecordAnswer, RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { type CloseReason, isReasonCode, type ReasonCode } from '@guildhall/proto/reason';
import { recordFlags } from '@guildhall/proto/records/read-batch';
import { printable } from '@guildhall/proto/sip/escape';
import { Header } from '@guildhall/proto/sip/header-name';
import type { Message } from '@guildhall/proto/sip/message';
import { uriDomain } from '@guildhall/proto/sip/uri';
import type { AskAdmission } from './admit.js';
import { countedMethods, methodIndex } from './counts.js';
import { fromDomain } from './identity.js';
import { type RecordFacts, whole } from './record-columns.js';
import { beginStory, callIdOf, domainIn, noStory, type Story, uriIn } from './story.js';
import type { Traces } from './traces.js';
import type { ServerTransaction } from './transactions.js';

/** Why the hub refused, as it was told. */
export interface ToldRefusal {
  readonly code: ReasonCode;
  readonly sentence: string;
}

/** Who a request came from that became no transaction. */
export interface Sender {
  /** Member id. */
  readonly peer: string;
  /** "address:port". */
  readonly source: string;
}

/** Makes one record, and where one is wanted a trace, of everything that ended. Every `now` is monotonic ms. */
export interface Records {
  /** Begins the story of a transaction; without `admission` it is refused. Hot path. */
  begin(request: Message, admission: AskAdmission | undefined): Story;
  /**
   * The final answer to a transaction, of so many bytes: the far member's, or the hub's, then perhaps with a `refusal`. To be called while the
   * transaction still has its request; further calls for it do nothing. Hot path.
   */
  finished(
    transaction: ServerTransaction,
    status: number,
    byHub: boolean,
    refusal: ToldRefusal | undefined,
    bytes: number,
    now: number,
  ): void;
  /** A number for a refusal that has no transaction, to be told in its answer; 0: neither records nor traces are made. */
  serial(): number;
  /** A request that was refused at once, with an answer of so many bytes. ACK and CANCEL make no records. */
  refused(request: Message, sender: Sender, status: number, refusal: ToldRefusal, serial: number, bytes: number, now: number): void;
  /** A request to the hub itself, answered 200. */
  answered(request: Message, sender: Sender, bytes: number, now: number): void;
  /** A connection that was refused before SIP; `member` is whose certificate it seems to be, '' for nobody's. */
  handshake(reason: CloseReason, source: string, detail: string, member: string, now: number): void;
  /** The trace id of a number, 32 hex digits, as answers tell it; '' for 0. */
  traceId(serial: number): string;
}

/** What records need from outside. */
export interface RecordsDesk {
  /** This incarnation of ingress. */
  readonly epoch: string;
  /** Takes a record, and keeps nothing of the object; undefined: none are kept. Hot path. */
  readonly add?: ((facts: RecordFacts) => void) | undefined;
  /** Undefined: none are made. */
  readonly traces?: Traces | undefined;
  /** Which dialogs' heads are kept. Default: nobody's. */
  readonly tap?: { readonly on: boolean; isMarked(callId: string): boolean } | undefined;
}

/** What makes no records. */
export const noRecords: Records = {
  begin: () => noStory,
  finished: () => undefined,
  serial: () => 0,
  refused: () => undefined,
  answered: () => undefined,
  handshake: () => undefined,
  traceId: () => '',
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Beyond this a sentence or a detail says nothing more. */
const longestText = 400;

/** Without `add` and `traces` nothing is counted, and nothing costs anything. */
export function createRecords({ epoch, add, traces, tap }: RecordsDesk): Records {
  if (add === undefined && traces === undefined) return noRecords;
  const high = traceHighOf(epoch);
  let serials = 0;
  /** Of transactions, one after the other: whoever is told keeps nothing of it. */
  const facts: Writable<RecordFacts> = { ...nothing };
  const serial = (): number => {
    serials += 1;
    return serials;
  };

  /** Its trace, if one is wanted, and its record. `handedTo`: the relay it was given to, '' for none. */
  const tell = (facts: RecordFacts, story: Pick<Story, 'verdict' | 'decidedAt'>, handedTo: string): void => {
    const byHub = facts.answer === RecordAnswer.HUB;
    if (traces?.wanted(facts.serial, facts.status, byHub) === true) {
      facts.flags |= recordFlags.traced;
      traces.finished(tracedFacts(facts, story, byHub, handedTo));
    }
    add?.(facts);
  };

  const refused: Records['refused'] = (request, { peer, source }, status, { code, sentence }, number, bytes, now) => {
    if (number === 0 || request.method === 'ACK' || request.method === 'CANCEL') return;
    tell(
      {
        ...atOnce(request, peer, source, bytes, now),
        kind: RecordKind.REFUSED_REQUEST,
        code,
        sentence: oneLine(sentence),
        status,
        serial: number,
      },
      noStory,
      '',
    );
  };

  return {
    serial,
    refused,
    traceId: (number) => (number === 0 ? '' : traceIdOf(high, number)),
    begin(request, admission) {
      const marked = tap?.on === true && tap.isMarked(callIdOf(request));
      return beginStory(serial(), request, admission, marked);
    },
    finished(transaction, status, byHub, refusal, bytes, now) {
      const { story, wire, request } = transaction;
      if (story.serial === 0) return;
      transaction.story = noStory;
      const { admission, verdict } = story;
      if (admission === undefined) {
        const sender = { peer: wire.member.id, source: wire.source };
        if (request !== undefined && refusal !== undefined) refused(request, sender, status, refusal, story.serial, bytes, now);
        return;
      }
      facts.endedAt = now;
      facts.peer = wire.member.id;
      facts.target = transaction.target !== '' ? transaction.target : admission.target !== '' ? admission.target : (verdict?.member ?? '');
      facts.fromDomain = admission.fromDomain;
      facts.toDomain = admission.toDomain !== '' ? admission.toDomain : domainIn(story.toUri);
      facts.method = countedMethods[methodIndex(transaction.method)] ?? '';
      facts.event = admission.event;
      facts.rule = verdict?.rule ?? '';
      facts.code = refusal?.code ?? '';
      facts.sentence = refusal === undefined ? '' : oneLine(refusal.sentence);
      facts.answer = byHub ? RecordAnswer.HUB : RecordAnswer.FAR;
      facts.status = status;
      facts.total = whole((now - transaction.openedAt) * 1000);
      facts.decision = story.decidedAt === 0 ? 0 : whole((story.decidedAt - transaction.openedAt) * 1000);
      facts.linkWait = story.waited;
      facts.far = story.took;
      facts.requestBytes = transaction.length !== 0 ? transaction.length : request === undefined ? 0 : request.end - request.start;
      facts.answerBytes = bytes;
      facts.tries = story.tries;
      facts.repeats = story.repeats;
      facts.link = story.link;
      facts.relay = story.relay;
      facts.source = wire.source;
      facts.fromUri = story.fromUri;
      facts.toUri = story.toUri;
      facts.callId = story.callId;
      facts.serial = story.serial;
      facts.flags = (admission.token === undefined ? 0 : recordFlags.inDialog) | (story.marked ? recordFlags.marked : 0);
      tell(facts, story, transaction.relay?.id ?? '');
    },
    answered(request, { peer, source }, bytes, now) {
      tell({ ...atOnce(request, peer, source, bytes, now), status: 200, serial: serial() }, noStory, '');
    },
    handshake(reason, source, detail, member, now) {
      const sentence = printable(detail, longestText);
      add?.({
        ...nothing,
        kind: RecordKind.REFUSED_HANDSHAKE,
        endedAt: now,
        peer: member,
        source,
        code: reason,
        sentence,
        serial: serial(),
      });
    },
  };
}

/** A sentence may come from another process: it stands on terminals, and is no longer than what is told to the sender. */
function oneLine(sentence: string): string {
  return sentence.slice(0, longestText).replace(/\p{Cc}/gu, ' ');
}

/** A record of which nothing is known but that the hub said it. */
const nothing: RecordFacts = {
  kind: RecordKind.TRANSACTION,
  endedAt: 0,
  peer: '',
  target: '',
  fromDomain: '',
  toDomain: '',
  method: '',
  event: '',
  rule: '',
  code: '',
  sentence: '',
  answer: RecordAnswer.HUB,
  status: 0,
  total: 0,
  decision: 0,
  linkWait: 0,
  far: 0,
  requestBytes: 0,
  answerBytes: 0,
  tries: 0,
  repeats: 0,
  link: '',
  relay: '',
  source: '',
  fromUri: '',
  toUri: '',
  callId: '',
  serial: 0,
  flags: 0,
};

/** What a request says of itself that the hub answered at once, sound or not. */
function atOnce(request: Message, peer: string, source: string, bytes: number, now: number): RecordFacts {
  return {
    ...nothing,
    endedAt: now,
    peer,
    source,
    fromDomain: fromDomain(request),
    toDomain: uriDomain(request, request.uriStart, request.uriEnd),
    method: countedMethods[methodIndex(request.method)] ?? '',
    requestBytes: request.end - request.start,
    answerBytes: bytes,
    fromUri: uriIn(request, Header.from),
    toUri: uriIn(request, Header.to),
    callId: callIdOf(request),
  };
}

/** The same for a trace, which may not tell more than closed lists and ids. */
function tracedFacts(facts: RecordFacts, story: Pick<Story, 'verdict' | 'decidedAt'>, byHub: boolean, handedTo: string) {
  // Written out: to spread parts together takes as long as all the rest of a trace.
  return {
    serial: facts.serial,
    method: facts.method,
    event: facts.event,
    peer: facts.peer,
    target: facts.target,
    fromDomain: facts.fromDomain,
    toDomain: facts.toDomain,
    callId: facts.callId,
    source: facts.source,
    status: facts.status,
    rule: facts.rule,
    endedAt: facts.endedAt,
    link: facts.link,
    linkWait: facts.linkWait,
    far: facts.far,
    tries: facts.tries,
    requestBytes: facts.requestBytes,
    answerBytes: facts.answerBytes,
    byHub,
    relay: facts.relay === '' ? handedTo : facts.relay,
    code: requestCode(facts.code),
    verdict: story.verdict?.action ?? '',
    openedAt: facts.endedAt - facts.total / 1000,
    decidedAt: story.decidedAt,
    forwardedAt: handedTo === '' ? 0 : story.decidedAt,
  } as const;
}

/** Only requests are traced: theirs is a code of the reason table. */
function requestCode(code: RecordFacts['code']): ReasonCode | '' {
  return code !== '' && isReasonCode(code) ? code : '';
}
