import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from './authority/authority.js';
import { newSigningKey } from './authority/key.js';
import { openCertificateFiles } from './certificate-files.js';

const folder = mkdtempSync(join(tmpdir(), 'guildhall-certificate-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const paths = { cert: join(folder, 'hub.crt'), key: join(folder, 'hub.key') };
const now = Date.now();
const day = 86_400_000;
let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority('Steel Guild CA', now - 3 * day, now + 9 * day);
});

async function pair(until = now + day): Promise<{ cert: string; key: string }> {
  const key = await newSigningKey();
  const order = { spki: key.spki, commonName: 'hub', sipDomains: ['hub.example'], dnsNames: [], from: now - 2 * day, until };
  return { cert: await authority.issue(order), key: key.pem };
}

function put({ cert, key }: { cert?: string; key?: string }): void {
  if (cert !== undefined) writeFileSync(paths.cert, cert);
  if (key !== undefined) writeFileSync(paths.key, key);
}

describe('a certificate that is replaced', () => {
  it('is served once it is whole: half a pair is refused once, and the old one stays', async () => {
    const [old, next] = [await pair(), await pair()];
    put(old);
    const files = openCertificateFiles(paths);
    expect(files.reload()).toBe(false);
    put({ cert: next.cert });
    expect(() => files.reload()).toThrow(/not a certificate and its key/);
    expect(files.reload()).toBe(false);
    expect(files.current().cert).toBe(old.cert);
    put({ key: next.key });
    expect(files.reload()).toBe(true);
    expect(files.current()).toMatchObject({ cert: next.cert, key: next.key });
    expect(files.reload()).toBe(false);
  });

  it.each<[what: string, broken: () => Promise<{ cert?: string; key?: string }>, why: RegExp]>([
    ['no PEM', async () => ({ cert: 'nonsense' }), /not a certificate and its key/],
    ['past its end', () => pair(now - day), /ended on/],
    ['empty', async () => ({ cert: '' }), /not a certificate and its key/],
  ])('is refused when it is %s', async (_what, broken, why) => {
    const old = await pair();
    put(old);
    const files = openCertificateFiles(paths);
    put(await broken());
    expect(() => files.reload()).toThrow(why);
    expect(files.reload()).toBe(false);
    expect(files.current()).toMatchObject(old);
  });

  it('stays when its file vanishes', async () => {
    const old = await pair();
    put(old);
    const files = openCertificateFiles(paths);
    rmSync(paths.cert);
    expect(() => files.reload()).toThrow(/cannot read the certificate/);
    expect(files.current()).toMatchObject(old);
    put({ cert: old.cert });
    expect(files.reload()).toBe(false);
  });
});
