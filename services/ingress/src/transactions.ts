import { createLingering } from '@guildhall/chassis/lingering';
import { createTurnoverMap } from '@guildhall/chassis/turnover-map';
import type { Timed, Wheel } from '@guildhall/chassis/wheel';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValue, headerValueEnd, headerValueStart, type Message, requestUri } from '@guildhall/proto/sip/message';
import { parseVia, type Via } from '@guildhall/proto/sip/via';
import type { RelayQueue } from './forwards.js';
import type { Member } from './members.js';
import {
  firstState,
  type TransactionEffect,
  type TransactionEvent,
  type TransactionState,
  transition,
  unanswered,
} from './server-transaction.js';
import { noStory, type Story } from './story.js';
import type { Wire } from './wire.js';

/** A request that was admitted, from its arrival to its last word. One shape for all methods: the hot path stays monomorphic. */
export interface ServerTransaction extends Timed<ServerTransaction> {
  /** What the bus calls it, and the middle of the downstream branch: 1 to 2^31 - 1, unique among those open. */
  readonly id: number;
  readonly key: string;
  readonly method: string;
  readonly wire: Wire;
  /** Other connections of its member on which the same request came: what answers it is said there too. */
  others: readonly Wire[];
  /** Monotonic ms; `deadline` is when its sender is told that nobody answered. */
  readonly openedAt: number;
  deadline: number;
  state: TransactionState;
  /** The request while it waits for its verdict; afterwards its bytes are `batch[offset, offset + length)`. */
  request: Message | undefined;
  batch: Buffer;
  offset: number;
  length: number;
  /** The relay it was handed to, and what else a second handing over needs. */
  relay: RelayQueue | undefined;
  target: string;
  recordRoute: string;
  loop: number;
  /** What its Via says of overload control: `loss`: its sender is told with each answer (RFC 7339); `other`: what the far side says of that is taken out. */
  oc: Via['overload'];
  /** An INVITE: the peer cancelled it; the CANCEL's bytes, to be forwarded again with it. */
  cancelled: boolean;
  cancel: Buffer | undefined;
  /** An INVITE that rang until Timer C: cancelled by the hub, and what ends it is told as 504 unless it is a 2xx. */
  expired: boolean;
  /** An INVITE: the last response sent, latin1, for a peer that repeats itself. */
  last: string;
  /** What its record and its trace will be made of. */
  story: Story;
}

/** How long a transaction waits for what. */
export interface TransactionTimes {
  /** ms to the 100 and to the answer of anything but INVITE, to that of INVITE (Timer C), and from an INVITE's answer to its ACK. */
  readonly trying: number;
  readonly final: number;
  readonly timerC: number;
  readonly acknowledge: number;
}

/** The server transactions of this instance. */
export interface Transactions {
  find(key: string): ServerTransaction | undefined;
  byId(id: number): ServerTransaction | undefined;
  /** Opens one and counts it as in flight. The caller has asked `find` and the limits. */
  open(key: string, request: Message, wire: Wire, now: number): ServerTransaction;
  /** Lets an event happen and keeps tables, timers and counts in step; the effect is the caller's to carry out. */
  advance(transaction: ServerTransaction, event: TransactionEvent, now: number): TransactionEffect;
  /** The peer cancelled: whatever comes, comes within 64 * T1 (RFC 3261 9.1). */
  shorten(transaction: ServerTransaction, now: number): void;
  /** It was looked at before its deadline, and waits for that now. */
  waitOn(transaction: ServerTransaction): void;
  /** Timer C fired while it rang: 64 * T1 for what comes of the hub's CANCEL. */
  expire(transaction: ServerTransaction, now: number): void;
  /** A number for something that is no transaction but needs a branch of its own. */
  freshId(): number;
  all(): Iterable<ServerTransaction>;
  size(): number;
  /** Those without a final response. */
  inFlight(): number;
}

const nothing = Buffer.alloc(0);
const nowhere: readonly Wire[] = [];
const lastId = 0x7fff_ffff;

/**
 * `wheel` must call back with what is due; it holds every open transaction. Of INVITEs that were answered 2xx so many are known at most: beyond them
 * the oldest is forgotten before its time, which costs a 2xx that its far side may say again, where to refuse the next call would cost that.
 */
export function createTransactions(times: TransactionTimes, wheel: Wheel<ServerTransaction>, mostAccepted = 100_000): Transactions {
  const byKey = createTurnoverMap<string, ServerTransaction>();
  const byId = createTurnoverMap<number, ServerTransaction>();
  let id = 0;
  let inFlight = 0;
  const lingering = createLingering<ServerTransaction>(({ state }) => state === 'done');
  let accepted = 0;

  const forget = (transaction: ServerTransaction): void => {
    wheel.remove(transaction);
    byKey.delete(transaction.key);
    byId.delete(transaction.id);
  };

  const keepAccepted = (transaction: ServerTransaction): void => {
    lingering.add(transaction);
    accepted += 1;
    const oldest = accepted > mostAccepted ? lingering.oldest() : undefined;
    if (oldest === undefined) return;
    accepted -= 1;
    oldest.state = 'done';
    forget(oldest);
  };

  const freshId = (): number => {
    do id = id === lastId ? 1 : id + 1;
    while (byId.has(id));
    return id;
  };

  return {
    find: (key) => byKey.get(key),
    byId: (number) => byId.get(number),
    freshId,
    all: () => byId.values(),
    size: byId.size,
    inFlight: () => inFlight,
    open(key, request, wire, now) {
      const state = firstState(request.method);
      const deadline = now + (state === 'trying' ? times.final : times.timerC);
      const transaction: ServerTransaction = {
        wheelNext: undefined,
        wheelPrevious: undefined,
        wheelSlot: -1,
        wheelDue: 0,
        id: freshId(),
        key,
        method: request.method,
        wire,
        others: nowhere,
        openedAt: now,
        deadline,
        state,
        request,
        batch: nothing,
        offset: 0,
        length: 0,
        relay: undefined,
        target: '',
        recordRoute: '',
        loop: 0,
        oc: '',
        cancelled: false,
        cancel: undefined,
        expired: false,
        last: '',
        story: noStory,
      };
      byKey.set(key, transaction);
      byId.set(transaction.id, transaction);
      // RFC 4320 4.1: looked at earlier, for the 100 of one that is slow.
      wheel.add(transaction, state === 'trying' ? Math.min(deadline, now + times.trying) : deadline);
      wire.inFlight += 1;
      wire.member.inFlight += 1;
      wire.member.transactions += 1;
      inFlight += 1;
      return transaction;
    },
    advance(transaction, event, now) {
      const before = transaction.state;
      const { state, effect } = transition(before, event);
      if (state === before) {
        // RFC 3261 16.7 step 2: each 101 to 199 starts Timer C anew.
        if (effect === 'send' && event === 'provisional' && !transaction.cancelled && !transaction.expired) {
          transaction.deadline = now + times.timerC;
          wheel.add(transaction, transaction.deadline);
        }
        return effect;
      }
      transaction.state = state;
      if (unanswered(before) && !unanswered(state)) {
        transaction.wire.inFlight -= 1;
        transaction.wire.member.inFlight -= 1;
        for (const other of transaction.others) other.inFlight -= 1;
        inFlight -= 1;
        if (transaction.target !== '') leavePair(transaction.wire.member, transaction.target);
      }
      if (state === 'done') {
        forget(transaction);
        if (before === 'accepted') accepted -= 1;
        else transaction.wire.member.transactions -= 1;
      } else {
        wheel.add(transaction, now + times.acknowledge);
        if (state === 'accepted') {
          transaction.wire.member.transactions -= 1;
          keepAccepted(transaction);
        }
      }
      return effect;
    },
    shorten(transaction, now) {
      if (now + times.acknowledge >= transaction.deadline) return;
      transaction.deadline = now + times.acknowledge;
      wheel.add(transaction, transaction.deadline);
    },
    waitOn: (transaction) => wheel.add(transaction, transaction.deadline),
    expire(transaction, now) {
      transaction.expired = true;
      transaction.deadline = now + times.acknowledge;
      wheel.add(transaction, transaction.deadline);
    },
  };
}

/** Notes where a transaction goes and counts it for that pair; false, and nothing changed, when so many of it wait already. Once a transaction. Hot path. */
export function enterPair(transaction: ServerTransaction, target: string, most: number): boolean {
  const { towards } = transaction.wire.member;
  const waiting = towards.get(target) ?? 0;
  if (waiting >= most) return false;
  towards.set(target, waiting + 1);
  transaction.target = target;
  return true;
}

function leavePair({ towards }: Member, target: string): void {
  const left = (towards.get(target) ?? 1) - 1;
  if (left > 0) towards.set(target, left);
  else towards.delete(target);
}

/** Lets go of the bytes a transaction was forwarded with: once it is answered nobody is handed them again. */
export function forgetRequest(transaction: ServerTransaction): void {
  transaction.request = undefined;
  transaction.batch = nothing;
  transaction.length = 0;
  transaction.cancel = undefined;
}

/**
 * What tells a peer's transactions apart (RFC 3261 17.2.3): method, sent-by and branch of the top Via, and which member it is. ACK and CANCEL
 * have the key of their INVITE. A branch without the magic cookie (RFC 2543) is not unique, so more of the request goes in.
 * The request must have passed `checkRequest`.
 */
export function transactionKey(request: Message, member: string, via: Via = topVia(request)): string {
  const { method } = request;
  const kind = method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method;
  const key = `${member} ${kind} ${via.host}:${via.port} ${via.branch}`;
  return via.branch.startsWith('z9hG4bK') ? key : `${key} ${oldKey(request)}`;
}

/** The topmost Via of a request that has passed `checkRequest`. Hot path. */
export function topVia(request: Message): Via {
  const top = firstHeader(request, Header.via);
  return parseVia(request, headerValueStart(request, top), headerValueEnd(request, top));
}

function oldKey(request: Message): string {
  const value = (id: number): string => {
    const at = firstHeader(request, id);
    return at < 0 ? '' : headerValue(request, at);
  };
  return [requestUri(request), value(Header.from), value(Header.callId), value(Header.cseq).split(/[ \t]/, 1)[0]].join(' ');
}
