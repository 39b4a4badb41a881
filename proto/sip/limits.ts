/** How much of a message the codec takes before it refuses. Every unit is bytes on the wire, but `headers`, a count. */
export interface SipLimits {
  /** The whole message: start line, head and body. */
  readonly messageBytes: number;
  /** Header fields (a field with its folded lines counts once). */
  readonly headers: number;
  /** One header field with its folded lines, without its last CRLF. */
  readonly headerLineBytes: number;
  /** The start line without its CRLF. */
  readonly startLineBytes: number;
}

/** For what another process of the hub has read already, by limits of its own. */
export const roomyLimits: SipLimits = { messageBytes: 2 ** 24, headers: 2 ** 12, headerLineBytes: 2 ** 20, startLineBytes: 2 ** 20 };

/** The limits of samples and tests; those of a hub come from its configuration. */
export const defaultLimits: SipLimits = { messageBytes: 65_536, headers: 128, headerLineBytes: 8_192, startLineBytes: 4_096 };
