import { type Authority, clockMargin, createAuthority, readAuthority } from '@guildhall/chassis/authority/authority';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import type { keyUsage } from '@guildhall/chassis/certificate';

/** A certificate and its key as PEM texts. */
export interface SampleIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** A throw-away certificate authority for samples, the demo and tests. Its own `certificate` and `key` can be kept and read back. */
export interface SampleAuthority extends SampleIdentity {
  /** A certificate for SIP domains (URI:sip:<domain> and DNS) and further host names, good as server and as client (RFC 5922, RFC 5924). */
  issue(names: SampleNames): Promise<SampleIdentity>;
}

/** Whom a sample certificate is for, and for how long. */
export interface SampleNames {
  readonly commonName: string;
  readonly domains: readonly string[];
  /** More DNS names, of proxies for instance; IP addresses are skipped. */
  readonly hosts?: readonly string[];
  /** Days from `now` on; default 365. Negative: expired already. */
  readonly days?: number;
  /** Extended key usages; default all of them. */
  readonly usages?: readonly (keyof typeof keyUsage)[];
  /** false leaves the DNS names of the domains away, so that only `URI:sip:` names them; default true. */
  readonly dns?: boolean;
}

const day = 24 * 60 * 60 * 1000;

/** Begins a little before `now`, for clocks that differ. A span that is over begins a day before its end. */
function validity(now: Date, days: number): { from: number; until: number } {
  const until = now.getTime() + days * day;
  return { from: Math.min(now.getTime() - clockMargin, until - day), until };
}

function issuer(authority: Authority, now: Date): SampleAuthority {
  return {
    certificate: authority.pem,
    key: authority.key,
    async issue({ commonName, domains, hosts = [], days = 365, dns = true, ...rest }) {
      const key = await newSigningKey();
      const dnsNames = [...new Set([...(dns ? domains : []), ...hosts])].filter((name) => /[a-z]/i.test(name) && !name.includes(':'));
      const order = { commonName, sipDomains: domains, dnsNames, spki: key.spki, ...validity(now, days), ...rest };
      return { certificate: await authority.issue(order), key: key.pem };
    },
  };
}

/** Makes a new authority, valid for `days` (default 3650) from `now` on. */
export async function createSampleAuthority(commonName: string, now: Date, days = 3650): Promise<SampleAuthority> {
  const { from, until } = validity(now, days);
  return issuer(await createAuthority(commonName, from, until), now);
}

/** An authority from what `createSampleAuthority` once made. Throws a Fault for PEM texts that are none. */
export async function readSampleAuthority({ certificate, key }: SampleIdentity, now: Date): Promise<SampleAuthority> {
  return issuer(await readAuthority({ certificate, key }, { certificate: 'ca.crt', key: 'ca.key' }), now);
}
