import type { SipLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { SipError } from './sip-error.js';

/** The whole message that these bytes are, or what is wrong with it. */
export function readMessage(bytes: Buffer, limits: SipLimits): Message | SipError {
  try {
    return parseMessage(bytes, limits);
  } catch (error) {
    if (error instanceof SipError) return error;
    throw error;
  }
}
