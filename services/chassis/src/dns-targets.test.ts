import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressRecord, DnsFailure, type DnsResolver, type PointerRecord, type ServiceRecord } from './dns-resolver.js';
import { findTargets, offersService } from './dns-targets.js';

const words = { pointer: 'SIPS+D2T', services: ['_sips._tcp', '_sipfederationtls._tcp'], port: 5061 };

/** What a pretended DNS says by name; an Error is a question that fails. */
interface Zone {
  readonly naptr?: Readonly<Record<string, readonly Partial<PointerRecord>[] | Error>>;
  readonly srv?: Readonly<Record<string, readonly Partial<ServiceRecord>[] | Error>>;
  readonly a?: Readonly<Record<string, readonly string[] | Error>>;
  readonly aaaa?: Readonly<Record<string, readonly string[] | Error>>;
}

function resolver(zone: Zone, keepMs = 60_000): DnsResolver {
  const told = async <T, R>(records: Readonly<Record<string, readonly T[] | Error>> | undefined, name: string, full: (one: T) => R) => {
    const found = records?.[name] ?? [];
    if (found instanceof Error) throw found;
    return found.map(full);
  };
  const address = (one: string): AddressRecord => ({ address: one, keepMs });
  return {
    pointers: (name) =>
      told(zone.naptr, name, (one) => ({ order: 1, preference: 1, flags: 's', service: 'SIPS+D2T', replacement: '', ...one })),
    services: (name) => told(zone.srv, name, (one) => ({ target: 'a.test', port: 5061, priority: 0, weight: 1, ...one })),
    addresses4: (name) => told(zone.a, name, address),
    addresses6: (name) => told(zone.aaaa, name, address),
    close: () => undefined,
  };
}

/** The targets as "address:port priority weight". */
async function found(zone: Zone): Promise<string[]> {
  const { targets } = await findTargets(resolver(zone), words, 'acme.test');
  return targets.map(({ address, port, priority, weight }) => `${address}:${port} ${priority} ${weight}`);
}

const down = new DnsFailure('no answer');
const a = { 'a.test': ['192.0.2.1'], 'b.test': ['192.0.2.2'], 'acme.test': ['192.0.2.9'] };

describe('whom DNS names for a domain', () => {
  const cases: [why: string, zone: Zone, targets: string[]][] = [
    ['nothing at all', {}, []],
    ['the service is said not to be there: the address does not count', { a, srv: { '_sips._tcp.acme.test': [{ target: '' }] } }, []],
    ['a target without any address', { srv: { '_sips._tcp.acme.test': [{ target: 'nowhere.test' }] } }, []],
    [
      'names and ports that are none',
      { a, srv: { '_sips._tcp.acme.test': [{ target: 'a b.test' }, { port: 0 }] } },
      ['192.0.2.9:5061 0 1'],
    ],
    ['only an address: the usual port', { a }, ['192.0.2.9:5061 0 1']],
    [
      'by priority, then by weight',
      {
        a,
        srv: {
          '_sips._tcp.acme.test': [
            { target: 'b.test', port: 2, priority: 2 },
            { port: 1, priority: 1, weight: 1 },
            { target: 'b.test', port: 3, priority: 1, weight: 9 },
          ],
        },
      },
      ['192.0.2.2:3 2 9', '192.0.2.1:1 2 1', '192.0.2.2:2 4 1'],
    ],
    [
      'the preferred prefix, not the other',
      { a, srv: { '_sips._tcp.acme.test': [{ port: 1 }], '_sipfederationtls._tcp.acme.test': [{ port: 2 }] } },
      ['192.0.2.1:1 0 1'],
    ],
    ['the other prefix', { a, srv: { '_sipfederationtls._tcp.acme.test': [{ port: 2 }] } }, ['192.0.2.1:2 0 1']],
    [
      'the other prefix while the preferred does not answer',
      { a, srv: { '_sips._tcp.acme.test': down, '_sipfederationtls._tcp.acme.test': [{ port: 2 }] } },
      ['192.0.2.1:2 0 1'],
    ],
    [
      'where NAPTR leads, the lowest order first, other services left out',
      {
        a,
        naptr: {
          'acme.test': [
            { order: 2, replacement: 'second.test' },
            { order: 1, replacement: 'first.test' },
            { order: 0, service: 'SIP+D2T', replacement: 'plain.test' },
            { order: 0, flags: 'u', replacement: 'rewritten.test' },
          ],
        },
        srv: {
          'first.test': [{ port: 1 }],
          'second.test': [{ port: 2 }],
          'plain.test': [{ port: 3 }],
          'rewritten.test': [{ port: 4 }],
          '_sips._tcp.acme.test': [{ port: 5 }],
        },
      },
      ['192.0.2.1:1 0 1'],
    ],
    [
      'NAPTR that does not answer, or leads nowhere',
      { a, naptr: { 'acme.test': [{ replacement: 'empty.test' }] }, srv: { '_sips._tcp.acme.test': [{ port: 5 }] } },
      ['192.0.2.1:5 0 1'],
    ],
    ['NAPTR that fails', { a, naptr: { 'acme.test': down }, srv: { '_sips._tcp.acme.test': [{ port: 5 }] } }, ['192.0.2.1:5 0 1']],
    [
      'the addresses of one target share its weight, IPv6 comes behind',
      {
        a: { 'a.test': ['192.0.2.1', '192.0.2.2'] },
        aaaa: { 'a.test': ['2001:db8::1'] },
        srv: { '_sips._tcp.acme.test': [{ weight: 10 }] },
      },
      ['192.0.2.1:5061 0 5', '192.0.2.2:5061 0 5', '2001:db8::1:5061 1 10'],
    ],
    ['IPv6 alone is as good', { aaaa: { 'acme.test': ['2001:db8::1'] } }, ['2001:db8::1:5061 0 1']],
    ['a family that does not answer is done without', { a, aaaa: { 'acme.test': down } }, ['192.0.2.9:5061 0 1']],
  ];
  it.each(cases)('%s', async (_why, zone, targets) => {
    expect(await found(zone)).toEqual(targets);
  });

  it.each<[string, Zone]>([
    ['no prefix answered', { a, srv: { '_sips._tcp.acme.test': down, '_sipfederationtls._tcp.acme.test': down } }],
    ['one did not and the other has nothing', { a, srv: { '_sipfederationtls._tcp.acme.test': down } }],
    ['addresses were not answered', { a: { 'acme.test': down } }],
  ])('says so when it cannot know: %s', async (_why, zone) => {
    await expect(found(zone)).rejects.toThrow('no answer');
  });

  it('takes a bounded number of whatever there is', async () => {
    const many = Array.from({ length: 500 }, (_, at) => ({ port: 1 + at, target: `t${at}.test` }));
    const addresses = Object.fromEntries(
      many.map(({ target }, at) => [target, Array.from({ length: 50 }, () => `198.51.100.${at % 250}`)]),
    );
    expect(await found({ srv: { '_sips._tcp.acme.test': many }, a: addresses })).toHaveLength(16);
  });

  it('keeps as long as the shortest of the addresses may be kept', async () => {
    expect((await findTargets(resolver({ a }, 7_000), words, 'acme.test')).keepMs).toBe(7_000);
  });

  it('never throws but a failure, and gives nothing that could not be dialled, whatever comes', async () => {
    const record = fc.record({
      target: fc.string(),
      port: fc.integer({ min: -1, max: 70_000 }),
      priority: fc.nat(70_000),
      weight: fc.nat(70_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record), async (records) => {
        const anywhere = {
          ...resolver({ srv: { '_sips._tcp.acme.test': records } }),
          addresses4: async () => [{ address: '192.0.2.1', keepMs: 1 }],
        };
        const { targets } = await findTargets(anywhere, words, 'acme.test');
        for (const { port, weight } of targets) expect(port >= 1 && port <= 65_535 && weight >= 0).toBe(true);
      }),
    );
  });
});

describe('whether a domain offers the service', () => {
  it('only by its records, never by an address', async () => {
    expect(await offersService(resolver({ a }), words, 'acme.test')).toBe(false);
    expect(await offersService(resolver({ srv: { '_sips._tcp.acme.test': [{ target: '' }] } }), words, 'acme.test')).toBe(false);
    expect(await offersService(resolver({ srv: { '_sipfederationtls._tcp.acme.test': [{}] } }), words, 'acme.test')).toBe(true);
  });
});
