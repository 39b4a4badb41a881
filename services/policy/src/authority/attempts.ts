import { isIPv6 } from 'node:net';

/** How often somebody may try: a bucket of tokens an address, which fills evenly. */
export interface Attempts {
  /** Whether one more is allowed at this time (monotonic ms); it is counted if so. */
  allow(address: string, now: number): boolean;
  /** ms until the next one is allowed. */
  wait(address: string, now: number): number;
}

/** Addresses remembered at the same time; beyond it those that have been quiet longest are forgotten first. */
const mostAddresses = 10_000;

/** One IPv4 address, or the /64 that one subscriber has of IPv6. */
export function subscriber(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return [...front, ...middle, ...back].slice(0, 4).join(':');
}

/** Allows so many a minute, and as many at once. */
export function createAttempts(perMinute: number): Attempts {
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = perMinute / 60_000;
  const leftAt = (key: string, now: number): number => {
    const bucket = buckets.get(key);
    return bucket === undefined ? perMinute : Math.min(perMinute, bucket.left + (now - bucket.at) * perMs);
  };
  return {
    allow(address, now) {
      const key = subscriber(address);
      const left = leftAt(key, now);
      buckets.delete(key);
      buckets.set(key, { left: left >= 1 ? left - 1 : left, at: now });
      if (buckets.size > mostAddresses) {
        const [oldest] = buckets.keys();
        if (oldest !== undefined) buckets.delete(oldest);
      }
      return left >= 1;
    },
    wait: (address, now) => Math.max(0, Math.ceil((1 - leftAt(subscriber(address), now)) / perMs)),
  };
}
