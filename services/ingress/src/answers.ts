import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Message } from '@guildhall/proto/sip/message';
import { readSender } from '@guildhall/proto/sip/received';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';

/** The hub's own responses. All are latin1 text, whole messages. `source` is where the request came from, "address:port", '' where it is not known. */
export interface Answers {
  /** 100 to an INVITE. */
  trying(request: Message, source: string): string;
  /** 200 to a CANCEL, or to an OPTIONS that asks after the hub itself. */
  ok(request: Message, source: string): string;
  /** A response with a code of the reason table, its Reason and Warning, to this member ('' where it is not known). */
  refusal(request: Message, source: string, refusal: AnsweredRefusal, member?: string): string;
  /** The same with the lines of `reasonLines` made before: nothing is composed per message. */
  withLines(request: Message, source: string, status: number, lines: readonly string[]): string;
}

/** What a refusal tells; `header` is one more line, '' for none. */
export interface AnsweredRefusal {
  readonly status: number;
  readonly code: ReasonCode;
  readonly sentence: string;
  readonly header: string;
}

/** What comes from outside: a number from 0 to below 1, and a name that no other instance has. */
export interface AnswerSource {
  readonly domain: string;
  readonly epoch: string;
  random(): number;
  /** Whether a member reads ms-diagnostics-public. Default: nobody does. */
  microsoft?(member: string): boolean;
}

const longestSentence = 400;

/** Makes the hub's answers. Every function returns '' where the request lacks what an answer must copy: then nobody can be told. */
export function createAnswers({ domain, epoch, random, microsoft }: AnswerSource): Answers {
  let tags = 0;
  const nextTag = (): string => {
    tags += 1;
    return `${epoch}.${tags.toString(36)}`;
  };
  const write: Answers['withLines'] = (request, source, status, lines) =>
    canAnswer(request) ? writeResponse(request, status, { toTag: nextTag(), headers: lines, sender: readSender(source) }) : '';

  return {
    trying: (request, source) => (canAnswer(request) ? writeResponse(request, 100, { sender: readSender(source) }) : ''),
    ok: (request, source) => write(request, source, 200, []),
    refusal(request, source, { status, code, sentence, header }, member = '') {
      const lines = reasonLines(domain, status, code, sentence);
      if (microsoft?.(member) === true) lines.push(...diagnosticsLines(code, sentence));
      if (header !== '') lines.push(header);
      // RFC 3261 21.5.4; spread over a few seconds so that not everybody comes back at once.
      if (status === 503 || status === 480) lines.push(`Retry-After: ${2 + Math.floor(random() * 6)}`);
      return write(request, source, status, lines);
    },
    withLines: write,
  };
}

/** Reason (RFC 3326) and Warning (RFC 3261 20.43) with code and sentence. */
export function reasonLines(domain: string, status: number, code: ReasonCode, sentence: string): string[] {
  const text = quoted(`${code}: ${sentence === '' ? reasons[code].about : sentence}`);
  return [`Reason: SIP;cause=${status};text=${text}`, `Warning: 399 ${domain} ${text}`];
}

/** What Microsoft's servers and clients read of a refusal: number and reason, no source (MS-OCER 2.2.1.2). */
export function diagnosticsLines(code: ReasonCode, sentence: string): string[] {
  const { diagnostics, about } = reasons[code];
  return diagnostics === 0
    ? []
    : [`ms-diagnostics-public: ${diagnostics};reason=${quoted(`${code}: ${sentence === '' ? about : sentence}`)}`];
}

/** Contact lines of a redirect, most preferred first. */
export function contactLines(contacts: readonly string[]): string[] {
  return contacts.map((contact, index) => `Contact: <${contact}>;q=${Math.max(0.1, 1 - index / 10).toFixed(1)}`);
}

/** A quoted-string (RFC 3261 25.1) as latin1 text that carries UTF-8; control characters become spaces. */
export function quoted(text: string): string {
  let clean = '';
  for (const c of text.slice(0, longestSentence)) {
    if (c === '"' || c === '\\') clean += `\\${c}`;
    else clean += c < ' ' || c === '\x7f' ? ' ' : c;
  }
  return `"${Buffer.from(clean, 'utf8').toString('latin1')}"`;
}
