import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantNames } from './granted-names.js';

const vetted = { owner: 'member acme', domains: ['acme.example', 'acme.test'], names: ['acme.example', 'acme.test', 'sip.acme.example'] };
const ask = (rest: { commonName?: string; sipDomains?: string[]; dnsNames?: string[] }) =>
  grantNames({ commonName: '', sipDomains: [], dnsNames: [], ...rest }, vetted);

describe('names are refused', () => {
  it.each<[request: Parameters<typeof ask>[0], names: RegExp]>([
    [{ dnsNames: ['acme.example', 'bolt.example'] }, /"bolt.example"/],
    [{ sipDomains: ['xacme.example'] }, /"xacme.example"/],
    [{ sipDomains: ['sip.acme.example'] }, /no SIP domain/],
    [{ dnsNames: ['*.acme.example'] }, /wildcard/],
    [{ dnsNames: ['acme.example.'] }, /dot/],
    [{ dnsNames: [''] }, /empty/],
    [{ dnsNames: ['192.0.2.1'] }, /IP address/],
    [{ commonName: 'bolt.example' }, /"bolt.example"/],
    [{ commonName: '*' }, /"\*"/],
  ])('%j', (request, names) => expect(ask(request)).toMatchObject({ refused: expect.stringMatching(names) }));

  it('for their owner, in its words where it has some', () => {
    expect(
      grantNames({ commonName: '', sipDomains: [], dnsNames: ['b.example'] }, { ...vetted, why: () => 'belongs to another member' }),
    ).toMatchObject({
      refused: 'The signing request asks for "b.example", which member acme may not have: it belongs to another member.',
    });
  });
});

describe('names are granted', () => {
  it.each<[request: Parameters<typeof ask>[0], sipDomains: string[], dnsNames: string[]]>([
    [{}, ['acme.example', 'acme.test'], ['acme.example', 'acme.test', 'sip.acme.example']],
    [{ commonName: 'Acme Inc.' }, ['acme.example', 'acme.test'], ['acme.example', 'acme.test', 'sip.acme.example']],
    [{ commonName: 'ACME.example' }, ['acme.example', 'acme.test'], ['acme.example', 'acme.test', 'sip.acme.example']],
    [{ dnsNames: ['acme.test'] }, ['acme.test'], ['acme.test']],
    [{ dnsNames: ['sip.acme.example'], sipDomains: ['acme.example'] }, ['acme.example'], ['acme.example', 'sip.acme.example']],
    [{ dnsNames: ['sip.acme.example'] }, ['acme.example', 'acme.test'], ['sip.acme.example']],
  ])('%j', (request, sipDomains, dnsNames) => expect(ask(request)).toEqual({ sipDomains, dnsNames }));

  it('never beyond what is vetted, whatever is asked for', () => {
    const name = fc.oneof(fc.constantFrom(...vetted.names, 'bolt.example', '*.acme.example', 'acme'), fc.string({ maxLength: 20 }));
    const names = fc.array(name, { maxLength: 4 });
    fc.assert(
      fc.property(name, names, names, (commonName, sipDomains, dnsNames) => {
        const granted = grantNames({ commonName, sipDomains, dnsNames }, vetted);
        if ('refused' in granted) return;
        expect(granted.sipDomains.length).toBeGreaterThan(0);
        for (const one of granted.sipDomains) expect(vetted.domains).toContain(one);
        for (const one of granted.dnsNames) expect(vetted.names).toContain(one);
        for (const one of [...sipDomains, ...dnsNames]) expect([...granted.sipDomains, ...granted.dnsNames]).toContain(one);
      }),
    );
  });
});
