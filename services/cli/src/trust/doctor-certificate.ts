import { X509Certificate } from 'node:crypto';
import { type CertificateFacts, factsOf, keyUsage, sipNames } from '@guildhall/chassis/certificate';
import { weakness } from '@guildhall/chassis/certificate-reason';
import { usageNames } from '@guildhall/chassis/usage-names';
import { type Finding, problem } from './doctor-findings.js';

const step = 'certificate';
const anyUsage = '2.5.29.37.0';
const soon = 30 * 86_400_000;

/** Every certificate of a PEM text, leaf first. Empty where it holds none that can be read. */
export function chainOf(pem: string): X509Certificate[] {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? []).map(
      (block) => new X509Certificate(block),
    );
  } catch {
    return [];
  }
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

/** What a certificate says, as the hub logs it. */
export function certificateFacts({
  subject,
  issuer,
  uris,
  dnsNames,
  extendedKeyUsage,
  validTo,
  spkiSha256,
}: CertificateFacts): Finding['facts'] {
  return [
    ['subject', oneLine(subject)],
    ['issuer', oneLine(issuer)],
    ['names', [...uris.map((uri) => `URI:${uri}`), ...dnsNames.map((name) => `DNS:${name}`)].join(' ')],
    ['usages', usageNames(extendedKeyUsage).join(' ')],
    ['until', Number.isFinite(validTo) ? new Date(validTo).toISOString() : 'unreadable'],
    ['key', spkiSha256],
  ];
}

/**
 * What is wrong with a certificate by what it says itself, whoever asks: dates, key, usages, names. `domains` are the member's, if they are
 * known; `now` is wall time, ms. Always at least one finding.
 */
export function lookAtCertificate(chain: readonly X509Certificate[], domains: readonly string[], now: number): Finding[] {
  const facts = factsOf(chain, true, '');
  if (facts === undefined) return [problem(step, 'no-certificate', '')];
  const found = [...dateProblems(facts, now), ...keyProblems(facts), ...usageProblems(facts), ...nameProblems(facts, domains)];
  if (found.length > 0) return found.map((one, at) => (at === 0 ? { ...one, facts: certificateFacts(facts) ?? [] } : one));
  const days = Math.floor((facts.validTo - now) / 86_400_000);
  const names = sipNames(facts).join(', ');
  const said = `it speaks for ${names} and ends in ${days} days`;
  const facts_ = certificateFacts(facts) ?? [];
  return facts.validTo - now < soon
    ? [{ step, state: 'unknown', said: `${said}: renew it soon`, facts: facts_ }]
    : [{ step, state: 'good', said, facts: facts_ }];
}

function dateProblems({ validFrom, validTo }: CertificateFacts, now: number): Finding[] {
  if (!(now >= validFrom))
    return [problem(step, 'not-yet-valid', `valid from ${dayOf(validFrom)}; this machine's clock says ${dayOf(now)}`)];
  if (!(now <= validTo)) return [problem(step, 'expired', `valid to ${dayOf(validTo)}; this machine's clock says ${dayOf(now)}`)];
  return [];
}

function dayOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'an unreadable date';
}

function keyProblems({ keyKind, keyBits }: CertificateFacts): Finding[] {
  const weak = weakness(keyKind, keyBits);
  return weak === '' ? [] : [problem(step, 'weak-key', weak)];
}

/** Without the extension any use is allowed (RFC 5280 4.2.1.12). */
function usageProblems({ extendedKeyUsage: uses }: CertificateFacts): Finding[] {
  if (uses.length === 0 || uses.includes(anyUsage)) return [];
  const found: Finding[] = [];
  if (!uses.includes(keyUsage.clientAuth)) found.push(problem(step, 'not-for-clients', `it is for ${usageNames(uses).join(' ')}`));
  if (!uses.includes(keyUsage.serverAuth)) found.push(problem(step, 'not-for-servers', `it is for ${usageNames(uses).join(' ')}`));
  return found;
}

function nameProblems(facts: CertificateFacts, domains: readonly string[]): Finding[] {
  const names = sipNames(facts);
  if (facts.chain[0]?.subjectAltName === undefined) return [problem(step, 'common-name-only', `common name ${facts.commonName}`)];
  if (domains.length === 0 ? names.length > 0 : names.some((name) => domains.includes(name))) return [];
  const wildcard = facts.dnsNames.find((name) => name.startsWith('*.'));
  if (wildcard !== undefined) return [problem(step, 'wildcard-name', `only ${wildcard}`)];
  const wanted = domains.length === 0 ? 'no SIP domain is among its names' : `expected one of ${domains.join(', ')}`;
  return [problem(step, 'name-of-no-member', wanted)];
}
