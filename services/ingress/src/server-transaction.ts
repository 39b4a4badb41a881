/**
 * The server transaction of a proxy, RFC 3261 17.2 over a reliable transport (so without Timers G and I, and with Timer J zero) and
 * with the Accepted state of RFC 6026. Pure: the table says what to do, others do it.
 */
export type TransactionState =
  /** No INVITE, no final response yet. */
  | 'trying'
  /** An INVITE: 100 was sent, no final response yet. */
  | 'proceeding'
  /** An INVITE answered 2xx: further 2xx pass until the time is over. */
  | 'accepted'
  /** An INVITE answered 300 to 699: waits for its ACK. */
  | 'completed'
  | 'done';

/** What can happen to a transaction. */
export type TransactionEvent =
  /** The same request again. */
  | 'request'
  | 'ack'
  /** A 101 to 199. */
  | 'provisional'
  | 'success'
  /** A 300 to 699. */
  | 'failure'
  | 'timeout';

/** What is to be done about it. */
export type TransactionEffect =
  /** Send the response to the peer. */
  | 'send'
  /** Send the last response once more. */
  | 'resend'
  /** Nothing leaves. */
  | 'absorb'
  /** Pass the ACK on as that of a 2xx. */
  | 'pass'
  /** Answer 504, and cancel what was forwarded if it is an INVITE. */
  | 'give-up'
  /** Nothing is left to wait for. */
  | 'end'
  /** A response nobody waits for: drop and count it (RFC 6026 7.1). */
  | 'stray';

/** Where an event leads and what it asks for. */
export interface Step {
  readonly state: TransactionState;
  readonly effect: TransactionEffect;
}

const step = (state: TransactionState, effect: TransactionEffect): Step => ({ state, effect });

const table: Readonly<Record<TransactionState, Readonly<Record<TransactionEvent, Step>>>> = {
  trying: {
    request: step('trying', 'absorb'),
    ack: step('trying', 'absorb'),
    // RFC 4320 4.1: no provisional but 100 to anything but INVITE.
    provisional: step('trying', 'stray'),
    success: step('done', 'send'),
    failure: step('done', 'send'),
    timeout: step('done', 'give-up'),
  },
  proceeding: {
    request: step('proceeding', 'resend'),
    ack: step('proceeding', 'absorb'),
    provisional: step('proceeding', 'send'),
    success: step('accepted', 'send'),
    failure: step('completed', 'send'),
    timeout: step('completed', 'give-up'),
  },
  accepted: {
    request: step('accepted', 'absorb'),
    // RFC 6026 7.1: an ACK that matches in this state goes up to the proxy core.
    ack: step('accepted', 'pass'),
    provisional: step('accepted', 'stray'),
    success: step('accepted', 'send'),
    failure: step('accepted', 'stray'),
    timeout: step('done', 'end'),
  },
  completed: {
    request: step('completed', 'resend'),
    ack: step('done', 'absorb'),
    provisional: step('completed', 'stray'),
    success: step('completed', 'stray'),
    failure: step('completed', 'stray'),
    timeout: step('done', 'end'),
  },
  done: {
    request: step('done', 'absorb'),
    ack: step('done', 'absorb'),
    provisional: step('done', 'stray'),
    success: step('done', 'stray'),
    failure: step('done', 'stray'),
    timeout: step('done', 'absorb'),
  },
};

/** The state in which a transaction begins. */
export function firstState(method: string): TransactionState {
  return method === 'INVITE' ? 'proceeding' : 'trying';
}

/** What an event does to a transaction. Total: every state answers every event. Allocates nothing. */
export function transition(state: TransactionState, event: TransactionEvent): Step {
  return table[state][event];
}

/** The event that a response is. */
export function responseEvent(status: number): 'provisional' | 'success' | 'failure' {
  if (status < 200) return 'provisional';
  return status < 300 ? 'success' : 'failure';
}

/** Whether the peer still waits for a final response. */
export function unanswered(state: TransactionState): boolean {
  return state === 'trying' || state === 'proceeding';
}
