import { describe, expect, it } from 'vitest';
import { configSchema } from './config.js';

const least = { hub: { domain: 'hub.example' }, certificate: { cert: 'hub.crt', key: 'hub.key' } };

describe('the configuration of a relay', () => {
  const bad: [why: string, changes: object][] = [
    ['an unknown key', { proxies: [] }],
    ['an unknown key of a section', { limits: { qeue: 1 } }],
    ['an id that widens a subject', { id: 'a.b' }],
    ['a domain in upper case', { hub: { domain: 'HUB.example' } }],
    ['no certificate', { certificate: undefined }],
    ['port 0 in Via', { via: { port: 0 } }],
    ['five links a proxy', { limits: { linksPerProxy: 5 } }],
    ['a time span below its range', { timeouts: { connect: '1ms' } }],
    ['a size without a unit it knows', { limits: { queueBytes: '4 potatoes' } }],
  ];
  it.each(bad)('refuses %s', (_why, changes) => {
    expect(configSchema.safeParse({ ...least, ...changes }).success).toBe(false);
  });

  it('needs no more than the hub’s name and certificate', () => {
    const config = configSchema.parse(least);
    expect(config).toMatchObject({ id: 'relay-1', via: { host: '127.0.0.1', port: 5061 }, drain: 32_000 });
    expect(config.timeouts).toMatchObject({ connect: 5000, probe: 5000, dead: 9000, backoffFirst: 200, backoffMost: 5_000 });
    expect(config.timeouts.dead).toBeLessThan(10_000);
  });
});
