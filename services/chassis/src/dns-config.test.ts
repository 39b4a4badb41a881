import { describe, expect, it } from 'vitest';
import { section } from './config.js';
import { dnsSettings } from './dns-config.js';

describe('how DNS is asked', () => {
  const schema = section(dnsSettings);
  it.each([
    ['a name of a server', { servers: ['dns.acme.test'] }],
    ['an address with a bad port', { servers: ['192.0.2.1:0'] }],
    ['a port that is too large', { servers: ['192.0.2.1:70000'] }],
    ['IPv6 with a port and no brackets that hold it', { servers: ['[2001:db8::1]:'] }],
    ['a broken address', { servers: ['192.0.2.256'] }],
    ['too many servers', { servers: Array.from({ length: 9 }, () => '192.0.2.1') }],
    ['no patience', { timeout: 0 }],
    ['an unknown key', { retries: 3 }],
  ])('refuses %s', (_why, given) => {
    expect(schema.safeParse(given).success).toBe(false);
  });

  it.each(['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]', '[2001:db8::53]:53'])('takes the server %s', (server) => {
    expect(schema.parse({ servers: [server] }).servers).toEqual([server]);
  });

  it('asks the system’s servers unless told otherwise', () => {
    expect(schema.parse(undefined)).toMatchObject({ servers: [], timeout: 1_000, tries: 2, fresh: 60_000, absent: 30_000 });
  });
});
