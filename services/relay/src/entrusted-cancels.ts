import type { Message } from '@guildhall/proto/sip/message';
import { writeCancel } from '@guildhall/proto/sip/request';
import { SipError } from '@guildhall/proto/sip/sip-error';
import type { Link } from './member.js';

/** The incarnation of an ingress that has a request. */
export interface HolderName {
  readonly id: string;
  readonly epoch: string;
}

/**
 * INVITEs that the relay answered itself though the ingress that has them may live. It knows nothing of that answer, and what rings there would ring on:
 * it is told to cancel as soon as it is there.
 */
export interface EntrustedCancels {
  /** The relay has answered this; what is no INVITE needs nothing. */
  take(request: Message, link: Link, holder: HolderName, now: number): void;
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

interface Left {
  readonly link: Link;
  readonly holder: HolderName;
  readonly text: Buffer;
  readonly until: number;
}

/** Nothing is remembered yet; beyond `most` the oldest is forgotten. */
export function createEntrustedCancels({ most, epochOf, say }: EntrustedCancelsDesk): EntrustedCancels {
  const waiting = new Set<Left>();

  /** Whether nothing more is to be done about it. */
  const settle = ({ link, holder, text, until }: Left, now: number): boolean => {
    const epoch = epochOf(holder.id);
    if (epoch === holder.epoch) say(link, holder.id, text);
    // An incarnation that is gone has left nothing to cancel by.
    return epoch !== undefined || now >= until;
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
      const left: Left = { link, holder, text, until: now + lifetime };
      if (settle(left, now)) return;
      waiting.add(left);
      const [oldest] = waiting;
      if (oldest !== undefined && waiting.size > most) waiting.delete(oldest);
    },
    tend(now) {
      for (const left of waiting) if (settle(left, now)) waiting.delete(left);
    },
  };
}
