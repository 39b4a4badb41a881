import type { Bus } from '@guildhall/chassis/bus';
import {
  Ask,
  Door,
  DoorRequest,
  type TokenKey,
  TokenKeys,
  TokenKeysRequest,
  TrustPage,
  TrustRequest,
  Verdict,
} from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import { decide } from '../decision/decide.js';
import type { Decision } from '../decision/hearing.js';
import type { Membership } from '../decision/membership.js';
import { verdictOf } from '../decision/verdict.js';
import type { DecisionTraces } from './decision-traces.js';
import { doorOf } from './door.js';
import { trustPage } from './trust.js';

/** What is asked over the bus. */
export const questions = ['ask', 'door', 'trust', 'token-keys'] as const;
/** A kind of question, as figures name it. */
export type Question = (typeof questions)[number];

/** What the answers are made of. */
export interface Sources {
  membership(): Membership | undefined;
  tokenKeys(): readonly TokenKey[];
  /** Time of day in ms. */
  wall(): number;
  /** Whether something is worth waiting for before an ask is answered: resolves to the ms for which a refusal then holds. Undefined: nothing is. */
  meet?(ask: Ask, decision: Decision): Promise<number> | undefined;
  /** Spans of decisions. Default: none. */
  readonly traces?: DecisionTraces;
}

/** What is told about questions, for figures. */
export interface QuestionListener {
  decided(decision: Decision): void;
  answered(question: Question): void;
  /** The payload was no such question: nothing was answered. */
  malformed(question: Question): void;
  /** There is nothing to answer from yet: nothing was answered, the asker tries another instance or later. */
  unanswerable(question: Question): void;
}

type Traced = ReturnType<DecisionTraces['begin']>;

/** A page of trust is kept below this and below what NATS takes. */
const pageBytes = 400 * 1024;

/**
 * Answers the questions of ingress and relay, sharing them with other instances in a queue group. A payload that cannot be
 * read is counted and left without an answer. Returns how to stop in order:
 * what NATS has given to this instance already is still answered.
 */
export function answerQuestions(
  bus: Bus,
  { membership, tokenKeys, wall, meet, traces }: Sources,
  listener: QuestionListener,
): () => Promise<void> {
  const maxPage = Math.min(pageBytes, bus.maxPayload - 1024);

  /** Subscribes to one question: `read` throws on bytes that are none, `answer` gives undefined when it cannot know. */
  const on = <T>(
    question: Question,
    subject: string,
    read: (payload: Uint8Array) => T,
    answer: (asked: T, trace: string | undefined) => Uint8Array | Promise<Uint8Array> | undefined,
  ) =>
    bus.subscribe(
      subject,
      (payload, reply, trace) => {
        let asked: T;
        try {
          asked = read(payload);
        } catch {
          listener.malformed(question);
          return;
        }
        const answered = answer(asked, trace);
        if (answered === undefined) {
          listener.unanswerable(question);
          return;
        }
        listener.answered(question);
        if (answered instanceof Uint8Array) reply?.(answered);
        else void answered.then(reply);
      },
      policyQueue,
    );

  const verdict = (decision: Decision, { version }: Membership, traced: Traced): Uint8Array => {
    listener.decided(decision);
    traced?.(decision, version);
    return Verdict.encode(verdictOf(decision, version)).finish();
  };

  /** Decides anew after the wait; a refusal that is left holds for so long at most. */
  const later = async (ask: Ask, before: Membership, wait: Promise<number>, traced: Traced): Promise<Uint8Array> => {
    const most = await wait;
    const inForce = membership() ?? before;
    const decision = decide(inForce, ask, wall());
    const holdsFor = decision.holdsFor === 0 ? most : Math.min(decision.holdsFor, most);
    return verdict(decision.action === 'refuse' ? { ...decision, holdsFor } : decision, inForce, traced);
  };

  const stops = [
    on('ask', subjects.ask, Ask.decode, (ask, trace) => {
      const inForce = membership();
      if (inForce === undefined) return undefined;
      const traced = trace === undefined ? undefined : traces?.begin(trace);
      const decision = decide(inForce, ask, wall());
      const wait = meet?.(ask, decision);
      return wait === undefined ? verdict(decision, inForce, traced) : later(ask, inForce, wait, traced);
    }),
    on('door', subjects.door, DoorRequest.decode, ({ member }) => {
      const inForce = membership();
      return inForce === undefined ? undefined : Door.encode(doorOf(inForce, member)).finish();
    }),
    on('trust', subjects.trust, TrustRequest.decode, (request) => {
      const inForce = membership();
      return inForce === undefined ? undefined : TrustPage.encode(trustPage(inForce, request, maxPage)).finish();
    }),
    on('token-keys', subjects.tokenKeys, TokenKeysRequest.decode, () => {
      const keys = tokenKeys();
      return keys.length === 0 ? undefined : TokenKeys.encode({ keys: [...keys] }).finish();
    }),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop.inOrder()));
  };
}
