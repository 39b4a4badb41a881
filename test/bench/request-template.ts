/** Width of the number that makes every request of a run its own: room for a hundred million. */
const digits = 8;
const mark = `${'0'.repeat(digits - 1)}#`;

/** A run's requests as bytes: one request with the places that its number goes to. */
export interface RequestTemplate {
  /** Bytes of one request; all requests of a run have the same length. */
  readonly length: number;
  /** Writes requests `first` .. `first + count - 1` one behind the other into a new buffer, ready for one write. */
  batch(first: number, count: number): Buffer;
}

/**
 * The requests of one run: a MESSAGE of about `bytes` bytes from member `from` to member `to` (domains). Branch, Call-ID, tag and user
 * carry the request's number; `run` (letters and digits) keeps the runs of one hub apart. Everything else is stamped out unchanged, so that
 * the generator spends next to nothing on composing.
 */
export function createRequestTemplate(from: string, to: string, run: string, bytes: number): RequestTemplate {
  const head = [
    `MESSAGE sip:u${mark}@${to} SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.${from}:5061;branch=z9hG4bK${run}.${mark}`,
    'Max-Forwards: 70',
    `From: <sip:sender@${from}>;tag=${mark}`,
    `To: <sip:u${mark}@${to}>`,
    `Call-ID: ${mark}@${run}.${from}`,
    'CSeq: 1 MESSAGE',
    'User-Agent: bench',
    'Content-Type: text/plain',
    'Content-Length: ',
  ].join('\r\n');
  const ending = '\r\n\r\n';
  const body = Math.max(1, bytes - head.length - ending.length - 3);
  const template = Buffer.from(`${head}${body}${ending}${'x'.repeat(body)}`, 'latin1');
  const places: number[] = [];
  for (let at = template.indexOf('#', 0, 'latin1'); at >= 0; at = template.indexOf('#', at + 1, 'latin1')) places.push(at);

  return {
    length: template.length,
    batch(first, count) {
      const out = Buffer.allocUnsafe(count * template.length);
      for (let index = 0; index < count; index += 1) {
        const start = index * template.length;
        template.copy(out, start);
        for (const place of places) {
          let rest = first + index;
          for (let at = start + place, left = digits; left > 0; left -= 1, at -= 1) {
            out[at] = 48 + (rest % 10);
            rest = Math.floor(rest / 10);
          }
        }
      }
      return out;
    },
  };
}

/** The number in a Call-ID of this template that stands at `at`, or -1 when there are not as many digits. */
export function numberAt(text: string, at: number): number {
  let number = 0;
  for (let index = at; index < at + digits; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}
