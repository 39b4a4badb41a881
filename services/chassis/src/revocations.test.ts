import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from './authority/authority.js';
import { newSigningKey } from './authority/key.js';
import { spkiSha256 } from './certificate.js';
import { revocationTable, revokedIn, sameRevocations, serialKey } from './revocations.js';

const now = Date.now();
const day = 86_400_000;

describe('what is revoked', () => {
  let guild: Authority;
  let twin: Authority;
  let leaf: X509Certificate;
  let other: X509Certificate;
  beforeAll(async () => {
    // Two authorities of the same name: only the key tells them apart.
    guild = await createAuthority('Steel Guild CA', now, now + day);
    twin = await createAuthority('Steel Guild CA', now, now + day);
    const issue = async () =>
      new X509Certificate(
        await guild.issue({
          spki: (await newSigningKey()).spki,
          commonName: 'acme',
          sipDomains: ['acme.example'],
          dnsNames: [],
          from: now,
          until: now + day,
        }),
      );
    leaf = await issue();
    other = await issue();
  });
  const list = (by: X509Certificate, ...serials: string[]) =>
    revocationTable(1n, [{ issuer: Buffer.from(spkiSha256(by), 'hex'), serials: serials.map((serial) => Buffer.from(serial, 'hex')) }]);
  const own = (certificate: X509Certificate) =>
    certificate.serialNumber.padStart(certificate.serialNumber.length + (certificate.serialNumber.length % 2), '0');

  it('is the certificate whose number is on the list of the key that signed it', () => {
    const table = list(guild.certificate, own(leaf));
    expect(revokedIn([leaf], [guild.certificate], table)).toBe(leaf);
    expect(revokedIn([leaf, guild.certificate], [], table)).toBe(leaf);
    expect(revokedIn([other], [guild.certificate], table)).toBeUndefined();
  });

  it('is nothing by the list of another key, even one of the same name', () => {
    const table = list(twin.certificate, own(leaf));
    expect(revokedIn([leaf, guild.certificate], [twin.certificate], table)).toBeUndefined();
  });

  it('is nothing where the issuer is not known', () => {
    expect(revokedIn([leaf], [twin.certificate], list(guild.certificate, own(leaf)))).toBeUndefined();
  });

  it('is found further up the chain', () => {
    const table = list(guild.certificate, own(guild.certificate));
    expect(revokedIn([leaf, guild.certificate], [], table)).toBe(guild.certificate);
  });

  it.each([
    // Of numbers below zero, as Node writes them.
    ['-01', 'ff'],
    ['-80', '80'],
    ['-81', 'ff7f'],
    ['-EE01ECECA01FF579B4CA9D94505077', 'ff11fe13135fe00a864b35626bafaf89'],
    ['00AB', 'ab'],
    ['0A', 'a'],
    ['00', ''],
    ['F0', 'f0'],
  ])('knows the number %s as "%s"', (written, key) => {
    expect(serialKey(written)).toBe(key);
  });

  it('is the same whatever its version and order', () => {
    const one = list(guild.certificate, '01', '02');
    expect(sameRevocations(one, { ...list(guild.certificate, '02', '01'), version: 9n })).toBe(true);
    expect(sameRevocations(one, list(guild.certificate, '01'))).toBe(false);
    expect(sameRevocations(one, list(guild.certificate, '01', '03'))).toBe(false);
    expect(sameRevocations(one, list(twin.certificate, '01', '02'))).toBe(false);
  });
});
