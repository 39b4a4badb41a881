import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import type { Message } from '@guildhall/proto/sip/message';
import { asksForOverload } from '@guildhall/proto/sip/overload-control';
import { readSender } from '@guildhall/proto/sip/received';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import type { Member } from './members.js';

/** The hub's own responses. All are latin1 text, whole messages. */
export interface Answers {
  /** A 100. */
  trying(request: Message, to: Asker): string;
  /** 200 to a CANCEL, or to an OPTIONS that asks after the hub itself. */
  ok(request: Message, to: Asker): string;
  /** A response with a code of the reason table, its Reason and Warning, and a Warning with the trace id that follows from `serial`; 0: none. */
  refusal(request: Message, to: Asker, refusal: AnsweredRefusal, serial?: number): string;
  /** The same with the lines of `reasonLines` made before: nothing but the trace id is composed per message. */
  withLines(request: Message, to: Asker, status: number, lines: readonly string[], serial?: number): string;
  /** 503 of a hub that has too much to do: come back in a few seconds. Nothing but the request's own fields and the trace id is composed. */
  overloaded(request: Message, to: Asker, serial?: number): string;
}

/** Who asked: a wire, or what is known of one. */
export interface Asker {
  /** Where the request came from, "address:port", '' where it is not known. */
  readonly source: string;
  /** Nobody's, where it is not there. */
  readonly member?: Member;
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
  /** What a member that asks for it is told of how much to hold back (RFC 7339): parameters of a Via. Default: nothing. */
  overload?(member: Member): string;
  /** The trace id of a number, 32 hex digits, '' for none. Default: there are none. */
  traceId?(serial: number): string;
  /** Seconds after which a peer refused with 503 or 480 may come back, from and to: spread, so that not everybody comes back at once. */
  readonly retryAfter?: { readonly from: number; readonly to: number };
}

const longestSentence = 400;
/** Lets refused peers come back one by one, s. */
const usualRetry = { from: 1, to: 5 };

/** Makes the hub's answers. Every function returns '' where the request lacks what an answer must copy: then nobody can be told. */
export function createAnswers({ domain, epoch, random, microsoft, overload, traceId, retryAfter = usualRetry }: AnswerSource): Answers {
  let tags = 0;
  const nextTag = (): string => {
    tags += 1;
    return `${epoch}.${tags.toString(36)}`;
  };
  /** What goes into the topmost Via besides what was seen of its sender: only a peer that asks is told. */
  const toldTo = (request: Message, { member }: Asker): string | undefined =>
    overload === undefined || member === undefined || !asksForOverload(request) ? undefined : overload(member);
  /** Of its own, so that the sentence stands alone and the lines of a verdict serve every message. */
  const traced = (lines: readonly string[], serial: number): readonly string[] => {
    const id = traceId?.(serial) ?? '';
    return id === '' ? lines : [...lines, `Warning: 399 ${domain} "trace ${id}"`];
  };
  const write: Answers['withLines'] = (request, to, status, lines, serial = 0) =>
    canAnswer(request)
      ? writeResponse(request, status, {
          toTag: nextTag(),
          headers: serial === 0 ? lines : traced(lines, serial),
          sender: readSender(to.source),
          overload: toldTo(request, to),
        })
      : '';
  const linesFor = (status: number, code: ReasonCode, sentence: string, diagnostics: boolean): readonly string[] => [
    ...reasonLines(domain, status, code, sentence),
    ...(diagnostics ? diagnosticsLines(code, sentence) : []),
  ];
  // Where a member is given up, thousands get the same sentence one after the other.
  let last = { status: 0, code: '', sentence: '', diagnostics: false };
  let lastLines: readonly string[] = [];
  const linesOf: typeof linesFor = (status, code, sentence, diagnostics) => {
    if (status !== last.status || code !== last.code || sentence !== last.sentence || diagnostics !== last.diagnostics) {
      last = { status, code, sentence, diagnostics };
      lastLines = linesFor(status, code, sentence, diagnostics);
    }
    return lastLines;
  };
  const readsDiagnostics = ({ member }: Asker): boolean => member !== undefined && microsoft?.(member.id) === true;
  const retries = Array.from({ length: retryAfter.to - retryAfter.from + 1 }, (_, at) => `Retry-After: ${retryAfter.from + at}`);
  const comeBack = (): string => retries[Math.floor(random() * retries.length)] ?? '';
  const busy = linesFor(503, 'hub-overloaded', '', false);
  const busyWithDiagnostics = linesFor(503, 'hub-overloaded', '', true);

  return {
    trying: (request, to) =>
      canAnswer(request) ? writeResponse(request, 100, { sender: readSender(to.source), overload: toldTo(request, to) }) : '',
    ok: (request, to) => write(request, to, 200, []),
    refusal(request, to, { status, code, sentence, header }, serial) {
      const lines = linesOf(status, code, sentence, readsDiagnostics(to));
      // RFC 3261 21.5.4.
      const retry = status === 503 || status === 480 ? comeBack() : '';
      const more = [header, retry].filter((line) => line !== '');
      return write(request, to, status, more.length === 0 ? lines : [...lines, ...more], serial);
    },
    withLines: write,
    overloaded: (request, to, serial) =>
      write(request, to, 503, [...(readsDiagnostics(to) ? busyWithDiagnostics : busy), comeBack()], serial),
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
