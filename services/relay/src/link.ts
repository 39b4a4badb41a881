/**
 * The life of one connection to a member's proxy, as a table of pure transitions. Sockets, clocks and chance are the
 * caller's: `stepLink(state, input)` says the next state and what to do about it, in order.
 */
export type LinkState =
  /** No connection, and none wanted so far. */
  | { readonly kind: 'idle'; readonly failures: number }
  /** Dialling since `since`. `again`: an established connection was lost, and this is the immediate redial. */
  | { readonly kind: 'connecting'; readonly failures: number; readonly since: number; readonly again: boolean }
  /** Handshake done and the far end is who it should be. `probedAt`: when a sign of life was last asked for, 0: never. */
  | { readonly kind: 'up'; readonly failures: number; readonly since: number; readonly probedAt: number }
  /** It failed; nobody dials before `until`. */
  | { readonly kind: 'backoff'; readonly failures: number; readonly until: number; readonly fault: LinkFault }
  /** Not to be used any more. */
  | { readonly kind: 'closed' };

/** Why there is no connection. */
export type LinkFault = 'unreachable' | 'untrusted';

/** Times in ms, `now` monotonic. */
export type LinkInput =
  /** Something is to be sent. */
  | { readonly kind: 'wanted'; readonly now: number }
  /** The handshake is done and the certificate accepted. */
  | { readonly kind: 'opened'; readonly now: number }
  /** Dialling failed, or the certificate was not accepted. 0 <= random < 1. */
  | { readonly kind: 'refused'; readonly fault: LinkFault; readonly now: number; readonly random: number }
  /** The established connection ended. `heard`: something had come in on it. `wanted`: there is something to send or to wait for. */
  | { readonly kind: 'lost'; readonly now: number; readonly heard: boolean; readonly wanted: boolean; readonly random: number }
  /** Its far end is not, or not any more, who it should be. */
  | { readonly kind: 'distrusted'; readonly now: number; readonly random: number }
  /** What certificates are judged by has changed: who was refused may be good. */
  | { readonly kind: 'reconsidered'; readonly now: number }
  /**
   * Time passed. `heardAt`: when something last came in, or it came up. `takenAt`: when the far end last took something of what was written, or
   * nothing waited. `wanted`: its member is in use.
   */
  | {
      readonly kind: 'tick';
      readonly now: number;
      readonly heardAt: number;
      readonly takenAt: number;
      readonly wanted: boolean;
      readonly random: number;
    }
  /** It must not be used any more: its proxy left the door, its owner changed, or the relay drains. */
  | { readonly kind: 'unwanted' };

/** What is to be done about a connection, in the order given. */
export type LinkAction =
  /** Dial. */
  | 'connect'
  /** What waits can be written. */
  | 'flush'
  /** What waits must find another way. */
  | 'fail'
  /** What was written and not answered waits for the redial. */
  | 'requeue'
  /** What was written and not answered must find another way. */
  | 'orphan'
  /** Ask for a sign of life. */
  | 'probe'
  /** Drop the socket at once. */
  | 'destroy'
  /** Close the connection in order (close_notify). */
  | 'end';

/** Times of a link, ms. */
export interface LinkTiming {
  /** How long a first dial, handshake included, may take. */
  readonly connect: number;
  /** The same for the redial of a lost connection, while others wait for the answer. */
  readonly reconnect: number;
  /** Silence after which a probe is sent. */
  readonly probe: number;
  /** Silence after which the connection counts as dead; so long may it take nothing of what is written, too. */
  readonly dead: number;
  /** Backoff: the first wait, and the longest. */
  readonly backoffFirst: number;
  readonly backoffMost: number;
}

/** What an input leads to. */
export interface LinkStep {
  readonly state: LinkState;
  readonly actions: readonly LinkAction[];
}

/** A connection that lived so long was a good one, ms. */
const steady = 1000;

/** Where every link begins. */
export const idle: LinkState = { kind: 'idle', failures: 0 };
const closed: LinkState = { kind: 'closed' };

/** The next state and what to do. An input that means nothing in a state leaves it as it is. */
export function stepLink(state: LinkState, input: LinkInput, timing: LinkTiming): LinkStep {
  switch (state.kind) {
    case 'idle':
      if (input.kind === 'wanted') return connect(state.failures, input.now, false);
      if (input.kind === 'tick' && input.wanted) return connect(state.failures, input.now, false);
      return input.kind === 'unwanted' ? { state: closed, actions: ['fail'] } : stay(state);
    case 'connecting':
      return whileConnecting(state, input, timing);
    case 'up':
      return whileUp(state, input, timing);
    case 'backoff':
      // What waits for the end of the rest is not to wait for a dial that never comes.
      if (input.kind === 'unwanted') return { state: closed, actions: ['fail'] };
      if (input.kind === 'reconsidered' && state.fault === 'untrusted') return stay({ ...state, failures: 0, until: input.now });
      if ((input.kind === 'wanted' || (input.kind === 'tick' && input.wanted)) && input.now >= state.until) {
        return connect(state.failures, input.now, false);
      }
      return stay(state);
    case 'closed':
      return stay(state);
  }
}

/** How long to leave a proxy alone after its nth failure in a row: doubling, half of it left to chance. */
export function backoff(failures: number, timing: LinkTiming, random: number): number {
  const whole = Math.min(timing.backoffMost, timing.backoffFirst * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return whole * (0.5 + random / 2);
}

function whileConnecting(state: Extract<LinkState, { kind: 'connecting' }>, input: LinkInput, timing: LinkTiming): LinkStep {
  switch (input.kind) {
    case 'opened':
      return { state: { kind: 'up', failures: state.failures, since: input.now, probedAt: 0 }, actions: ['flush'] };
    case 'refused':
      return fall(state.failures, input.fault, input.now, input.random, timing, ['destroy', 'orphan', 'fail']);
    case 'lost':
      return fall(state.failures, 'unreachable', input.now, input.random, timing, ['destroy', 'orphan', 'fail']);
    case 'tick':
      if (input.now - state.since < (state.again ? timing.reconnect : timing.connect)) return stay(state);
      return fall(state.failures, 'unreachable', input.now, input.random, timing, ['destroy', 'orphan', 'fail']);
    case 'unwanted':
      return { state: closed, actions: ['destroy', 'orphan', 'fail'] };
    case 'wanted':
    case 'distrusted':
    case 'reconsidered':
      return stay(state);
  }
}

function whileUp(state: Extract<LinkState, { kind: 'up' }>, input: LinkInput, timing: LinkTiming): LinkStep {
  switch (input.kind) {
    case 'lost':
      return lose(state, input, timing, []);
    case 'distrusted':
      return fall(state.failures, 'untrusted', input.now, input.random, timing, ['destroy', 'orphan', 'fail']);
    case 'tick': {
      const silence = input.now - input.heardAt;
      const heard = input.heardAt > state.since;
      // A far end that talks but does not read is as dead as one that is silent.
      if (silence >= timing.dead || input.now - input.takenAt >= timing.dead) return lose(state, { ...input, heard }, timing, ['destroy']);
      if (silence >= timing.probe && state.probedAt <= input.heardAt) {
        return { state: { ...state, probedAt: input.now }, actions: ['probe'] };
      }
      return heard && state.failures > 0 && input.now - state.since >= steady ? stay({ ...state, failures: 0 }) : stay(state);
    }
    case 'unwanted':
      return { state: closed, actions: ['end', 'orphan', 'fail'] };
    case 'wanted':
    case 'opened':
    case 'refused':
    case 'reconsidered':
      return stay(state);
  }
}

/**
 * A connection that worked is redialled at once, but not twice in a row if it never lasts. One that ended before anything
 * came in on it counts as a failure: with TLS 1.3 a far end that refuses our certificate looks just so.
 */
function lose(
  state: Extract<LinkState, { kind: 'up' }>,
  how: { readonly now: number; readonly heard: boolean; readonly wanted: boolean; readonly random: number },
  timing: LinkTiming,
  first: readonly LinkAction[],
): LinkStep {
  const lasted = how.now - state.since >= steady;
  if (!how.heard || (!lasted && state.failures > 0)) {
    return fall(state.failures, 'unreachable', how.now, how.random, timing, [...first, 'orphan', 'fail']);
  }
  if (!how.wanted) return { state: idle, actions: [...first, 'orphan', 'fail'] };
  return {
    state: { kind: 'connecting', failures: lasted ? 0 : 1, since: how.now, again: true },
    actions: [...first, 'requeue', 'connect'],
  };
}

function connect(failures: number, now: number, again: boolean): LinkStep {
  return { state: { kind: 'connecting', failures, since: now, again }, actions: ['connect'] };
}

function fall(
  failures: number,
  fault: LinkFault,
  now: number,
  random: number,
  timing: LinkTiming,
  actions: readonly LinkAction[],
): LinkStep {
  const count = failures + 1;
  return { state: { kind: 'backoff', failures: count, until: now + backoff(count, timing, random), fault }, actions };
}

function stay(state: LinkState): LinkStep {
  return { state, actions: [] };
}
