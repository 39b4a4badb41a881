import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createAuthority, readAuthority } from './authority.js';
import { derElement, derInteger, derOid, derTime, readElement, readTime } from './der.js';
import { pemOf } from './pem.js';
import { isRevocationReason, readRevocationLists, revocationReasons } from './revocation-list.js';

const folder = mkdtempSync(join(tmpdir(), 'guildhall-lists-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
const openssl = (...args: readonly string[]) => {
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: folder, maxBuffer: 64 * 1024 * 1024 });
  return `${stdout}${stderr}`;
};
const now = 1_900_000_000_000;
const authority = createAuthority('CA', now, now + 86_400_000);

describe('DER', () => {
  it.each<[bytes: number[], why: string]>([
    [[], 'nothing'],
    [[0x30], 'no length'],
    [[0x30, 0x01], 'cut off'],
    [[0x30, 0x80, 0x00, 0x00], 'no definite length'],
    [[0x30, 0x81, 0x7f, ...new Array<number>(127).fill(0)], 'a long form of a short length'],
    [[0x30, 0x82, 0x00, 0xff, ...new Array<number>(255).fill(0)], 'a leading zero'],
    [[0x30, 0x85, 1, 0, 0, 0, 0], 'a length of five bytes'],
    [[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], 'a length beyond what there is'],
    [[0x1f, 0x01, 0x00], 'a tag of several bytes'],
  ])('%j is no element: %s', (bytes) => {
    expect(() => readElement(Uint8Array.from(bytes), 0, bytes.length)).toThrow(RangeError);
  });

  it('reads the lengths it writes', () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
      const bytes = derElement(0x04, Buffer.alloc(length));
      expect(readElement(bytes, 0, bytes.length)).toMatchObject({ tag: 0x04, end: bytes.length, body: bytes.length - length });
    }
  });

  it.each([
    ['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
    ['2.5.29.20', '0603551d14'],
    ['1.3.101.112', '06032b6570'],
  ])('writes %s', (dotted, hex) => expect(derOid(dotted).toString('hex')).toBe(hex));

  it.each([
    [0n, '020100'],
    [127n, '02017f'],
    [128n, '02020080'],
    [256n, '02020100'],
  ])('writes %s', (value, hex) => expect(derInteger(value).toString('hex')).toBe(hex));

  it('reads the times it writes, on both sides of 2050', () => {
    for (const text of ['1950-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z']) {
      const bytes = derTime(Date.parse(text));
      expect(readTime(bytes, readElement(bytes, 0, bytes.length))).toBe(Date.parse(text));
    }
    for (const text of ['301301000000Z', '300101000000', '3001010000Z', '300101000000+0100', 'xx0101000000Z']) {
      const bytes = derElement(0x17, Buffer.from(text));
      expect(() => readTime(bytes, readElement(bytes, 0, bytes.length))).toThrow(RangeError);
    }
  });
});

describe('a revocation list', () => {
  it('says what went in, whatever that is', async () => {
    const made = await authority;
    const serial = fc.bigInt({ min: 1n, max: 2n ** 159n }).map((value) => value.toString(16));
    const entry = fc.record({
      serial,
      at: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
      reason: fc.constantFrom(...revocationReasons).filter(isRevocationReason),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 20 }), fc.bigInt({ min: 0n, max: 2n ** 100n }), async (revoked, number) => {
        const [list] = readRevocationLists(await made.revocationList({ number, thisUpdate: now, nextUpdate: now + 1000, revoked }));
        expect(list).toMatchObject({ issuer: 'CN=CA', number, thisUpdate: now, nextUpdate: now + 1000, revoked });
        expect(await list?.signedBy(made.certificate)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused in words, never otherwise, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readRevocationLists(pemOf('X509 CRL', bytes))).toThrow(TypeError);
      }),
    );
  });

  it('of 20,000 certificates is made and read', async () => {
    const made = await authority;
    const revoked = Array.from({ length: 20_000 }, (_, at) => ({
      serial: (BigInt(at) + (1n << 126n)).toString(16),
      at: now,
      reason: 'superseded' as const,
    }));
    const [list] = readRevocationLists(await made.revocationList({ number: 1n, thisUpdate: now, nextUpdate: now + 1000, revoked }));
    expect(list?.revoked).toEqual(revoked);
    expect(await list?.signedBy(made.certificate)).toBe(true);
  });
});

describe.runIf(hasOpenssl)('with openssl', () => {
  it.each([
    ['P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
    ['RSA', ['rsa:2048']],
    ['Ed25519', ['ed25519']],
  ])('lists of an authority with a key of %s are good, in both directions', async (_kind, newkey) => {
    writeFileSync(
      join(folder, 'ca.cnf'),
      '[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ndefault_md=default\ndefault_crl_days=3\ncrlnumber=number\n',
    );
    writeFileSync(join(folder, 'index.txt'), 'R\t350101000000Z\t250101000000Z,keyCompromise\t4F01\tunknown\t/CN=x\n');
    writeFileSync(join(folder, 'number'), '0A\n');
    openssl(
      'req',
      '-x509',
      '-newkey',
      ...newkey,
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      '/O=Guild/CN=CA',
      '-days',
      '30',
    );
    const read = (name: string) => readFileSync(join(folder, name), 'latin1');
    const paths = { certificate: 'ca.crt', key: 'ca.key' };
    const made = await readAuthority({ certificate: read('ca.crt'), key: read('ca.key') }, paths);

    openssl('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'ca.key', '-cert', 'ca.crt', '-out', 'theirs.crl');
    const [theirs] = readRevocationLists(read('theirs.crl'));
    expect(theirs).toMatchObject({
      number: 10n,
      revoked: [{ serial: '4f01', reason: 'keyCompromise', at: Date.parse('2025-01-01T00:00:00Z') }],
    });
    expect(await theirs?.signedBy(made.certificate)).toBe(true);

    const revoked = [{ serial: 'ab1', at: now, reason: 'superseded' as const }];
    writeFileSync(join(folder, 'ours.crl'), await made.revocationList({ number: 5n, thisUpdate: now, nextUpdate: now + 1000, revoked }));
    const said = openssl('crl', '-in', 'ours.crl', '-noout', '-text', '-CAfile', 'ca.crt');
    for (const word of ['verify OK', 'Serial Number: 0AB1', 'Superseded']) expect(said).toContain(word);
  });
});
