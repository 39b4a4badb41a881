import { offeredMedia } from './sdp-media.js';

/** What a body is, as far as rules ask. `undefined` is what cannot be told. */
export interface BodyFacts {
  /** Its media type and, where it has parts, theirs, lower case. */
  readonly types: readonly string[] | undefined;
  /** Kinds of media that session descriptions in it offer. */
  readonly media: readonly string[] | undefined;
}

/** The fields of a body or of one of its parts that say how to read it. */
export interface BodyHeader {
  /** Content-Type as written; '' where there is none. */
  readonly type: string;
  /** Content-Encoding or Content-Transfer-Encoding, if there is one. */
  readonly encoding: string;
}

/** Parts in all, and how deep in each other: who has more hides something. */
const mostParts = 64;
const deepest = 4;
const longestHeader = 8_192;
const typeShape = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/;
const parameter = /\s*;\s*(?:([^\s=;",]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+))\s*)?/y;
/** RFC 2046 5.1.1. */
const boundaryShape = /^[^"\\]{1,70}$/;
/** What may stand behind a boundary on its line: that it is the last, and white space. */
const boundaryEnd = /^(?:--)?[ \t]*\r?$/;
/** What leaves the bytes as they are. */
const plainEncodings: ReadonlySet<string> = new Set(['', 'identity', '7bit', '8bit', 'binary']);
const sealed = /^application\/(?:x-)?pkcs7-mime$/;

interface Reading {
  readonly types: Set<string>;
  readonly media: Set<string>;
  parts: number;
  /** Something in it cannot be told. */
  typesHidden: boolean;
  mediaHidden: boolean;
}

function hide(reading: Reading): void {
  reading.typesHidden = true;
  reading.mediaHidden = true;
}

/** The media type without its parameters, lower case; '' where it is none. */
function typeOf(text: string): string {
  const end = text.indexOf(';');
  const type = (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
  return typeShape.test(type) ? type : '';
}

/** Where a header block ends and the body behind it begins. A part may begin with the empty line itself. */
function headerEnd(text: string): { end: number; body: number } | undefined {
  const empty = /^\r?\n/.exec(text);
  if (empty !== null) return { end: 0, body: empty[0].length };
  const bare = text.indexOf('\n\n');
  const full = text.indexOf('\n\r\n');
  const end = bare < 0 || (full >= 0 && full < bare) ? full : bare;
  return end < 0 ? undefined : { end, body: end + (end === full ? 3 : 2) };
}

/** Content-Type and encoding of a MIME header block; two of one name cannot be told apart, so then the type is unknown. */
function partHeader(block: string): BodyHeader {
  let type: string | undefined;
  let encoding = '';
  for (const line of block.replace(/\r?\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-type') type = type === undefined ? value : '';
    else if (name === 'content-transfer-encoding' || name === 'content-encoding')
      encoding = plainEncodings.has(value.toLowerCase()) ? encoding : value;
  }
  // RFC 2046 5.1: a part that does not say is plain text.
  return { type: type ?? 'text/plain', encoding };
}

/** A MIME entity: header block, empty line, body. */
function readEntity(reading: Reading, text: string, depth: number): void {
  const head = headerEnd(text.slice(0, longestHeader));
  if (head === undefined) hide(reading);
  else readPart(reading, text.slice(head.body), partHeader(text.slice(0, head.end)), depth);
}

/** The boundary of a multipart type. Undefined where there is none or more than one, or where what stands around it cannot be read to its end. */
function boundaryOf(type: string): string | undefined {
  let boundary: string | undefined;
  for (let at = type.indexOf(';'); at >= 0 && at < type.length; at = parameter.lastIndex) {
    parameter.lastIndex = at;
    const found = parameter.exec(type);
    if (found === null) return undefined;
    const [, name = '', quoted, plain = ''] = found;
    if (name.toLowerCase() !== 'boundary') continue;
    if (boundary !== undefined) return undefined;
    boundary = quoted ?? plain;
  }
  return boundary !== undefined && boundaryShape.test(boundary) ? boundary : undefined;
}

function readMultipart(reading: Reading, text: string, type: string, depth: number): void {
  const boundary = boundaryOf(type);
  if (boundary === undefined) {
    hide(reading);
    return;
  }
  const mark = `--${boundary}`;
  let at = text.startsWith(mark) ? 0 : text.indexOf(`\n${mark}`) + 1;
  if (at === 0 && !text.startsWith(mark)) {
    hide(reading);
    return;
  }
  for (;;) {
    const line = text.indexOf('\n', at + mark.length);
    // Some readers take a line for a boundary that only begins like one.
    if (!boundaryEnd.test(text.slice(at + mark.length, line < 0 ? text.length : line))) hide(reading);
    if (line < 0 || text.startsWith('--', at + mark.length)) break;
    const next = text.indexOf(`\n${mark}`, line);
    reading.parts += 1;
    if (reading.parts > mostParts) {
      hide(reading);
      return;
    }
    readEntity(reading, text.slice(line + 1, next < 0 ? text.length : next), depth);
    if (next < 0) break;
    at = next + 1;
  }
}

function readPart(reading: Reading, text: string, header: BodyHeader, depth: number): void {
  const type = typeOf(header.type);
  if (type === '' || depth > deepest) {
    hide(reading);
    return;
  }
  reading.types.add(type);
  const container = type.startsWith('multipart/') || type === 'message/cpim';
  if (sealed.test(type)) {
    hide(reading);
  } else if (!plainEncodings.has(header.encoding.toLowerCase())) {
    if (container) reading.typesHidden = true;
    if (container || type === 'application/sdp') reading.mediaHidden = true;
  } else if (type === 'application/sdp') {
    const media = offeredMedia(text);
    if (media === undefined) reading.mediaHidden = true;
    for (const kind of media ?? []) reading.media.add(kind);
  } else if (type === 'message/cpim') {
    // RFC 3862 2: its own header block, then a MIME entity.
    const head = headerEnd(text.slice(0, longestHeader));
    if (head === undefined) hide(reading);
    else readEntity(reading, text.slice(head.body), depth + 1);
  } else if (container) {
    readMultipart(reading, text, header.type, depth + 1);
  }
}

/** What is in a body, latin1 text. Bounded in parts and depth, linear in the text; never throws. */
export function readBody(text: string, header: BodyHeader): BodyFacts {
  if (text === '') return { types: [], media: [] };
  const reading: Reading = { types: new Set(), media: new Set(), parts: 0, typesHidden: false, mediaHidden: false };
  readPart(reading, text, header, 0);
  return {
    types: reading.typesHidden ? undefined : [...reading.types],
    media: reading.mediaHidden ? undefined : [...reading.media],
  };
}
