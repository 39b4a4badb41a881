import { uriPlace } from './uri.js';

const escaped = /%([0-9A-Fa-f]{2})/g;

/** A user part with its escapes resolved: RFC 3261 19.1.4 takes "%61da" and "ada" for the same. Case counts. */
export function plainUser(user: string): string {
  return user.includes('%') ? user.replace(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : user;
}

/**
 * "ada@acme.example" of a sip or sips URI: no password, port, parameters or escapes, the host in lower case; '' where it has no user or is none.
 * Whatever its parameters are: or a rule about a user would be slipped past by one that is there twice.
 */
export function userOfUri(text: string): string {
  const place = uriPlace(text);
  return place === undefined || place.user === '' ? '' : `${plainUser(place.user)}@${place.host}`;
}
