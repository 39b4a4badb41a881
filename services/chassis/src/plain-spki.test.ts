import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthority } from './authority/authority.js';
import { plainSpki } from './plain-spki.js';

const authority = await createAuthority('Steel Guild CA', Date.parse('2026-01-01T00:00:00Z'), Date.parse('2036-01-01T00:00:00Z'));
const der = new X509Certificate(authority.pem).raw;

describe('the public key in a certificate', () => {
  it('is the one OpenSSL writes', () => {
    expect(plainSpki(der)).toEqual(new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' }));
  });

  it('is left to OpenSSL where it could be written in another way', () => {
    const compressed = Buffer.from(der);
    const at = compressed.indexOf(Buffer.from('03420004', 'hex'));
    compressed[at + 3] = 2;
    expect(plainSpki(compressed)).toBeUndefined();
  });

  it('is not found in what is no certificate, or not a whole one', () => {
    const broken = [Buffer.alloc(0), Buffer.from('3000', 'hex'), Buffer.from('300530030201ff', 'hex'), Buffer.alloc(200, 0x30)];
    for (const bytes of broken) expect(plainSpki(bytes)).toBeUndefined();
    for (let length = 0; length < der.length; length += 7) expect(() => plainSpki(der.subarray(0, length))).not.toThrow();
  });
});
