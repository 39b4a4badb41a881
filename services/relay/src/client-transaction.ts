/**
 * The client transactions of RFC 3261 17.1 over a reliable transport, with the Accepted state of RFC 6026 for INVITE: no
 * retransmissions, and timers D and K are zero, so a final response other than a 2xx to INVITE ends it at once.
 * Pure: a table from (kind, state, event) to one of a few shared steps, so a message costs two look-ups and allocates nothing.
 */

/** 'ack' is the ACK to a 2xx: it opens no transaction (RFC 3261 13.2.2.4) and ends with being written. */
export type Kind = 'invite' | 'other' | 'ack';

/** Where a client transaction stands (RFC 3261 17.1, RFC 6026 7.2). */
export type State =
  /** Not on any wire yet: its door, its link or its next try is being waited for. */
  | 'waiting'
  /** Written, and perhaps lost with its link, or written by another relay: waits to be written again under the same branch. */
  | 'again'
  /** Written, nothing heard ("Trying" of a non-INVITE too). */
  | 'calling'
  /** Cancelled while calling: the CANCEL waits for a provisional response (9.1). */
  | 'cancel-waiting'
  /** Cancelled, and not to be forgotten before somebody was told: waits for a link, for the INVITE again where it did not ring, for the CANCEL alone where it did. */
  | 'cancel-again'
  | 'proceeding'
  /** The CANCEL is on its way, the final response (487, or what crossed it) is not here yet. */
  | 'cancelling'
  /** Its sender has its end. A try that was given up may ring yet, and is cancelled then: 64*T1 after that nobody counts on it any more. */
  | 'abandoned'
  /** A 2xx to INVITE came; further ones are passed on until the deadline (RFC 6026 7.2). */
  | 'accepted'
  | 'terminated';

/** What happens to a client transaction. */
export type Event =
  /** It was written to a link. */
  | 'written'
  /** A 100. */
  | 'trying'
  /** 101 to 199. */
  | 'provisional'
  /** 2xx. */
  | 'success'
  /** 300 to 699, unless it is to be tried elsewhere. */
  | 'failure'
  /** This try is over without an answer for the sender (503, dead link, silence) and another one follows. */
  | 'retry'
  /** What was written may be lost: the same try goes on over the next link. */
  | 'again'
  /** Its sender cancelled it. */
  | 'cancel'
  /** Its due time has come. */
  | 'deadline';

/** What follows from an event. */
export interface Step {
  readonly state: State;
  /** Pass the response to the ingress. */
  readonly pass: boolean;
  /** Send the hop-by-hop ACK (RFC 3261 17.1.1.3). */
  readonly ack: boolean;
  /** Send a CANCEL with the branch of the INVITE. */
  readonly cancel: boolean;
  /** Tell the ingress that it is over because it was cancelled: the far side will not say so. */
  readonly cancelled: boolean;
}

type Doing = 'pass' | 'ack' | 'cancel' | 'cancelled';

function to(state: State, ...doing: readonly Doing[]): Step {
  return {
    state,
    pass: doing.includes('pass'),
    ack: doing.includes('ack'),
    cancel: doing.includes('cancel'),
    cancelled: doing.includes('cancelled'),
  };
}

const terminated = to('terminated');
const passOn = to('terminated', 'pass');
const failed = to('terminated', 'pass', 'ack');
const accepted = to('accepted', 'pass');
const calledOff = to('terminated', 'cancelled');
const calling = to('calling');
const waiting = to('waiting');
const again = to('again');
const cancelAgain = to('cancel-again');

type Row = Partial<Record<Event, Step>>;

const table: Record<Kind, Record<State, Row>> = {
  invite: {
    waiting: {
      written: calling,
      // A try that was given up may still be answered.
      trying: to('proceeding'),
      provisional: to('proceeding', 'pass'),
      success: accepted,
      failure: failed,
      retry: waiting,
      cancel: calledOff,
      deadline: terminated,
    },
    again: {
      written: calling,
      // The same branch may still be answered over another connection while its link is being redialled.
      trying: to('proceeding'),
      provisional: to('proceeding', 'pass'),
      success: accepted,
      failure: failed,
      retry: waiting,
      again,
      // RFC 3261 9.1: it may be ringing by now, or ring soon.
      cancel: cancelAgain,
      deadline: cancelAgain,
    },
    calling: {
      trying: to('proceeding'),
      provisional: to('proceeding', 'pass'),
      success: accepted,
      failure: failed,
      retry: waiting,
      again,
      cancel: to('cancel-waiting'),
      deadline: to('cancel-waiting'),
    },
    'cancel-waiting': {
      trying: to('cancelling', 'cancel'),
      provisional: to('cancelling', 'cancel', 'pass'),
      success: accepted,
      failure: failed,
      retry: calledOff,
      again: cancelAgain,
      deadline: terminated,
    },
    'cancel-again': {
      written: to('cancel-waiting'),
      trying: to('cancelling', 'cancel'),
      provisional: to('cancelling', 'cancel', 'pass'),
      success: accepted,
      failure: failed,
      retry: calledOff,
      again: cancelAgain,
      deadline: terminated,
    },
    proceeding: {
      provisional: to('proceeding', 'pass'),
      success: accepted,
      failure: failed,
      retry: waiting,
      again,
      cancel: to('cancelling', 'cancel'),
      // RFC 3261 16.8: Timer C, kept by ingress, a little longer here.
      deadline: to('cancelling', 'cancel'),
    },
    cancelling: {
      provisional: to('cancelling', 'pass'),
      success: accepted,
      failure: failed,
      retry: calledOff,
      again: cancelAgain,
      // RFC 3261 9.1: 64*T1 after the CANCEL nothing is waited for any more.
      deadline: terminated,
    },
    abandoned: { deadline: terminated },
    accepted: { success: accepted, deadline: terminated },
    terminated: {},
  },
  other: {
    waiting: { written: calling, trying: to('proceeding'), success: passOn, failure: passOn, retry: waiting, deadline: terminated },
    again: {
      written: calling,
      trying: to('proceeding'),
      success: passOn,
      failure: passOn,
      retry: waiting,
      again,
      deadline: terminated,
    },
    // RFC 4320 4.1: no provisional response but 100 to a non-INVITE, so none is passed on.
    calling: {
      trying: to('proceeding'),
      provisional: to('proceeding'),
      success: passOn,
      failure: passOn,
      retry: waiting,
      again,
      deadline: terminated,
    },
    proceeding: { success: passOn, failure: passOn, retry: waiting, again, deadline: terminated },
    'cancel-waiting': {},
    'cancel-again': {},
    cancelling: {},
    abandoned: {},
    accepted: {},
    terminated: {},
  },
  ack: {
    waiting: { written: terminated, retry: waiting, deadline: terminated },
    again: {},
    calling: {},
    'cancel-waiting': {},
    'cancel-again': {},
    proceeding: {},
    cancelling: {},
    abandoned: {},
    accepted: {},
    terminated: {},
  },
};

/** What an event does to a transaction of this kind in this state; undefined: nothing, the event is stray (RFC 6026 8.4) and is dropped. */
export function step(kind: Kind, state: State, event: Event): Step | undefined {
  return table[kind][state][event];
}

/** Whether a transaction in this state waits for a link. */
export function waitsForLink(state: State): boolean {
  return state === 'waiting' || state === 'again' || state === 'cancel-again';
}

/** The event a response of this status is. */
export function eventOf(status: number): Event {
  if (status >= 300) return 'failure';
  if (status >= 200) return 'success';
  return status > 100 ? 'provisional' : 'trying';
}
