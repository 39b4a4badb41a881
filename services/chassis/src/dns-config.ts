import { isIP } from 'node:net';
import { z } from 'zod';
import { count, duration } from './config.js';

const serverShape = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9a-fA-F:.]{2,45}?))(?::(\d{1,5}))?$/;

/** Whether a text is an IP address with or without a port, an IPv6 one with a port in brackets. */
function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [whole, bracketed, plain, port] = serverShape.exec(text) ?? [];
  if (whole === undefined) return false;
  const addressed = bracketed === undefined ? isIP(plain ?? '') === 4 : isIP(bracketed) === 6;
  return addressed && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535));
}

/** How DNS is asked: the keys of a section, to which a service may add its own. Times are ms inside. */
export const dnsSettings = {
  /** Which servers are asked, "address" or "address:port"; none: those of the system. */
  servers: z
    .array(z.string().refine(isServer, { error: 'expected an IP address with or without port, such as 192.0.2.53 or [2001:db8::53]:53' }))
    .max(8)
    .default([]),
  /** One question to one server, and how often each is asked. */
  timeout: duration('1s', '50ms', '30s'),
  tries: count(2, 1, 8),
  /** What was found counts as fresh for so long; less where the records of addresses say so, but never less than a second. */
  fresh: duration('1m', '1s', '24h'),
  /** While DNS does not answer, what was found before serves for so long. */
  stale: duration('24h', 0, '720h'),
  /** That nothing was found is believed for so long. */
  absent: duration('30s', '100ms', '1h'),
  /** Names remembered. */
  names: count(10_000, 1, 1_000_000),
} as const;
