import { Header, headerId } from '@guildhall/proto/sip/header-name';
import { bodyBytes, headerCount, headerLineStart, headerValue, type Message, requestUri, wireBytes } from '@guildhall/proto/sip/message';
import type { Line } from './line.js';

/** A message that an actor heard, with the line it came on. */
export interface Received {
  /** A copy of the bytes as they came. */
  readonly bytes: Buffer;
  /** The same as latin1 text: one character a byte. */
  readonly text: string;
  /** '' for a response. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  /** Request-URI; '' for a response. */
  readonly uri: string;
  readonly body: string;
  readonly line: Line;
  /** Value of the first such header field, '' where there is none; compact forms count. */
  header(name: string): string;
  /** Values of all such header fields from top to bottom, one a field. */
  headers(name: string): readonly string[];
}

/** Copies a message out of the reader's buffer. */
export function received(message: Message, line: Line): Received {
  const bytes = Buffer.from(wireBytes(message));
  const headers = (name: string) => {
    const found: string[] = [];
    for (let index = 0; index < headerCount(message); index++) if (isNamed(message, index, name)) found.push(headerValue(message, index));
    return found;
  };
  return {
    bytes,
    text: bytes.toString('latin1'),
    method: message.method,
    status: message.status,
    uri: requestUri(message),
    body: bodyBytes(message).toString('latin1'),
    line,
    headers,
    header: (name) => headers(name)[0] ?? '',
  };
}

function isNamed(message: Message, index: number, name: string): boolean {
  const start = headerLineStart(message, index);
  const written = message.head.slice(start, message.head.indexOf(':', start)).trimEnd();
  const id = headerId(name, 0, name.length);
  return id === Header.other ? written.toLowerCase() === name.toLowerCase() : headerId(written, 0, written.length) === id;
}

/** One line about a message, for a failed wait. */
export function describeReceived(message: Received): string {
  const [first = ''] = message.text.split('\r\n', 1);
  return `${first} (${['cseq', 'call-id', 'reason'].flatMap((header) => message.headers(header)).join(', ')})`;
}
