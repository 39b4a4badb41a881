import type { Authority, Identity, Safe } from './certificates.js';

/** Everything a good certificate of a member has, under its SIP domain and its proxy's name. */
export function memberCertificate(authority: Authority, domain: string): Promise<Identity> {
  return authority.issue({ name: domain, dns: [`sip.${domain}`, domain], uris: [`sip:${domain}`] });
}

/** The hub's own certificate, for its domain and whatever else it stands for. */
export function hubCertificate(authority: Authority, domain: string, names: readonly string[] = []): Promise<Identity> {
  const all = [domain, ...names];
  return authority.issue({ name: domain, dns: all, uris: all.map((name) => `sip:${name}`) });
}

/**
 * What can be wrong with the certificate of someone who says to be `domain`, each under the close reason the hub must give for it. All but
 * the last are signed by the community's own authority.
 */
export const badCertificates = {
  expired: (authority: Authority, domain: string) => authority.issue({ ...good(domain), name: `expired.${domain}`, from: -24, until: -1 }),
  'not-yet-valid': (authority: Authority, domain: string) =>
    authority.issue({ ...good(domain), name: `early.${domain}`, from: 1, until: 24 }),
  'name-of-no-member': (authority: Authority) =>
    authority.issue({ name: 'nobody.example', dns: ['sip.nobody.example'], uris: ['sip:nobody.example'] }),
  'wildcard-name': (authority: Authority, domain: string) => authority.issue({ name: `wildcard.${domain}`, dns: [`*.${domain}`] }),
  'not-for-clients': (authority: Authority, domain: string) =>
    authority.issue({ ...good(domain), name: `server-only.${domain}`, usages: ['server'] }),
  'common-name-only': (authority: Authority, domain: string) => authority.issue({ name: `no-san.${domain}`, commonName: domain }),
  'weak-key': (authority: Authority, domain: string) => authority.issue({ ...good(domain), name: `weak.${domain}`, key: 'rsa-1024' }),
  'broken-chain': async (authority: Authority, domain: string) =>
    (await authority.below('between')).issue({ ...good(domain), name: `broken.${domain}` }),
  'untrusted-authority': async (_: Authority, domain: string, safe: Safe) =>
    (await safe.authority('impostor')).issue({ ...good(domain), name: `impostor.${domain}`, attachAuthority: true }),
} as const;

/** The names of a good certificate, to spoil one thing at a time. */
function good(domain: string) {
  return { name: domain, dns: [`sip.${domain}`, domain], uris: [`sip:${domain}`] };
}
