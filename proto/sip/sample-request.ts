/** What tests bend: everything but the body has a sound default. Text is latin1, a character a byte. */
export interface SampleRequest {
  readonly start?: string;
  /** Whole header lines without CRLF, instead of the usual ones; Content-Length is put behind them. */
  readonly lines?: readonly string[];
  /** More lines, behind the usual ones. */
  readonly more?: readonly string[];
  readonly body?: string;
}

/** The header lines of a sound MESSAGE from alice@acme.example to bob@bolt.example, without Content-Length. */
export const usualLines: readonly string[] = [
  'Via: SIP/2.0/TLS sip.acme.example:5061;branch=z9hG4bKa1;rport',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@acme.example>;tag=f1',
  'To: <sip:bob@bolt.example>',
  'Call-ID: c1@acme.example',
  'CSeq: 1 MESSAGE',
];

/** A sound request for tests, as it is on the wire. */
export function sampleRequest(sample: SampleRequest = {}): string {
  const { start = 'MESSAGE sip:bob@bolt.example SIP/2.0', lines = usualLines, more = [], body = 'hello' } = sample;
  return `${[start, ...lines, ...more, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
}

/** The usual lines with the one of this name replaced by `line`, or left out if `line` is ''. */
export function usualLinesBut(name: string, line: string): string[] {
  return usualLines.flatMap((usual) => (usual.startsWith(`${name}:`) ? (line === '' ? [] : [line]) : [usual]));
}

/** Latin1 text as bytes, one a character. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
