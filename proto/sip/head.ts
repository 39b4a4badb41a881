import type { SipLimits } from './limits.js';
import { isToken } from './octet.js';
import type { SipErrorCode } from './sip-error.js';

/**
 * The one scan over the bytes of a head: finds the end of the start line, the beginning of each header field and its colon, the end of
 * the head; counts against the limits; refuses NUL and CR or LF that are not a CRLF. Resumable at any byte, and each byte is looked at once.
 */
export interface HeadScan {
  readonly limits: SipLimits;
  step: number;
  /** Offset in the message of the next byte to be looked at. */
  at: number;
  /** Offset of the start line's CR, -1 before it is found. */
  startLineEnd: number;
  /** Where the line or header field at hand began. */
  lineStart: number;
  /** Four places a header field, as in Message: 0, lineStart, colon, 0 until `fillTable` fills them; of those `used` are this message's. It lasts. */
  readonly table: number[];
  used: number;
  /** The first thing that forbids passing the message on, although its end can still be found. */
  fault: SipErrorCode | '';
  /** Why the end of the message cannot be found any more. */
  broken: SipErrorCode | '';
}

/** The states of the scan, each named after what the next byte belongs to. Those up to afterName are inside a line. */
const Step = { value: 0, name: 1, afterName: 2, lineFeed: 3, newLine: 4, lastLineFeed: 5, done: 6 } as const;

const cr = 0x0d;
const lf = 0x0a;

/** A scan at the first byte of a start line. It lasts for a whole stream: see `resetHeadScan`. */
export function createHeadScan(limits: SipLimits): HeadScan {
  return { limits, step: Step.value, at: 0, startLineEnd: -1, lineStart: 0, table: [], used: 0, fault: '', broken: '' };
}

/** Makes the scan ready for the next message. */
export function resetHeadScan(scan: HeadScan): void {
  scan.step = Step.value;
  scan.at = 0;
  scan.startLineEnd = -1;
  scan.lineStart = 0;
  scan.used = 0;
  scan.fault = '';
  scan.broken = '';
}

/**
 * Looks at bytes[base + scan.at, until), where `base` is the (possibly negative) index of the message's first byte. True when the head
 * ended, then `scan.at` is its length, or when `scan.broken` says why not; false when more bytes are needed.
 */
export function scanHead(scan: HeadScan, bytes: Uint8Array, base: number, until: number): boolean {
  const { limits } = scan;
  let i = base + scan.at;
  let step = scan.step;
  let bound = base + boundOf(scan);
  let code = 0;
  // The steps stand in the order in which a line passes through them, so that one turn of the loop is one line.
  while (i < until) {
    if (step === Step.name) {
      do code = bytes[i] ?? 0;
      while (isToken(code) && ++i < until);
      if (i === until) break;
      step = Step.afterName;
    }
    if (step === Step.afterName) {
      do code = bytes[i] ?? 0;
      while ((code === 0x20 || code === 0x09) && ++i < until);
      if (i === until) break;
      endName(scan, i - base, code);
      step = Step.value;
    }
    if (step === Step.value) {
      do code = bytes[i] ?? 0;
      while (code > cr && ++i < until);
      if (i === until) break;
      if (code !== cr) {
        if (code === lf) return breakOff(scan, step, i - base, 'bare-character');
        if (code === 0 && scan.fault === '') scan.fault = 'bare-character';
        i++;
        continue;
      }
      if (i > bound) return breakOff(scan, step, i - base, 'message-too-large');
      step = Step.lineFeed;
      if (++i === until) break;
    }
    if (step === Step.lineFeed) {
      if (bytes[i] !== lf) return breakOff(scan, step, i - base, 'bare-character');
      if (scan.startLineEnd < 0) scan.startLineEnd = i - base - 1;
      step = Step.newLine;
      if (++i === until) break;
    }
    if (step === Step.newLine) {
      code = bytes[i] ?? 0;
      if (code > 0x20) {
        scan.lineStart = i - base;
        bound = base + boundOf(scan);
        if (scan.used >> 2 >= limits.headers) return breakOff(scan, step, i - base, 'too-many-headers');
        beginField(scan, i - base);
        step = Step.name;
      } else if (code === cr) {
        step = Step.lastLineFeed;
        i++;
      } else {
        // A fold goes on with the field (RFC 3261 7.3.1). The start line has none, and no field begins with a control.
        if (scan.fault === '' && scan.used === 0) scan.fault = 'start-line';
        else if (scan.fault === '' && code !== 0x20 && code !== 0x09) scan.fault = 'header';
        bound = base + boundOf(scan);
        step = Step.value;
      }
    } else if (step === Step.lastLineFeed) {
      if (bytes[i] !== lf) return breakOff(scan, step, i - base, 'bare-character');
      if (i - base >= limits.messageBytes) return breakOff(scan, step, i - base, 'message-too-large');
      scan.step = Step.done;
      scan.at = i + 1 - base;
      return true;
    }
  }
  scan.step = step;
  scan.at = i - base;
  return isOverrun(scan, step, i - base);
}

/** Begins a header field; its colon is at its start until it is found. */
function beginField(scan: HeadScan, at: number): void {
  const { table, used } = scan;
  table[used] = 0;
  table[used + 1] = at;
  table[used + 2] = at;
  table[used + 3] = 0;
  scan.used = used + 4;
}

/** Ends a header name at the byte `code`: a colon, or else the line is no header field. */
function endName(scan: HeadScan, at: number, code: number): void {
  if (code === 0x3a && at > scan.lineStart) scan.table[scan.used - 2] = at;
  else if (scan.fault === '') scan.fault = 'header';
}

/** Ends the scan. A limit that was passed before this byte was the first thing wrong, however the bytes were cut into chunks. */
function breakOff(scan: HeadScan, step: number, at: number, why: SipErrorCode): boolean {
  if (!isOverrun(scan, step, at)) scan.broken = why;
  scan.at = at;
  return true;
}

/**
 * The offset up to which the line at hand may reach, without its CRLF. That counts against the message here: or else it would hang on where the
 * bytes were cut whether a line that just reaches the limit was read.
 */
function boundOf(scan: HeadScan): number {
  const { limits } = scan;
  return Math.min(limits.messageBytes - 2, scan.lineStart + (scan.startLineEnd < 0 ? limits.startLineBytes : limits.headerLineBytes));
}

/** Whether the bytes before `at` pass the limit of their line or of the message: then notes the one they passed first. */
function isOverrun(scan: HeadScan, step: number, at: number): boolean {
  const { limits } = scan;
  const inStartLine = scan.startLineEnd < 0;
  const lineBound = scan.lineStart + (inStartLine ? limits.startLineBytes : limits.headerLineBytes);
  const isLong = at > lineBound && step <= Step.afterName;
  if (at <= limits.messageBytes && !isLong) return false;
  if (isLong && lineBound <= limits.messageBytes) scan.broken = inStartLine ? 'start-line-too-long' : 'header-too-long';
  else scan.broken = 'message-too-large';
  return true;
}
