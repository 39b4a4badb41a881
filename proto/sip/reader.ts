import { createHeadScan, resetHeadScan, scanHead } from './head.js';
import { createKeepalive } from './keepalive.js';
import type { SipLimits } from './limits.js';
import { isRequest, type Message } from './message.js';
import { SipError, type SipErrorCode } from './sip-error.js';
import { type Head, messageOf, readPartialHead, readWholeHead } from './whole-head.js';

/** What a reader tells. Called from inside `feed`, in the order of the bytes. */
export interface MessageSink {
  /** One whole, framed message. Not yet checked: call checkRequest or checkResponse. */
  message(m: Message): void;
  /** CRLFCRLF between messages: answer CRLF (RFC 5626 4.4.1). */
  ping(): void;
  /** A lone CRLF between messages: the answer to our ping, or padding. Where a chunk ends between the two CRLFs of a ping, both come. */
  pong(): void;
  /**
   * Framing is lost: answer `error.status` if `request` is given and `canAnswer` it (response.ts), then close. `request` holds the header
   * fields that were read; its body is empty. Nothing is delivered after, further bytes are ignored.
   */
  broken(error: SipError, request: Message | undefined): void;
  /**
   * Optional. A message whose end is known and which must not pass (a NUL, a line that is no header field, a bad start line, a body over the
   * limit): answer `error.status` if it is a request; the reader skips it and goes on, so one user's bad message does not cost a
   * whole member's connection. Without this method such a message is `broken`. NULs in `m.head` read as spaces; its body is empty.
   */
  refused?(error: SipError, m: Message): void;
}

/** Cuts one stream of bytes into messages. What it finds goes to its listener, during `feed`. */
export interface MessageReader {
  /** Takes the next bytes. Messages handed out may be views of `chunk`: do not reuse it. Never throws for bad bytes. */
  feed(chunk: Buffer): void;
  /** Bytes held for a message that is not whole yet. */
  buffered(): number;
}

/** Where the reader is: between messages, in a head, in a body, in a body that is thrown away, or at its end. */
type Phase = 'between' | 'head' | 'body' | 'skip' | 'broken';

/** The first piece of a message that crosses chunks gets at least this much room. */
const firstCarryBytes = 1_024;
const nothing = Buffer.alloc(0);

/**
 * A resumable stream reader (RFC 3261 7.5, 18.3): exactly one Content-Length of 1 to 9 digits, lines end in CRLF.
 * Work is linear in the bytes fed however they are cut; memory is bounded by `limits.messageBytes`.
 */
export function createMessageReader(limits: SipLimits, sink: MessageSink): MessageReader {
  const keepalive = createKeepalive(sink);
  const scan = createHeadScan(limits);
  let phase: Phase = 'between';
  /** The beginning of a message that is not whole yet: `held` bytes of it. */
  let carry = nothing;
  let held = 0;
  /** In 'body': the head and how many bytes the whole message has. */
  let head: Head | undefined;
  let total = 0;
  /** In 'skip': bytes still to be thrown away. */
  let toSkip = 0;

  function startAnew(next: Phase): void {
    phase = next;
    carry = nothing;
    held = 0;
    head = undefined;
    resetHeadScan(scan);
  }

  /** Appends chunk[from, until) to the carry. It grows to `room` or to twice its size, so that no byte moves more than a few times. */
  function keep(chunk: Buffer, from: number, until: number, room: number): void {
    const needed = held + until - from;
    if (needed > carry.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, room, Math.min(2 * carry.length, limits.messageBytes)));
      carry.copy(grown, 0, 0, held);
      carry = grown;
    }
    chunk.copy(carry, held, from, until);
    held = needed;
  }

  /** Scans on for the end of the head. Returns where to go on in the chunk, as the next two do. */
  function readHead(chunk: Buffer, from: number): number {
    // Index in the chunk of the message's first byte, negative if that came in an earlier one.
    const base = from - scan.at;
    if (!scanHead(scan, chunk, base, chunk.length)) {
      keep(chunk, from, chunk.length, firstCarryBytes);
      return chunk.length;
    }
    if (scan.broken !== '') {
      const code = scan.broken;
      if (base < 0) keep(chunk, 0, Math.max(0, base + scan.lineStart), 0);
      const request = base < 0 ? readPartialHead(scan, carry, 0) : readPartialHead(scan, chunk, base);
      return breakOff(chunk, code, request);
    }
    const headEnd = base + scan.at;
    if (base < 0) keep(chunk, 0, headEnd, 0);
    return base < 0 ? finishHead(chunk, headEnd, carry, 0) : finishHead(chunk, headEnd, chunk, base);
  }

  /** The head is whole, in buffer[start ...): the message too, or its body follows in chunk[headEnd ...). */
  function finishHead(chunk: Buffer, headEnd: number, buffer: Buffer, start: number): number {
    const read = readWholeHead(scan, buffer, start);
    if (read.broken !== '' || read.fault !== '') {
      const m = messageOf(read, buffer, start, start + read.text.length);
      return read.broken === '' ? refuse(chunk, headEnd, m, read) : breakOff(chunk, read.broken, answerable(m, read));
    }
    const end = start + read.text.length + read.bodyLength;
    if (buffer === chunk && end <= chunk.length) {
      startAnew('between');
      sink.message(messageOf(read, chunk, start, end));
      return end;
    }
    head = read;
    total = end - start;
    if (buffer === chunk) keep(chunk, start, headEnd, total);
    phase = 'body';
    return readBody(chunk, headEnd);
  }

  function readBody(chunk: Buffer, from: number): number {
    const until = Math.min(chunk.length, from + total - held);
    keep(chunk, from, until, total);
    if (held === total && head !== undefined) {
      const m = messageOf(head, carry, 0, total);
      startAnew('between');
      sink.message(m);
    }
    return until;
  }

  function skipBody(chunk: Buffer, from: number): number {
    const until = Math.min(chunk.length, from + toSkip);
    toSkip -= until - from;
    if (toSkip === 0) phase = 'between';
    return until;
  }

  function refuse(chunk: Buffer, headEnd: number, m: Message, read: Head): number {
    if (sink.refused === undefined || read.fault === '') return breakOff(chunk, read.fault || 'header', answerable(m, read));
    startAnew(read.bodyLength === 0 ? 'between' : 'skip');
    toSkip = read.bodyLength;
    sink.refused(new SipError(read.fault), m);
    return headEnd;
  }

  function breakOff(chunk: Buffer, code: SipErrorCode, request: Message | undefined): number {
    startAnew('broken');
    sink.broken(new SipError(code), request);
    return chunk.length;
  }

  /** Leaves the keepalives between messages behind. */
  function readBetween(chunk: Buffer, from: number): number {
    const at = keepalive.read(chunk, from);
    if (at < 0) return breakOff(chunk, 'bare-character', undefined);
    if (at < chunk.length) phase = 'head';
    return at;
  }

  return {
    feed(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (phase === 'between') at = readBetween(chunk, at);
        else if (phase === 'head') at = readHead(chunk, at);
        else if (phase === 'body') at = readBody(chunk, at);
        else if (phase === 'skip') at = skipBody(chunk, at);
        else return;
      }
    },
    buffered: () => held,
  };
}

function answerable(m: Message, read: Head): Message | undefined {
  return isRequest(m) && read.line.isSip ? m : undefined;
}
