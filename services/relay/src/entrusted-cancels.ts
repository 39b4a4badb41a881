import { roomyLimits } from '@guildhall/proto/sip/limits';
import type { Message } from '@guildhall/proto/sip/message';
import { readMessage } from '@guildhall/proto/sip/read-message';
import { writeCancel } from '@guildhall/proto/sip/request';
import { SipError } from '@guildhall/proto/sip/sip-error';
import type { Link } from './member.js';
import { transactionName } from './transaction-name.js';

/** The incarnation of an ingress that has a request. */
export interface HolderName {
  readonly id: string;
  readonly epoch: string;
}

/**
 * INVITEs that the relay answered itself though the ingress that has them may live. It knows nothing of that answer, and what rings there would ring on:
 * it is told to cancel as soon as it is there, until it answers that. Every `now` is monotonic ms.
 */
export interface EntrustedCancels {
  /** The relay has answered this; what is no INVITE needs nothing. */
  take(request: Message, link: Link, holder: HolderName, now: number): void;
  /** Whether this CANCEL of a link's far end is of such an INVITE, which the hub cancels anyway. */
  covers(cancel: Message, link: Link): boolean;
  /** A response of an ingress for the link with this id, which may be gone: true when it answers a CANCEL of these, and is nobody else's. */
  answered(ingress: string, link: string, response: Buffer): boolean;
  /** To be called every so often. */
  tend(now: number): void;
}

/** How much is remembered, and what is done about it. */
export interface EntrustedCancelsDesk {
  readonly most: number;
  /** The incarnation of an ingress that is there and hears this relay, or undefined. */
  epochOf(ingress: string): string | undefined;
  /** Says this to an ingress, as if it had come in on that link. */
  say(link: Link, ingress: string, text: Buffer): void;
}

/** An ingress that was away for longer has ended such an INVITE by itself: Timer C is three minutes and a little (RFC 3261 16.6 step 11), ms. */
const lifetime = 240_000;

/**
 * What was said while NATS came back may be lost unnoticed: it is said again as on a transport that loses (Timer E, RFC 3261 17.1.2.2), ms, and so often.
 * The second time comes later than there, since NATS seldom loses.
 */
const timer = { first: 1_000, longest: 4_000, most: 10 } as const;

interface Left {
  readonly link: Link;
  readonly holder: HolderName;
  readonly text: Buffer;
  /** When it is given up. */
  readonly until: number;
  /** When it is said next, if its ingress is there, and how often it was. */
  due: number;
  said: number;
}

/** Nothing is remembered yet; beyond `most` the oldest is forgotten. */
export function createEntrustedCancels({ most, epochOf, say }: EntrustedCancelsDesk): EntrustedCancels {
  const waiting = new Map<string, Left>();

  /** Whether nothing more is to be done about it. */
  const settle = (left: Left, now: number): boolean => {
    if (now >= left.until) return true;
    const epoch = epochOf(left.holder.id);
    if (epoch === undefined) return false;
    // An incarnation that is gone has left nothing to cancel by.
    if (epoch !== left.holder.epoch) return true;
    if (now < left.due) return false;
    if (left.said >= timer.most) return true;
    left.due = now + Math.min(timer.first * 2 ** left.said, timer.longest);
    left.said += 1;
    say(left.link, left.holder.id, left.text);
    return false;
  };

  return {
    take(request, link, holder, now) {
      if (request.method !== 'INVITE') return;
      let text: Buffer;
      try {
        text = Buffer.from(writeCancel(request), 'latin1');
      } catch (error) {
        if (error instanceof SipError) return;
        throw error;
      }
      const left: Left = { link, holder, text, until: now + lifetime, due: now, said: 0 };
      if (settle(left, now)) return;
      waiting.set(nameAt(link.id, transactionName(request, 'CANCEL')), left);
      const [oldest] = waiting.keys();
      if (oldest !== undefined && waiting.size > most) waiting.delete(oldest);
    },
    covers: (cancel, link) => waiting.size > 0 && waiting.has(nameAt(link.id, transactionName(cancel))),
    answered(ingress, link, response) {
      // A 1xx ends nothing: its hundred stands behind "SIP/2.0 ".
      if (waiting.size === 0 || response[8] === 0x31) return false;
      const m = readMessage(response, roomyLimits);
      if (m instanceof SipError) return false;
      const name = nameAt(link, transactionName(m));
      const left = waiting.get(name);
      if (left?.holder.id !== ingress) return false;
      // Cancelled, or over; who says anything else may not have cancelled it.
      if (m.status < 300 || m.status === 481) waiting.delete(name);
      return true;
    },
    tend(now) {
      for (const [name, left] of waiting) if (settle(left, now)) waiting.delete(name);
    },
  };
}

function nameAt(link: string, transaction: string): string {
  return `${link} ${transaction}`;
}
