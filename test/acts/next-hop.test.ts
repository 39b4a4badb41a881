import { describe, expect, it } from 'vitest';
import { exchange, outcome } from '../stage/exchange.js';
import { badCertificates, memberCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const flaws = [
  'expired',
  'not-yet-valid',
  'name-of-no-member',
  'wildcard-name',
  'common-name-only',
  'weak-key',
  'untrusted-authority',
] as const;

describe.each(topologies)('the hub says nothing to a proxy that does not prove who it is, %s', (_, topology) => {
  const { actor } = perform({
    topology,
    cast: {
      acme: {},
      ...Object.fromEntries(
        flaws.map((flaw) => [flaw, { doorIdentity: (authority, safe) => badCertificates[flaw](authority, `${flaw}.example`, safe) }]),
      ),
      impostor: { doorIdentity: (authority) => memberCertificate(authority, 'acme.example') },
      pinned: { identity: async (_authority, safe) => memberCertificate(await safe.authority('own'), 'pinned.example'), pinned: true },
    },
  });

  it.each(flaws)('%s: 500, and not a byte is sent', async (flaw) => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', `sip:x@${flaw}.example`);
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('500 member-untrusted');
    expect(final.header('reason')).toContain(flaw);
  });

  it('another member’s good certificate: 500', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:x@impostor.example');
    expect(outcome(await acme.hearFinal(said))).toBe('500 member-untrusted');
  });

  it('a certificate of nobody known, but pinned: spoken with, both ways', async () => {
    await exchange(actor('acme'), actor('pinned'));
    await exchange(actor('pinned'), actor('acme'));
  });
});
