/**
 * What can be wrong with a SIP message, and the status it is refused with. The one table of the codec:
 * `SipErrorCode` is its keys. Codes are stable; sentences may change.
 */
export const sipErrors = {
  'start-line': { status: 400, about: 'The first line is no SIP request line or status line.' },
  'start-line-too-long': { status: 400, about: 'The first line is longer than the limit.' },
  version: { status: 505, about: 'The SIP version is not 2.0.' },
  header: { status: 400, about: 'A line of the head is no header field.' },
  'header-too-long': { status: 400, about: 'A header field, with its folded lines, is longer than the limit.' },
  'too-many-headers': { status: 400, about: 'There are more header fields than the limit.' },
  'message-too-large': { status: 513, about: 'The message is larger than the limit.' },
  'content-length': { status: 400, about: 'Content-Length is missing, repeated or not 1 to 9 digits.' },
  'bare-character': { status: 400, about: 'NUL, or CR or LF without the other, in the head.' },
  incomplete: { status: 400, about: 'The bytes end before the message does, or after it.' },
  uri: { status: 400, about: 'A URI breaks its grammar.' },
  scheme: { status: 416, about: 'The Request-URI is neither sip, sips nor tel.' },
  address: { status: 400, about: 'A name-addr or addr-spec breaks its grammar.' },
  via: { status: 400, about: 'A Via value breaks its grammar.' },
  cseq: { status: 400, about: 'CSeq breaks its grammar or names another method.' },
  'max-forwards': { status: 400, about: 'Max-Forwards is not a number from 0 to 255.' },
  'call-id': { status: 400, about: 'Call-ID breaks its grammar.' },
  'missing-header': { status: 400, about: 'A header field that every message needs is missing.' },
  'repeated-header': { status: 400, about: 'A header field that may appear once appears again.' },
  value: { status: 500, about: 'A text of ours may not be put into a message (CR, LF, NUL, or no token).' },
} as const satisfies Record<string, { status: number; about: string }>;

/** What is wrong with a message: a key of `sipErrors`, which has the status to refuse it with. */
export type SipErrorCode = keyof typeof sipErrors;

/**
 * The only error the codec throws. `code` is for programs, `status` is the response a request is refused with, and `message` is
 * plain printable ASCII without a peer's raw text: safe to send and to log.
 */
export class SipError extends Error {
  readonly code: SipErrorCode;
  readonly status: number;

  constructor(code: SipErrorCode, message: string = sipErrors[code].about) {
    super(message);
    this.name = 'SipError';
    this.code = code;
    this.status = sipErrors[code].status;
  }
}
