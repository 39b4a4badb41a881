import { createAddressSpans, scanAddress } from './address-scan.js';
import { lowerHost } from './host.js';
import { octetsOf, type Source } from './octets.js';
import { quotedEnd, walkParameters } from './parameter.js';
import { SipError } from './sip-error.js';
import { userOfUri } from './user.js';

/** A name-addr or addr-spec with its header parameters (From, To, Contact, Route ...). Offsets are into the text it was read from. */
export interface Address {
  /** Display name, quotes and escapes removed, '' if none. */
  readonly display: string;
  readonly uriStart: number;
  readonly uriEnd: number;
  /** Whether the URI stands in angle brackets. */
  readonly bracketed: boolean;
  /** Behind the URI or its `>`: where header parameters begin. */
  readonly parametersStart: number;
  /** Header parameters, names lower case, values as sent (quotes kept), '' for a flag. */
  readonly parameters: ReadonlyMap<string, string>;
}

const quote = 0x22;
const open = 0x3c;

/** Filled by each look at one part of an address, and read before that returns: nothing to collect. */
const scratch = createAddressSpans();

/** Reads the one value in [start, end) (folds allowed). Throws SipError 'address'. */
export function parseAddress(source: Source, start: number, end: number): Address {
  const { buffer, start: base, head } = octetsOf(source, start, end);
  const spans = createAddressSpans();
  if (!scanAddress(buffer, base + start, base + end, spans)) throw new SipError('address');
  const parameters = new Map<string, string>();
  const sound = walkParameters(buffer, spans.parameters, base + end, (nameStart, nameEnd, valueStart, valueEnd) => {
    const name = head.slice(nameStart - base, nameEnd - base).toLowerCase();
    if (parameters.has(name)) return false;
    parameters.set(name, head.slice(valueStart - base, valueEnd - base));
    return true;
  });
  if (!sound) throw new SipError('address', 'an address with a repeated parameter');
  const bracketed = spans.parameters > spans.uriEnd;
  return {
    display: bracketed ? displayName(head.slice(start, spans.uriStart - 1 - base)) : '',
    uriStart: spans.uriStart - base,
    uriEnd: spans.uriEnd - base,
    bracketed,
    parametersStart: spans.parameters - base,
    parameters,
  };
}

/**
 * Lower-case host of the sip or sips URI in the value [start, end) of From, To or P-Asserted-Identity; '' if none or malformed.
 * Hot path, given a Message; see uriDomain about keeping the result.
 */
export function addressDomain(source: Source, start: number, end: number): string {
  const octets = octetsOf(source, start, end);
  const { buffer, start: base } = octets;
  if (!scanAddress(buffer, base + start, base + end, scratch) || scratch.host < 0) return '';
  return lowerHost(octets, scratch.host - base, scratch.hostEnd - base);
}

/** The user of the URI in the value [start, end), as `userOfUri` writes it, whatever parameters stand behind it; '' if none or malformed. */
export function addressUser(source: Source, start: number, end: number): string {
  const { buffer, start: base, head } = octetsOf(source, start, end);
  if (!scanAddress(buffer, base + start, base + end, scratch)) return '';
  return userOfUri(head.slice(scratch.uriStart - base, scratch.uriEnd - base));
}

/** The tag parameter of the value [start, end) of From or To, '' if none or malformed. */
export function addressTag(source: Source, start: number, end: number): string {
  const { buffer, start: base, head } = octetsOf(source, start, end);
  if (!scanAddress(buffer, base + start, base + end, scratch)) return '';
  return scratch.tag > 0 ? head.slice(scratch.tag - base, scratch.tagEnd - base) : '';
}

/** Positions of the commas in [start, end) that separate values: outside quoted strings and angle brackets. */
export function splitValues(source: Source, start: number, end: number): number[] {
  const { buffer, start: base } = octetsOf(source, start, end);
  const commas: number[] = [];
  const until = base + end;
  for (let i = base + start; i < until; i++) {
    const code = buffer[i];
    if (code === 0x2c) commas.push(i - base);
    else if (code === quote) {
      const after = quotedEnd(buffer, i, until);
      if (after < 0) break;
      i = after - 1;
    } else if (code === open) {
      while (i < until && buffer[i] !== 0x3e) i++;
    }
  }
  return commas;
}

/** A display name without its quotes and escapes; outside quotes, folds and runs of space are one space. */
function displayName(text: string): string {
  const name = text.trim();
  if (!name.startsWith('"')) return name.replace(/\s{2,}|[^\S ]/g, ' ');
  return name.slice(1, -1).replace(/\\([\s\S])|\r\n/g, '$1');
}
