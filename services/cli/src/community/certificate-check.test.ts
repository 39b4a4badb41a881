import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampleAuthority } from '../sample/sample-authority.js';
import { authorityTroubles, identityTroubles, identityWarnings } from './certificate-check.js';

const now = new Date();

describe('the files of a certificate', () => {
  let folder = '';
  const file = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guildhall-pem-'));
    const authority = await createSampleAuthority('ca', now);
    const hub = await authority.issue({ commonName: 'hub', domains: ['hub.example'] });
    const late = await authority.issue({ commonName: 'hub', domains: ['hub.example'], days: -1 });
    const soon = await authority.issue({ commonName: 'hub', domains: ['other.example'], days: 3 });
    const client = await authority.issue({ commonName: 'hub', domains: ['hub.example'], usages: ['clientAuth'] });
    const server = await authority.issue({ commonName: 'hub', domains: ['HUB.example'], usages: ['serverAuth'] });
    const wild = await authority.issue({ commonName: 'hub.example', domains: [], hosts: ['*.hub.example'] });
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    const texts: Readonly<Record<string, string>> = {
      'ca.crt': authority.certificate,
      'hub.crt': hub.certificate,
      'hub.key': hub.key,
      'late.crt': late.certificate,
      'late.key': late.key,
      'soon.crt': soon.certificate,
      'soon.key': soon.key,
      'encrypted.key': encrypted,
      'client.crt': client.certificate,
      'server.crt': server.certificate,
      'wild.crt': wild.certificate,
      'broken.crt': hub.certificate.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n'),
      'broken.key': hub.key.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n'),
      'words.txt': 'hello',
      'secret.crt': 'hello',
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(file(name), text);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['missing.crt', 'hub.key', ['cert'], /missing\.crt: there is no such file/],
    ['hub.crt', 'missing.key', ['key'], /missing\.key: there is no such file/],
    ['.', 'hub.key', ['cert'], /it is a folder/],
    ['words.txt', 'hub.key', ['cert'], /holds no certificate in PEM form/],
    ['broken.crt', 'hub.key', ['cert'], /its certificate is damaged/],
    ['hub.crt', 'words.txt', ['key'], /holds no private key/],
    ['hub.crt', 'broken.key', ['key'], /its key is damaged/],
    ['hub.crt', 'encrypted.key', ['key'], /is encrypted/],
    ['hub.crt', 'late.key', ['key'], /is not the key of the certificate/],
    ['late.crt', 'late.key', ['cert'], /expired on/],
    ['missing.crt', 'missing.key', ['cert', 'key'], /no such file/],
  ])('%s and %s are refused', (cert, key, parts, message) => {
    const troubles = identityTroubles(file(cert), file(key), now);
    expect(troubles.map(({ part }) => part)).toEqual(parts);
    expect(troubles[0]?.message).toMatch(message);
  });

  it('are refused before their time', () => {
    const early = new Date(now.getTime() - 24 * 60 * 60 * 1000);
    expect(identityTroubles(file('hub.crt'), file('hub.key'), early)[0]?.message).toMatch(/valid only from/);
  });

  it.skipIf(process.getuid?.() === 0)('are refused when they may not be read', () => {
    chmodSync(file('secret.crt'), 0);
    expect(authorityTroubles(file('secret.crt'), now)[0]?.message).toMatch(/permissions forbid it/);
  });

  it.each([
    ['missing.crt', /no such file/],
    ['words.txt', /holds no certificate/],
    ['broken.crt', /damaged/],
    ['hub.crt', /CN=hub is no certificate authority/],
  ])('%s is no authority', (name, message) => {
    expect(authorityTroubles(file(name), now).map((trouble) => trouble.message)).toEqual([expect.stringMatching(message)]);
  });

  it('are good when they are', () => {
    expect(identityTroubles(file('hub.crt'), file('hub.key'), now)).toEqual([]);
    expect(authorityTroubles(file('ca.crt'), now)).toEqual([]);
    expect(identityWarnings(file('hub.crt'), 'hub.example', now)).toEqual([]);
  });

  it('draw a warning when the end is near or the hub is not named', () => {
    expect(identityWarnings(file('soon.crt'), 'hub.example', now)).toEqual([
      expect.stringMatching(/ends on/),
      expect.stringMatching(/does not name hub\.example; .*URI:sip:hub\.example/),
    ]);
  });

  it.each([
    ['client.crt', /client\.crt: .*lacks the extended key usage serverAuth/],
    ['server.crt', /server\.crt: .*lacks the extended key usage clientAuth/],
    ['wild.crt', /does not name hub\.example \(a wildcard, \*\.hub\.example, counts for nothing/],
  ])('%s draws a warning', (name, message) => {
    expect(identityWarnings(file(name), 'hub.example', now)).toEqual([expect.stringMatching(message)]);
  });
});
