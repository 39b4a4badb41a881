import { isToken } from './octet.js';
import { SipError } from './sip-error.js';

/** What the writers let into a message: nothing leaves with CR, LF or NUL inside a field. */

/** The text itself. Throws SipError 'value' if it has a CR, LF or NUL, or a character that is no byte. */
export function ownText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x0d || code === 0x0a || code === 0 || code > 0xff) {
      throw new SipError('value', 'a text with CR, LF, NUL or a character above 255 may not be written');
    }
  }
  return text;
}

/** The text itself. Throws SipError 'value' unless it is a token: a method, a header name, a tag. */
export function ownToken(text: string): string {
  for (let i = 0; i < text.length; i++)
    if (!isToken(text.charCodeAt(i))) throw new SipError('value', 'a text that must be a token is none');
  if (text === '') throw new SipError('value', 'a text that must be a token is empty');
  return text;
}

/** The header line `Name: value` itself. Throws SipError 'value' if its name is no token or its value not `ownText`. */
export function ownHeaderLine(line: string): string {
  const colon = line.indexOf(':');
  if (colon < 0) throw new SipError('value', 'a header line without a colon');
  ownToken(line.slice(0, colon));
  return ownText(line);
}
