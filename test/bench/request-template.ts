/** Width of the number that makes every request of a run its own: room for a hundred million. */
const digits = 8;
/** Where a request's number goes: its last digit stands at the sign. */
export const mark = `${'0'.repeat(digits - 1)}#`;
/** Width of the number that makes a member's domain its own. */
const memberDigits = 4;
const memberMark = `${'0'.repeat(memberDigits - 1)}~`;

/** A run's requests as bytes: one request with the places that its number goes to. */
export interface RequestTemplate {
  /** Bytes of one request; all requests of a run have the same length. */
  readonly length: number;
  /** Writes requests `first` .. `first + count - 1` one behind the other into a new buffer, ready for one write. */
  batch(first: number, count: number): Buffer;
  /** The same for any numbers. */
  of(numbers: readonly number[]): Buffer;
}

/** To whom the requests of a run go: one member, or `members` of them, `run` requests in a row to each. */
export type Recipients = { readonly kind: 'one'; readonly domain: string } | { readonly kind: 'many'; members: number; run: number };

/** The domain of member `index` of those that many requests go to; all are of the same length. */
export function memberDomain(index: number): string {
  return `m${String(index).padStart(memberDigits, '0')}.example`;
}

/**
 * The requests of one run: a MESSAGE of about `bytes` bytes from member `from` to member `to` (domains). Branch, Call-ID, tag and user
 * carry the request's number; `run` (letters and digits) keeps the runs of one hub apart. Everything else is stamped out unchanged, so that
 * the generator spends next to nothing on composing.
 */
export function createRequestTemplate(from: string, to: string | Recipients, run: string, bytes: number): RequestTemplate {
  const recipients: Recipients = typeof to === 'string' ? { kind: 'one', domain: to } : to;
  const domain = recipients.kind === 'one' ? recipients.domain : `m${memberMark}.example`;
  const head = [
    `MESSAGE sip:u${mark}@${domain} SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.${from}:5061;branch=z9hG4bK${run}.${mark}`,
    'Max-Forwards: 70',
    `From: <sip:sender@${from}>;tag=${mark}`,
    `To: <sip:u${mark}@${domain}>`,
    `Call-ID: ${mark}@${run}.${from}`,
    'CSeq: 1 MESSAGE',
    'User-Agent: bench',
    'Content-Type: text/plain',
  ];
  return stampOut(withBody(head, '', bytes), recipients);
}

/** A message of about `bytes` bytes: its head's lines, then `body` and as many characters as are missing, at least one. */
export function withBody(head: readonly string[], body: string, bytes: number): string {
  const text = `${head.join('\r\n')}\r\nContent-Length: `;
  const ending = '\r\n\r\n';
  const width = String(bytes).length;
  const length = Math.max(body.length + 1, bytes - text.length - ending.length - width);
  return `${text}${length}${ending}${body}${'x'.repeat(length - body.length)}`;
}

/** The template of a text (latin1) with marks. */
export function stampOut(text: string, recipients?: Recipients): RequestTemplate {
  const template = Buffer.from(text, 'latin1');
  const [places, memberPlaces] = [placesOf(template, '#'), placesOf(template, '~')];
  const { members, run } = recipients?.kind === 'many' ? recipients : { members: 1, run: 1 };

  const stamp = (out: Buffer, start: number, number: number): void => {
    template.copy(out, start);
    for (const place of places) write(out, start + place, digits, number);
    for (const place of memberPlaces) write(out, start + place, memberDigits, Math.floor(number / run) % members);
  };
  return {
    length: template.length,
    batch(first, count) {
      const out = Buffer.allocUnsafe(count * template.length);
      for (let index = 0; index < count; index += 1) stamp(out, index * template.length, first + index);
      return out;
    },
    of(numbers) {
      const out = Buffer.allocUnsafe(numbers.length * template.length);
      let start = 0;
      for (const number of numbers) {
        stamp(out, start, number);
        start += template.length;
      }
      return out;
    },
  };
}

function placesOf(template: Buffer, sign: string): readonly number[] {
  const places: number[] = [];
  for (let at = template.indexOf(sign, 0, 'latin1'); at >= 0; at = template.indexOf(sign, at + 1, 'latin1')) places.push(at);
  return places;
}

/** Writes a number of `width` digits, the last of them at `last`. */
function write(out: Buffer, last: number, width: number, number: number): void {
  let rest = number;
  for (let at = last, left = width; left > 0; left -= 1, at -= 1) {
    out[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
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

const callId = '\r\nCall-ID: ';

/** The number in the Call-ID of the message whose head is text[at, end), or -1. */
export function numberIn(text: string, at: number, end: number): number {
  const id = text.indexOf(callId, at);
  return id < 0 || id > end ? -1 : numberAt(text, id + callId.length);
}
