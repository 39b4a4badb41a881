import { Header } from '@guildhall/proto/sip/header-name';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValueEnd, headerValueStart, parseMessage } from '@guildhall/proto/sip/message';
import { withOverload } from '@guildhall/proto/sip/overload-control';
import { SipError } from '@guildhall/proto/sip/sip-error';

/** The relay has read it within limits of its own. */
const anySize: SipLimits = { messageBytes: 2 ** 24, headers: 2 ** 16, headerLineBytes: 2 ** 24, startLineBytes: 2 ** 16 };

/**
 * The response in from[start, end) as latin1 text, its topmost Via with these parameters (RFC 7339) in place of what the far side wrote of overload:
 * that would be about somebody else. Undefined where its Via cannot be read, by its receiver neither.
 */
export function responseWithOverload(from: Buffer, start: number, end: number, parameters: string): string | undefined {
  try {
    const response = parseMessage(from, anySize, start, end);
    const top = firstHeader(response, Header.via);
    if (top < 0) return undefined;
    const valueStart = headerValueStart(response, top);
    const valueEnd = headerValueEnd(response, top);
    const { head } = response;
    const via = withOverload(head.slice(valueStart, valueEnd), parameters);
    return via === undefined ? undefined : head.slice(0, valueStart) + via + from.toString('latin1', start + valueEnd, end);
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}
