import type { Timed } from '@guildhall/chassis/wheel';
import type { TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import type { Sender } from '@guildhall/proto/sip/received';
import type { Kind, State } from './client-transaction.js';
import type { RunningCourse } from './course.js';
import type { Link, Member, MemberProxy } from './member.js';
import type { Back } from './outcomes.js';
import type { ViaPlaces } from './sender-via.js';

/** One forward in the relay's hands: a client transaction, or an ACK on its way. Made whole, so that all have one shape. */
export interface Transaction extends Timed<Transaction>, RunningCourse, ViaPlaces {
  readonly kind: Kind;
  /** Of the request, as sent. */
  readonly method: string;
  /** The ingress's transaction id, its incarnation and the loop hash: the branch is made of them. By the first two it is filed, and a second copy of the forward known. */
  readonly number: number;
  readonly epoch: string;
  readonly loop: number;
  /** Where its outcome goes. */
  readonly back: Back;
  readonly member: Member;
  readonly recordRoute: string;
  readonly source: Sender;
  /** The request as it came. At first a view into its batch; after a while a copy, so that one slow answer does not pin a whole batch. */
  bytes: Buffer;
  bytesAreOwn: boolean;
  state: State;
  /** How many proxies were written to before this one: the last part of the branch. */
  attempt: number;
  /** The proxy it is with, and those it was with before. */
  proxy: MemberProxy | undefined;
  earlier: readonly MemberProxy[];
  /** Written under the present branch. */
  written: boolean;
  /** Written again to the same proxy after its connection was lost. */
  resends: number;
  /** A provisional response to the present try came: the far side has begun. */
  begun: boolean;
  link: Link | undefined;
  /** Bits of Failure. */
  failures: number;
  /** Counted in its member's budget. */
  admitted: boolean;
  /** It is among the `inFlight` of its member: from its arrival until it ends or is answered 2xx. */
  counted: boolean;
  /** ms its sender waits, and monotonic ms when that ends; 0 for `tryUntil`: this try may take all of it. */
  readonly wait: number;
  dueAt: number;
  tryUntil: number;
  /** Reason header value of the CANCEL that came, or ''. */
  cancelReason: string;
  /** Of an INVITE: tries that were written and had no final answer yet, and those of them that were cancelled though another one counts, as bits. */
  open: number;
  calledOff: number;
  /** Bytes of responses passed on besides the first final one. */
  passedBytes: number;
  /** Of the trace that is made of it; nearly always undefined. */
  readonly trace: TracedForward | undefined;
}

/** What a forward says, before anything is known of its way. */
export type Given = Pick<
  Transaction,
  | 'kind'
  | 'method'
  | 'number'
  | 'epoch'
  | 'loop'
  | 'back'
  | 'member'
  | 'recordRoute'
  | 'source'
  | 'bytes'
  | 'wait'
  | 'arrivedAt'
  | 'dueAt'
  | 'trace'
>;

const none: readonly MemberProxy[] = [];

/** A transaction that waits for its first try; it is not filed anywhere yet. */
export function newTransaction(given: Given): Transaction {
  return {
    wheelNext: undefined,
    wheelPrevious: undefined,
    wheelSlot: -1,
    wheelDue: 0,
    kind: given.kind,
    method: given.method,
    number: given.number,
    epoch: given.epoch,
    loop: given.loop,
    back: given.back,
    member: given.member,
    recordRoute: given.recordRoute,
    source: given.source,
    bytes: given.bytes,
    bytesAreOwn: false,
    viaAt: 0,
    viaEnd: 0,
    viasEnd: 0,
    state: 'waiting',
    attempt: 0,
    proxy: undefined,
    earlier: none,
    written: false,
    resends: 0,
    begun: false,
    link: undefined,
    failures: 0,
    admitted: false,
    counted: false,
    wait: given.wait,
    dueAt: given.dueAt,
    tryUntil: 0,
    cancelReason: '',
    open: 0,
    calledOff: 0,
    passedBytes: 0,
    trace: given.trace,
    address: '',
    tries: 0,
    waited: 0,
    took: 0,
    told: false,
    arrivedAt: given.arrivedAt,
    firstAt: 0,
    lastAt: 0,
  };
}

/** Proxies a transaction must not be tried on again, the present one included. */
export function triedBy(transaction: Transaction): readonly MemberProxy[] {
  return transaction.proxy === undefined ? transaction.earlier : [...transaction.earlier, transaction.proxy];
}

/** More tries than bits are not told apart: a member has fewer proxies. */
const countedTries = 31;

/** A try of an INVITE was written. */
export function openTry(transaction: Transaction, attempt: number): void {
  if (transaction.kind === 'invite' && attempt < countedTries) transaction.open |= 1 << attempt;
}

/** It has its final answer. */
export function closeTry(transaction: Transaction, attempt: number): void {
  if (attempt < countedTries) transaction.open &= ~(1 << attempt);
}

/** Whether an answer to this try is none that is waited for: another one counts, or its sender has its end. */
export function isGivenUp({ state, open, attempt: present }: Transaction, attempt: number): boolean {
  return attempt !== present || state === 'abandoned' || (state === 'accepted' && attempt < countedTries && (open & (1 << attempt)) !== 0);
}

/** Whether a CANCEL of a try that was given up is still to be said: once is enough, and only what is open has an end to come. */
export function mayCallOff({ open, calledOff }: Transaction, attempt: number): boolean {
  return attempt < countedTries && (open & ~calledOff & (1 << attempt)) !== 0;
}

/** Its sender cancelled it. */
export function isCalledOff({ state }: Transaction): boolean {
  return state === 'cancel-waiting' || state === 'cancel-again' || state === 'cancelling';
}

/** It was cancelled, and a provisional response came: nothing but its CANCEL is to be said. */
export function saysCancelOnly(transaction: Transaction): boolean {
  return transaction.begun && isCalledOff(transaction);
}

/** Whether a link to this proxy is up or may come up again. */
export function mayReturn(proxy: MemberProxy | undefined): proxy is MemberProxy {
  return proxy !== undefined && Number.isFinite(proxy.restsFor());
}

/** The link it was written to; where that was lost since and something was heard all the same, another one to its proxy. */
export function wayTo({ link, proxy, number }: Transaction): Link | undefined {
  return link ?? proxy?.ready(number);
}

/** The way of a member that only dials out through whatever ingress holds a connection of it now. */
export function reverseWay({ member, number }: Transaction): MemberProxy | undefined {
  return member.proxies.find((proxy) => proxy.through !== undefined && proxy.ready(number) !== undefined);
}

/** A link to the proxy of this try, present or given up; to a member that only dials out any that there is. */
export function wayToTry(transaction: Transaction, attempt: number): Link | undefined {
  const { earlier, proxy, number } = transaction;
  // Proxies that were never written to have no number of their own.
  const its = attempt === transaction.attempt ? proxy : earlier.length === transaction.attempt ? earlier[attempt] : undefined;
  return its?.ready(number) ?? reverseWay(transaction)?.ready(number);
}

/** It waits for nothing any more that could keep its member from being asked. */
export function uncount(transaction: Transaction): void {
  if (!transaction.counted) return;
  transaction.counted = false;
  transaction.member.inFlight -= 1;
}
