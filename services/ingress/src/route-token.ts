/** What a dialog is for: decides which of its requests are asked about as the one that opened it. */
export type Usage = 'I' | 'S' | 'N' | 'R' | 'X';

/** What a route token says: the two members of a dialog and who opened it with what. */
export interface RouteToken {
  readonly keyId: string;
  readonly caller: string;
  readonly callee: string;
  readonly usage: Usage;
}

/** The method that opened a dialog of this usage ('' where requests are asked about by their own), and the methods that belong to it. */
const usages: Readonly<Record<Usage, { readonly method: string; readonly belong: ReadonlySet<string> }>> = {
  I: { method: 'INVITE', belong: new Set(['INVITE', 'ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE', 'INFO']) },
  S: { method: 'SUBSCRIBE', belong: new Set(['SUBSCRIBE', 'NOTIFY']) },
  // A NOTIFY that opens a dialog by itself: the notifier is the caller.
  N: { method: 'NOTIFY', belong: new Set(['SUBSCRIBE', 'NOTIFY']) },
  R: { method: 'REFER', belong: new Set(['REFER', 'NOTIFY']) },
  X: { method: '', belong: new Set() },
};

/** Methods that never open a dialog: they get no Record-Route. */
const opensNone: ReadonlySet<string> = new Set([
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'MESSAGE',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REGISTER',
  'UPDATE',
]);

/** The usage a request outside a dialog may open, or undefined for one that opens none. An unknown method may open any. */
export function usageOf(method: string): Usage | undefined {
  switch (method) {
    case 'INVITE':
      return 'I';
    case 'SUBSCRIBE':
      return 'S';
    case 'NOTIFY':
      return 'N';
    case 'REFER':
      return 'R';
    default:
      return opensNone.has(method) ? undefined : 'X';
  }
}

/** The method under which a request in a dialog of this usage is asked about, or '' when it is asked about by itself. */
export function usageMethod(usage: Usage, method: string): string {
  return usages[usage].belong.has(method) ? usages[usage].method : '';
}

/** base64url of the first 16 bytes of an HMAC-SHA256 over `text` with the key of this id; undefined for an id that is not known. */
export type Mac = (keyId: string, text: string) => string | undefined;

/** Writes a token: `g1.<key>.<caller>.<callee>.<usage>.<mac>`, fit for the user part of a SIP URI. Undefined when the key is not known. */
export function encodeRouteToken(token: RouteToken, mac: Mac): string | undefined {
  const text = `g1.${token.keyId}.${token.caller}.${token.callee}.${token.usage}`;
  const sum = mac(token.keyId, text);
  return sum === undefined ? undefined : `${text}.${sum}`;
}

/** Longer than any token of ours: two ids of 64, a key id, a mac. */
const longestToken = 256;

/** What is found wrong with a token: no token of ours, one signed with a key that is not known (any more), or a forged one. */
export type TokenFault = 'shape' | 'unknown-key' | 'forged';

/** Reads and checks a token. */
export function decodeRouteToken(text: string, mac: Mac): RouteToken | TokenFault {
  if (text.length > longestToken) return 'shape';
  const [version, keyId, caller, callee, usage, sum, ...more] = text.split('.');
  if (version !== 'g1' || keyId === undefined || caller === undefined || callee === undefined || sum === undefined || more.length > 0) {
    return 'shape';
  }
  if (usage === undefined || !isUsage(usage) || keyId === '' || caller === '' || callee === '') return 'shape';
  const expected = mac(keyId, text.slice(0, text.length - sum.length - 1));
  if (expected === undefined) return 'unknown-key';
  return sameText(expected, sum) ? { keyId, caller, callee, usage } : 'forged';
}

function isUsage(text: string): text is Usage {
  return text.length === 1 && Object.hasOwn(usages, text);
}

/** Takes the same time wherever two texts of one length differ, so that a mac cannot be guessed byte by byte. */
function sameText(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
