import type { ReasonCode } from '@guildhall/proto/reason';
import { SipError } from '@guildhall/proto/sip/sip-error';

/** Ways in which a try at one proxy ends without an answer for the sender, as bits: a transaction collects them. */
export const Failure = {
  /** Refused, timed out, lost, or silent for longer than a try may take. */
  unreachable: 1,
  /** Its certificate was not accepted. */
  untrusted: 2,
  /** It answered 503. */
  overloaded: 4,
} as const;

/** Why no outcome with bytes will come: a code of the reason table and the sentence for this case. */
export interface Loss {
  readonly code: ReasonCode;
  readonly sentence: string;
}

/**
 * What the sender is told when no proxy is left: one member's trouble, never the hub's (503 isolation, RFC 3261 16.7
 * step 6). `failures` are the bits of all proxies tried or found resting; 0: there was none to try.
 */
export function lossOf(member: string, failures: number): Loss {
  if ((failures & Failure.overloaded) !== 0) {
    const rest = (failures & ~Failure.overloaded) !== 0 ? ', and the others could not be reached' : '';
    return { code: 'member-overloaded', sentence: `the proxies of ${member} answered 503${rest}` };
  }
  if (failures === Failure.untrusted) {
    return { code: 'member-untrusted', sentence: `the proxy of ${member} did not prove who it is: its certificate was not accepted` };
  }
  if (failures === 0) return { code: 'member-unreachable', sentence: `${member} has no connection to the hub at the moment` };
  return { code: 'member-unreachable', sentence: `no proxy of ${member} could be reached` };
}

/** The other ways to end. */
export const losses = {
  queueFull: (member: string): Loss => ({ code: 'member-queue-full', sentence: `too much waits for ${member} already` }),
  tooMany: (member: string): Loss => ({ code: 'member-queue-full', sentence: `too many requests wait for an answer of ${member} already` }),
  shut: (member: string): Loss => ({ code: 'target-not-active', sentence: `${member} is no active member` }),
  silent: (member: string): Loss => ({ code: 'no-answer', sentence: `${member} answered 408: somebody behind it was silent` }),
  notLocated: (sentence: string): Loss => ({ code: 'member-not-located', sentence }),
  /** `error` is what was found, if it was the codec that did. */
  badAnswer: (member: string, error?: SipError): Loss => ({
    code: 'bad-gateway',
    sentence: `the answer of ${member} ${error?.code === 'message-too-large' ? 'is larger than the hub passes on' : 'could not be understood'}`,
  }),
  cancelled: (member: string): Loss => ({ code: 'cancelled', sentence: `cancelled before ${member} was reached` }),
  hubFull: { code: 'hub-overloaded', sentence: 'the hub has as many transactions in flight as it can hold' } satisfies Loss,
  noDoor: { code: 'hub-unavailable', sentence: 'the hub could not look up the way to the member' } satisfies Loss,
  /** What an ingress took and this relay does not: their limits differ. */
  badRequest: (error: unknown): Loss =>
    error instanceof SipError && error.code === 'message-too-large'
      ? { code: 'message-too-large', sentence: 'the request is larger than the relay of its target passes on' }
      : { code: 'bad-message', sentence: 'the request could not be read again where it was to be sent' },
} as const;
