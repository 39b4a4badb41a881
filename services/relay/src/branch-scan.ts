/** A branch of ours as it stands in a buffer. The places of its epoch are the buffer's; numbers are uint32. */
export interface BranchSpans {
  epoch: number;
  epochEnd: number;
  transaction: number;
  loop: number;
  /** 0 for the first try. */
  attempt: number;
}

/** Spans for `scanBranch` to fill, again and again. */
export function createBranchSpans(): BranchSpans {
  return { epoch: 0, epochEnd: 0, transaction: 0, loop: 0, attempt: 0 };
}

/** What every branch of RFC 3261 begins with (8.1.1.7). */
const cookie = Uint8Array.from('z9hG4bK', (letter) => letter.charCodeAt(0));
const dot = 0x2e;
const zero = 0x30;

/** Scans bytes[start, end) as `downstreamBranch` writes it: no text is made of it. False for any other branch. Hot path. */
export function scanBranch(bytes: Uint8Array, start: number, end: number, spans: BranchSpans): boolean {
  const epoch = start + cookie.length;
  if (epoch >= end) return false;
  for (let i = start; i < epoch; i++) if (bytes[i] !== cookie[i - start]) return false;
  const first = dotOrEnd(bytes, epoch, end);
  const second = dotOrEnd(bytes, first + 1, end);
  const third = dotOrEnd(bytes, second + 1, end);
  if (first === epoch || second === end) return false;
  spans.epoch = epoch;
  spans.epochEnd = first;
  spans.transaction = base36(bytes, first + 1, second);
  spans.loop = base36(bytes, second + 1, third);
  spans.attempt = third === end ? 0 : base36(bytes, third + 1, end);
  return spans.transaction >= 0 && spans.loop >= 0 && (third === end || spans.attempt > 0);
}

function dotOrEnd(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i] !== dot) i++;
  return i < end ? i : end;
}

/** The uint32 that bytes[start, end) write in base 36 as toString does; -1 for anything else. */
function base36(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start;
  if (digits < 1 || digits > 7 || (bytes[start] === zero && digits > 1)) return -1;
  let number = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (code >= zero && code <= 0x39) number = number * 36 + code - zero;
    else if (code >= 0x61 && code <= 0x7a) number = number * 36 + code - 0x57;
    else return -1;
  }
  return number > 0xffffffff ? -1 : number;
}
