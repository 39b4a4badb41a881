import { copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import { Fault } from '@guildhall/chassis/fault';
import { loadCertificate } from '@guildhall/relay/own-certificate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, openSafe } from '../stage/certificates.js';
import { hubCertificate } from '../stage/identities.js';

const safe = openSafe();
let authority: Authority;
const files = { cert: safe.folder.file('served.crt'), key: safe.folder.file('served.key') };
let clock = 1_000_000;

beforeAll(async () => {
  authority = await safe.authority('community');
});
afterAll(() => safe.close());

/** Puts a certificate in place, later than the one before whatever the file system's clock can tell apart. */
function put(cert: string, key: string): void {
  copyFileSync(cert, files.cert);
  copyFileSync(key, files.key);
  touch();
}

function touch(): void {
  clock += 10;
  for (const file of [files.cert, files.key]) utimesSync(file, clock, clock);
}

describe('the certificate shown to members’ proxies', () => {
  it('follows its files, and stays when they are broken', async () => {
    const [first, second] = [await hubCertificate(authority, 'hub.example'), await hubCertificate(authority, 'other.example')];
    put(first.certFile, first.keyFile);
    const own = loadCertificate(files);
    const shown = own.fingerprint();
    expect(own.reload()).toBe(false);

    put(second.certFile, first.keyFile);
    expect(() => own.reload()).toThrow(Fault);
    writeFileSync(files.cert, 'nothing');
    touch();
    expect(() => own.reload()).toThrow(Fault);
    expect(own.fingerprint()).toBe(shown);

    put(second.certFile, second.keyFile);
    const context = own.contextFor(authority.cert);
    expect(own.contextFor(authority.cert)).toBe(context);
    expect(own.reload()).toBe(true);
    expect(own.fingerprint()).not.toBe(shown);
    expect(own.contextFor(authority.cert)).not.toBe(context);
  });

  it('is noticed too when it is put back from a copy that is older than its key', async () => {
    const [first, second] = [await hubCertificate(authority, 'hub.example'), await hubCertificate(authority, 'other.example')];
    put(first.certFile, first.keyFile);
    const own = loadCertificate(files);
    const shown = own.fingerprint();
    copyFileSync(second.certFile, files.cert);
    copyFileSync(second.keyFile, files.key);
    utimesSync(files.cert, clock - 500, clock - 500);
    utimesSync(files.key, clock, clock);
    expect(own.reload()).toBe(true);
    expect(own.fingerprint()).not.toBe(shown);
  });
});
