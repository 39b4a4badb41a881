import { isDigit, isHex, isHost } from './octet.js';
import type { Octets } from './octets.js';

/** Hosts and ports as they stand in URIs and Via (RFC 3261 25.1 hostport, corrected for IPv6 by RFC 5954). Indices are the buffer's. */

const colon = 0x3a;
const dot = 0x2e;
const bracket = 0x5d;

/** Behind the host that begins at bytes[at]: a name, an IPv4 address or an IPv6 reference in brackets. -1 if there is none. */
export function hostEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === 0x5b) return ipv6ReferenceEnd(bytes, at, end);
  let i = at;
  let previous = dot;
  for (; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (!isHost(code)) break;
    if (code === dot && previous === dot) return -1;
    previous = code;
  }
  return i === at ? -1 : i;
}

/** The host head[start, end), which hostEnd accepted, in lower case and without a trailing dot. Allocates nothing but the result. */
export function lowerHost({ buffer, start: base, head }: Octets, start: number, end: number): string {
  const until = buffer[base + end - 1] === dot ? end - 1 : end;
  const host = head.slice(start, until);
  for (let i = base + start; i < base + until; i++) {
    const code = buffer[i] ?? 0;
    if (code >= 0x41 && code <= 0x5a) return host.toLowerCase();
  }
  return host;
}

/** The port written in digits at bytes[at, end); 0 unless it is 1 to 65535. */
export function portNumber(bytes: Uint8Array, at: number, end: number): number {
  let port = 0;
  for (let i = at; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (!isDigit(code)) return 0;
    port = port * 10 + code - 0x30;
    if (port > 65_535) return 0;
  }
  return port;
}

/** Behind the digits at `at`. */
export function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isDigit(bytes[i] ?? 0)) i++;
  return i;
}

/** Behind the `]`. The address must be one of RFC 4291: eight groups, or fewer around one `::`; the last two may be an IPv4 address. */
function ipv6ReferenceEnd(bytes: Uint8Array, at: number, end: number): number {
  let groups = 0;
  let gap = false;
  let i = at + 1;
  if (bytes[i] === colon) {
    if (bytes[i + 1] !== colon) return -1;
    gap = true;
    i += 2;
  }
  while (i < end && bytes[i] !== bracket) {
    const groupEnd = hexEnd(bytes, i, end);
    if (bytes[groupEnd] === dot) {
      i = ipv4End(bytes, i, end);
      if (i < 0 || bytes[i] !== bracket) return -1;
      groups += 2;
      break;
    }
    if (groupEnd === i || groupEnd - i > 4) return -1;
    groups++;
    i = groupEnd;
    if (bytes[i] !== colon) continue;
    i++;
    if (bytes[i] === colon) {
      if (gap) return -1;
      gap = true;
      i++;
      // The ABNF of RFC 3261 wrote three colons before an IPv4 part; RFC 5118 4.10 asks to tolerate them.
      if (bytes[i] === colon && ipv4End(bytes, i + 1, end) > 0) i++;
    } else if (bytes[i] === bracket) return -1;
  }
  if (i >= end) return -1;
  return (gap ? groups < 8 : groups === 8) ? i + 1 : -1;
}

function hexEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && i < at + 5 && isHex(bytes[i] ?? 0)) i++;
  return i;
}

function ipv4End(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (bytes[i] !== dot) return -1;
      i++;
    }
    const from = i;
    let value = 0;
    for (; i < end && i < from + 3 && isDigit(bytes[i] ?? 0); i++) value = value * 10 + (bytes[i] ?? 0) - 0x30;
    if (i === from || value > 255) return -1;
  }
  return i;
}
