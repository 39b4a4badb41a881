import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { factsOf } from '../certificate.js';
import { type Authority, createAuthority, leafOf, readAuthority, readAuthorityCertificate } from './authority.js';
import { newSigningKey, readSigningKey } from './key.js';
import { pemOf } from './pem.js';
import { readRevocationLists } from './revocation-list.js';
import { plainSerialNumber, serialNumberOf } from './serial-number.js';
import { readSigningRequest } from './signing-request.js';

const folder = mkdtempSync(join(tmpdir(), 'guildhall-authority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const day = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const paths = { certificate: 'authority.crt', key: 'authority.key' };
const authority = createAuthority('Steel Guild, "the" CA', now - 300_000, now + 3650 * day);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function openssl(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: folder });
  return status === null ? '' : `${stdout}${stderr}`;
}

async function acme(by: Authority, spki?: Uint8Array): Promise<string> {
  return by.issue({
    spki: spki ?? (await newSigningKey()).spki,
    commonName: 'acme.example',
    sipDomains: ['acme.example'],
    dnsNames: ['acme.example', 'sip.acme.example'],
    from: now,
    until: now + 365 * day,
  });
}

describe('an authority', () => {
  it('issues for server, client and SIP domain with exactly the names it is told', async () => {
    const leaf = leafOf(await acme(await authority));
    const facts = factsOf([leaf], true, '');
    expect(facts).toMatchObject({
      uris: ['sip:acme.example'],
      dnsNames: ['acme.example', 'sip.acme.example'],
      commonName: 'acme.example',
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.20'],
      validFrom: now,
      validTo: now + 365 * day,
    });
    expect(leaf.ca).toBe(false);
    expect(leaf.verify((await authority).certificate.publicKey)).toBe(true);
    expect(serialNumberOf(leaf)).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('issues nothing that lasts longer than itself', async () => {
    const brief = await createAuthority('brief', now, now + 10 * day);
    expect(Date.parse(leafOf(await acme(brief)).validTo)).toBe(now + 10 * day);
  });

  it('is read back from its two files, and knows its id', async () => {
    const made = await authority;
    const read = await readAuthority({ certificate: made.pem, key: made.key }, paths);
    expect(read).toMatchObject({ id: made.id, pem: made.pem, sha256: made.sha256 });
    expect(leafOf(await acme(read)).verify(made.certificate.publicKey)).toBe(true);
    expect(made.id).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each<[what: string, certificate: () => Promise<string>, key: () => Promise<string>, says: RegExp]>([
    ['another key', async () => (await authority).pem, async () => (await newSigningKey()).pem, /authority.key is not the key of/],
    ['no key', async () => (await authority).pem, async () => 'nothing', /authority.key holds no private key/],
    ['a leaf', async () => acme(await authority), async () => (await authority).key, /may not sign others/],
    ['no certificate', async () => '', async () => (await authority).key, /holds no certificate/],
    ['a broken one', async () => pemOf('CERTIFICATE', Buffer.from('x')), async () => (await authority).key, /holds no certificate/],
    ['two of them', async () => (await authority).pem.repeat(2), async () => (await authority).key, /more than one/],
  ])('cannot be read from %s', async (_what, certificate, key, says) => {
    await expect(readAuthority({ certificate: await certificate(), key: await key() }, paths)).rejects.toMatchObject({
      message: expect.stringMatching(says),
      exitCode: 2,
    });
  });
});

describe('a revocation list', () => {
  const order = async (by: Authority, serials: readonly string[], number = 1n) =>
    by.revocationList({
      number,
      thisUpdate: now,
      nextUpdate: now + 7 * day,
      revoked: serials.map((serial) => ({ serial, at: now - day, reason: 'keyCompromise' as const })),
    });

  it('says what it was made of, and who made it', async () => {
    const made = await authority;
    const other = await createAuthority('other', now, now + day);
    const [list] = readRevocationLists(await order(made, ['4a', 'a1b2', 'fff'], 700n));
    expect(list).toMatchObject({ number: 700n, thisUpdate: now, nextUpdate: now + 7 * day });
    expect(list?.revoked).toEqual(['4a', 'a1b2', 'fff'].map((serial) => ({ serial, at: now - day, reason: 'keyCompromise' })));
    expect(await list?.signedBy(made.certificate)).toBe(true);
    expect(await list?.signedBy(other.certificate)).toBe(false);
    expect(await list?.signedBy(leafOf(await acme(made)))).toBe(false);
  });

  it('is not signed by an authority of the same name with another key', async () => {
    const twin = await createAuthority('Steel Guild, "the" CA', now, now + day);
    const [list] = readRevocationLists(await order(twin, []));
    expect(await list?.signedBy((await authority).certificate)).toBe(false);
    expect(await list?.signedBy(twin.certificate)).toBe(true);
  });

  it.each<[what: string, pem: string]>([
    ['nothing', ''],
    ['the label that only the library knows', '-----BEGIN CRL-----\nAA==\n-----END CRL-----'],
    ['no DER', pemOf('X509 CRL', Buffer.from('hello'))],
    ['an empty block', pemOf('X509 CRL', Buffer.alloc(0))],
  ])('is not read from %s', (_what, pem) => {
    expect(() => readRevocationLists(pem)).toThrow(TypeError);
  });

  it('is not good with any single byte of its signed part changed', async () => {
    const made = await authority;
    const der = Buffer.from((await order(made, ['4a'])).replace(/-----[A-Z0-9 ]+-----/g, ''), 'base64');
    const good: number[] = [];
    // A SEQUENCE of 256 bytes and more or less, and in it the signed one.
    const first = der[1] === 0x82 ? 4 : 3;
    const signed = der[first + 1] === 0x81 ? 3 + (der[first + 2] ?? 0) : 2 + (der[first + 1] ?? 0);
    expect(signed).toBeGreaterThan(100);
    for (let at = first; at < first + signed; at += 1) {
      const bad = Buffer.from(der);
      bad[at] = (bad[at] ?? 0) ^ 0x01;
      try {
        const [list] = readRevocationLists(pemOf('X509 CRL', bad));
        if ((await list?.signedBy(made.certificate)) === true) good.push(at);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(TypeError);
      }
    }
    expect(good).toEqual([]);
  });

  it('has numbers beyond 64 bits', async () => {
    for (const number of [0n, 127n, 128n, 2n ** 64n, 2n ** 150n]) {
      expect(readRevocationLists(await order(await authority, [], number))[0]?.number).toBe(number);
    }
  });
});

describe('serial numbers', () => {
  it.each([
    ['00', '0'],
    ['0A', 'a'],
    ['00FF', 'ff'],
    ['10', '10'],
  ])('%s reads %s', (hex, plain) => expect(plainSerialNumber(hex)).toBe(plain));
});

describe.runIf(hasOpenssl)('openssl', () => {
  it('verifies the chain for both purposes, and sees what is revoked', async () => {
    const made = await authority;
    const ca = file('ca.crt', made.pem);
    const pem = await acme(made);
    const leaf = file('leaf.crt', pem);
    expect(openssl('verify', '-x509_strict', '-CAfile', ca, '-purpose', 'sslserver', leaf)).toContain('leaf.crt: OK');
    expect(openssl('verify', '-x509_strict', '-CAfile', ca, '-purpose', 'sslclient', leaf)).toContain('leaf.crt: OK');
    expect(openssl('x509', '-in', leaf, '-noout', '-ext', 'subjectAltName')).toContain(
      'URI:sip:acme.example, DNS:acme.example, DNS:sip.acme.example',
    );

    const list = (serials: readonly string[]) =>
      made.revocationList({
        number: 5n,
        thisUpdate: now,
        nextUpdate: now + day,
        revoked: serials.map((serial) => ({ serial, at: now, reason: 'unspecified' })),
      });
    const empty = file('empty.crl', await list([]));
    const full = file('full.crl', await list([serialNumberOf(leafOf(pem))]));
    expect(openssl('crl', '-in', full, '-noout', '-text', '-CAfile', ca)).toContain('verify OK');
    expect(openssl('crl', '-in', empty, '-noout', '-text')).toContain('No Revoked Certificates');
    expect(openssl('verify', '-crl_check', '-CAfile', ca, '-CRLfile', empty, leaf)).toContain('leaf.crt: OK');
    expect(openssl('verify', '-crl_check', '-CAfile', ca, '-CRLfile', full, leaf)).toContain('certificate revoked');
  });

  it('makes requests that are read, and keys and authorities that work here', async () => {
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'r.key',
      '-out',
      'r.csr',
      '-subj',
      '/O=Acme/CN=acme.example',
      '-addext',
      'subjectAltName=DNS:acme.example,URI:sip:acme.example',
    );
    const request = await readSigningRequest(readFileSync(join(folder, 'r.csr'), 'latin1'));
    expect(request).toMatchObject({ commonName: 'acme.example', sipDomains: ['acme.example'], dnsNames: ['acme.example'] });

    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-384',
      '-nodes',
      '-keyout',
      'o.key',
      '-out',
      'o.crt',
      '-subj',
      '/O=Guild/CN=Offline',
      '-days',
      '30',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    );
    const offline = await readAuthority(
      { certificate: readFileSync(join(folder, 'o.crt'), 'latin1'), key: readFileSync(join(folder, 'o.key'), 'latin1') },
      paths,
    );
    file('by-offline.crt', await acme(offline, request.spki));
    expect(openssl('verify', '-CAfile', 'o.crt', 'by-offline.crt')).toContain('OK');
    expect(readAuthorityCertificate(offline.pem, 'o.crt').id).toBe(offline.id);
  });

  it('keys on other curves are refused by name', async () => {
    openssl('ecparam', '-genkey', '-name', 'secp256k1', '-out', 'k.key');
    openssl('req', '-new', '-key', 'k.key', '-out', 'k.csr', '-subj', '/CN=acme.example');
    await expect(readSigningRequest(readFileSync(join(folder, 'k.csr'), 'latin1'))).rejects.toMatchObject({
      message: expect.stringContaining('secp256k1'),
    });
    chmodSync(join(folder, 'k.key'), 0o600);
    await expect(readSigningKey(readFileSync(join(folder, 'k.key'), 'latin1'), 'k.key')).rejects.toMatchObject({ code: 'key' });
  });
});
