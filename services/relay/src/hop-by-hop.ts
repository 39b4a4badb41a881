import type { SipLimits } from '@guildhall/proto/sip/limits';
import { bodyBytes, type Message, parseMessage } from '@guildhall/proto/sip/message';
import { writeAck, writeCancel } from '@guildhall/proto/sip/request';
import { SipError } from '@guildhall/proto/sip/sip-error';
import type { Events } from './events.js';
import type { Link } from './member.js';
import { editedHead, type Here, rewrite } from './rewrite.js';
import type { Transaction } from './transaction.js';
import { branchOf } from './transactions.js';

/** The requests a relay sends of its own for an INVITE it forwarded. Rare: what was sent is made again from what came. */
export interface HopByHop {
  /** CANCEL of the try with this number (RFC 3261 9.1). Returns whether it could be written. */
  cancel(transaction: Transaction, link: Link | undefined, attempt: number): boolean;
  /** ACK of a final response other than 2xx to that try (17.1.1.3). */
  ack(transaction: Transaction, response: Message, link: Link | undefined, attempt: number): void;
}

const nothing = Buffer.alloc(0);

/** Writes them to the link of the try; one that is down or has no room gets nothing. */
export function createHopByHop(here: Here, limits: SipLimits, events: Events): HopByHop {
  /** The INVITE as the far side saw it. */
  const asSent = (transaction: Transaction, attempt: number): Message => {
    const came = parseMessage(transaction.bytes, limits);
    const { recordRoute, source } = transaction;
    const edited = rewrite(came, { here, branch: branchOf(transaction, attempt), recordRoute, source });
    // One more Via and Record-Route may take it just over the limits: it was sent all the same.
    const roomy = { ...limits, messageBytes: limits.messageBytes * 2, headers: limits.headers + 4 };
    return parseMessage(Buffer.concat([Buffer.from(editedHead(came, edited), 'latin1'), bodyBytes(came)]), roomy);
  };
  const write = (link: Link | undefined, text: () => string): boolean => {
    if (link === undefined || !link.isUp() || !link.hasRoom()) return false;
    try {
      link.write(text(), nothing, 0, 0);
      return true;
    } catch (error) {
      if (error instanceof SipError) return false;
      throw error;
    }
  };
  return {
    cancel(transaction, link, attempt) {
      const reason = transaction.cancelReason === '' ? undefined : transaction.cancelReason;
      const done = write(link, () => writeCancel(asSent(transaction, attempt), reason));
      if (done) events.cancelsSent += 1;
      return done;
    },
    ack(transaction, response, link, attempt) {
      if (write(link, () => writeAck(asSent(transaction, attempt), response))) events.acksSent += 1;
    },
  };
}
