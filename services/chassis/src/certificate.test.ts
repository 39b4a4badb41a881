import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { alternativeNames, type CertificateFacts, chainEndsIn, factsOf, parseAnchors, sipNames, spkiSha256 } from './certificate.js';

/**
 * Made once with OpenSSL, P-256, valid for a hundred years from 22 November 2026: two roots; an authority in the middle and, of the same name,
 * a certificate that is no authority, both signed by the first root; and one leaf's key and names signed by each of those.
 */
const certificates = {
  rootA:
    'MIIBiDCCAS+gAwIBAgIUDRqp5S9SZrmCxwA9Nfc4fFlfBiswCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGcm9vdC1hMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjARMQ8wDQYDVQQDDAZyb290LWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASmPWbD0mCTKhm6OmtPYE0HeEo3pFYn2IF2Nt+z6t0OtUlpLlA2GJV0zQllVewKNd1/FP3kBPBzcGUpKTVz6p8qo2MwYTAdBgNVHQ4EFgQUUE92fPWxnq6P93hYn4uBBFeX/h4wHwYDVR0jBBgwFoAUUE92fPWxnq6P93hYn4uBBFeX/h4wDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDRwAwRAIgfcrvagcD2bBkp47WzC+vBbWwBoPPlI2t4m/7va5Sf9kCID63vhfueQYFVpdV8kzG/sMWJdXl6gICaX18ta9kByBa',
  rootB:
    'MIIBiDCCAS+gAwIBAgIUXVSoB3zpM9CRG0LZCqKGBj3axN4wCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGcm9vdC1iMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjARMQ8wDQYDVQQDDAZyb290LWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATzSvvf0HgTSqRbklAfOcAOl7dYAuL7oE5Ot4uD94xi2zsn3YbnQTl0c65joT2LrrrvEkae6el7gBVck16JKndCo2MwYTAdBgNVHQ4EFgQUPn+4butRH2CbCNvuhZXf8/6RddAwHwYDVR0jBBgwFoAUPn+4butRH2CbCNvuhZXf8/6RddAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDRwAwRAIgbDiS2qnZMiJP35sDu8eiE0tiEu8PpYpO4zOkr1vP8asCIAnnz+sLS2XbNsFZEhl6GryBLE4Gdt36NnEOV6M2RvCI',
  middle:
    'MIIBhzCCASygAwIBAgIURRWee80QKzqgjO3AEVv9JLqyZmUwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGcm9vdC1hMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjAOMQwwCgYDVQQDDANtaWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATQq5uI5Xo0e1VQmYiRdZBTb91bNP+x8KgnRDLkfDJrRerVjivlTAg4rtusGi1hAmTCoKRaI+CRi7RCjWeoPumRo2MwYTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUuPWbmJjkFQKksk37l6C/P3zTj64wHwYDVR0jBBgwFoAUUE92fPWxnq6P93hYn4uBBFeX/h4wCgYIKoZIzj0EAwIDSQAwRgIhAO0sO9w165tB+pzrIzaRQXCnOMKxRc/UCNYoeVMRZ3P+AiEAoCMxh233OU0hqubLnOhNiXjXY704of6HzjYW/UqdlZg=',
  noAuthority:
    'MIIBczCCARmgAwIBAgIURRWee80QKzqgjO3AEVv9JLqyZmYwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGcm9vdC1hMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjAOMQwwCgYDVQQDDANtaWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQdYKsdCCrK9Eu7/FjnhGtUne3KukcgynrW7tvKVmKA46QhYuM8txvhEQyuSoUy71GnXSevs97+xiadyMwzRFgKo1AwTjAMBgNVHRMBAf8EAjAAMB0GA1UdDgQWBBSMBsIfAJULiGON5yV26M1GkbH8ujAfBgNVHSMEGDAWgBRQT3Z89bGero/3eFifi4EEV5f+HjAKBggqhkjOPQQDAgNIADBFAiAhZbsjOcPqKnc8mydu6iKm6gI6alkHDtIDn4rxBI4pJQIhALD/6hRxpM89+Oiqb6Zrr3G4kXUq4/v93wWiOnOZpwNg',
  leaf: 'MIICWzCCAgGgAwIBAgIUEnOKTRBHEU4g82FMJ24TSO7POo8wCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwDbWlkMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjArMRIwEAYDVQQKDAlBY21lLCBJbmMxFTATBgNVBAMMDGFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLJQAplGjaKt2hjVFVsHkhCe8WNF3QWK664boPZhkm4qvOrOWQOvg8/8xuQscW44uiFpZ81alI94+Eo01g+ICaGjggEcMIIBGDAMBgNVHRMBAf8EAjAAMCcGA1UdJQQgMB4GCCsGAQUFBwMBBggrBgEFBQcDAgYIKwYBBQUHAxQwgZ4GA1UdEQSBljCBk4YQc2lwOkFjbWUuRXhhbXBsZYYUc2lwOmJvYkBhY21lLmV4YW1wbGWGFGh0dHBzOi8vYWNtZS5leGFtcGxlghBTSVAuYWNtZS5leGFtcGxlgg4qLmFjbWUuZXhhbXBsZYIbYS5leGFtcGxlLCBETlM6Ym9sdC5leGFtcGxlhwTAAAIBgQ54QGJvbHQuZXhhbXBsZTAdBgNVHQ4EFgQUL5/J4uB8DgwdVVpwQcptX97GzuQwHwYDVR0jBBgwFoAUuPWbmJjkFQKksk37l6C/P3zTj64wCgYIKoZIzj0EAwIDSAAwRQIgLVB07iFqQSZNlg+pUjyNlhQBBUH6pdhHE1PLmfcDVRsCIQDnK2GeyAZyyzuQbiR0nGlWlDf1E+E2s/f/X9tozNZmxA==',
  leafOfNoAuthority:
    'MIICWzCCAgGgAwIBAgIUD1uZZmrqt1kvE2rlX0q9G8cb24gwCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwDbWlkMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjArMRIwEAYDVQQKDAlBY21lLCBJbmMxFTATBgNVBAMMDGFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLJQAplGjaKt2hjVFVsHkhCe8WNF3QWK664boPZhkm4qvOrOWQOvg8/8xuQscW44uiFpZ81alI94+Eo01g+ICaGjggEcMIIBGDAMBgNVHRMBAf8EAjAAMCcGA1UdJQQgMB4GCCsGAQUFBwMBBggrBgEFBQcDAgYIKwYBBQUHAxQwgZ4GA1UdEQSBljCBk4YQc2lwOkFjbWUuRXhhbXBsZYYUc2lwOmJvYkBhY21lLmV4YW1wbGWGFGh0dHBzOi8vYWNtZS5leGFtcGxlghBTSVAuYWNtZS5leGFtcGxlgg4qLmFjbWUuZXhhbXBsZYIbYS5leGFtcGxlLCBETlM6Ym9sdC5leGFtcGxlhwTAAAIBgQ54QGJvbHQuZXhhbXBsZTAdBgNVHQ4EFgQUL5/J4uB8DgwdVVpwQcptX97GzuQwHwYDVR0jBBgwFoAUjAbCHwCVC4hjjecldujNRpGx/LowCgYIKoZIzj0EAwIDSAAwRQIhAJUGQZYU5YBwuushE3cbhBPHSYz1ENyK3xOhOF4eHMzwAiA3LR69oZbzyGVFwD8CT6OBEomHIF2ClZi2X/cg0V1tFQ==',
};

const at = Date.parse('2030-01-01T00:00:00Z');

function certificate(name: keyof typeof certificates): X509Certificate {
  return new X509Certificate(pem(name));
}

function pem(name: keyof typeof certificates): string {
  return `-----BEGIN CERTIFICATE-----\n${certificates[name].replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function facts(...chain: (keyof typeof certificates)[]): CertificateFacts {
  const found = factsOf(chain.map(certificate), true, '');
  if (found === undefined) throw new Error('an empty chain has no facts');
  return found;
}

describe('subject alternative names as Node writes them', () => {
  const cases: [text: string, names: [kind: string, value: string][], why: string][] = [
    ['DNS', [], 'no colon'],
    ['DNS:"a.example', [], 'a quote that does not close'],
    ['DNS:"a.example"x, DNS:b.example', [], 'something behind the quote'],
    ['', [], 'nothing'],
    ['DNS:"a.example, DNS:bolt.example"', [['DNS', 'a.example, DNS:bolt.example']], 'one name that pretends to be two'],
    ['DNS:"a\\u0000.example"', [['DNS', 'a\u0000.example']], 'a control character, unescaped to no host name'],
    [
      'URI:sip:acme.example, DNS:sip.acme.example',
      [
        ['URI', 'sip:acme.example'],
        ['DNS', 'sip.acme.example'],
      ],
      'two names',
    ],
    ['IP Address:2001:DB8:0:0:0:0:0:1', [['IP Address', '2001:DB8:0:0:0:0:0:1']], 'colons in a value'],
  ];
  it.each(cases)('%s', (text, names, _why) => {
    expect(alternativeNames(text).map(({ kind, value }) => [kind, value])).toEqual(names);
  });
});

describe('the facts of a certificate', () => {
  it('are none for an empty chain', () => {
    expect(factsOf([], true, '')).toBeUndefined();
  });

  it('never say authorized beside an error code', () => {
    expect(factsOf([certificate('leaf')], true, 'INVALID_PURPOSE')?.authorized).toBe(false);
  });

  it('tell names, usage, key and issuer apart', () => {
    const leaf = facts('leaf', 'middle', 'rootA');
    expect(leaf.uris).toEqual(['sip:Acme.Example', 'sip:bob@acme.example', 'https://acme.example']);
    expect(leaf.dnsNames).toEqual(['SIP.acme.example', '*.acme.example', 'a.example, DNS:bolt.example']);
    expect(leaf.commonName).toBe('acme.example');
    expect(leaf.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.20']);
    expect([leaf.keyKind, leaf.keyBits, leaf.selfSigned]).toEqual(['ec', 256, false]);
    expect(leaf.spkiSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(leaf.spkiSha256).toBe(spkiSha256(certificate('leafOfNoAuthority')));
    expect(leaf.validTo).toBeGreaterThan(leaf.validFrom);
    expect(facts('rootA').selfSigned).toBe(true);
  });

  it('give SIP identities in lower case, without users, wildcards, other schemes, and names that are two', () => {
    expect(sipNames(facts('leaf'))).toEqual(['acme.example', 'sip.acme.example']);
    expect(sipNames(facts('rootA'))).toEqual([]);
  });
});

describe('whose chain it is', () => {
  it('reads anchors from PEM and refuses a text without one', () => {
    expect(parseAnchors([`${pem('rootA')}${pem('rootB')}`, pem('middle')])).toHaveLength(3);
    expect(() => parseAnchors(['nothing'])).toThrow('no certificate');
  });

  const chains: [why: string, chain: (keyof typeof certificates)[], anchors: (keyof typeof certificates)[], ends: boolean][] = [
    ['another root', ['leaf', 'middle', 'rootA'], ['rootB'], false],
    ['no anchors', ['leaf', 'middle', 'rootA'], [], false],
    ['the authority between is missing', ['leaf'], ['rootA'], false],
    ['signed by a certificate that is no authority', ['leafOfNoAuthority', 'noAuthority', 'rootA'], ['rootA'], false],
    ['an authority of the same name that did not sign it', ['leafOfNoAuthority', 'middle', 'rootA'], ['rootA'], false],
    ['a root that is merely attached', ['leafOfNoAuthority', 'rootA'], ['rootA'], false],
    ['the root', ['leaf', 'middle', 'rootA'], ['rootB', 'rootA'], true],
    ['the root, which the peer did not send', ['leaf', 'middle'], ['rootA'], true],
    ['an authority between as anchor', ['leaf', 'middle'], ['middle'], true],
    ['the leaf itself as anchor', ['leaf'], ['leaf'], true],
  ];
  it.each(chains)('%s', (_why, chain, anchors, ends) => {
    expect(chainEndsIn(facts(...chain), anchors.map(certificate), at)).toBe(ends);
  });

  it('does not outlive the anchor', () => {
    expect(chainEndsIn(facts('leaf', 'middle'), [certificate('rootA')], Date.parse('2200-01-01T00:00:00Z'))).toBe(false);
  });
});
