import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leafOf } from '@guildhall/chassis/authority/authority';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { World } from '../world.js';
import { addAuthorityVerbs } from './authority-verbs.js';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-ca-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);
const text = (name: string) => readFileSync(path(name), 'latin1');

/** One run of the verbs alone; what is thrown comes out. */
async function run(...args: string[]): Promise<{ code: number; out: string; talk: string }> {
  const out: string[] = [];
  const talk: string[] = [];
  let code = -1;
  const world: World = {
    terminal: { out: (line) => out.push(line), talk: (line) => talk.push(line), colorOut: false, colorTalk: false },
    env: {},
    cwd: folder,
    now: () => new Date(),
    onSignal: () => () => undefined,
  };
  const program = new Command('guildhall').exitOverride();
  addAuthorityVerbs(program, world, (result) => {
    code = result;
  });
  await program.parseAsync(args, { from: 'user' });
  return { code, out: out.join('\n'), talk: talk.join('\n') };
}

async function request(names: { sipDomains?: string[]; dnsNames?: string[]; commonName?: string }): Promise<string> {
  const { sipDomains = [], dnsNames = [], commonName = 'acme' } = names;
  writeFileSync(path('acme.csr'), await makeSigningRequest(await newSigningKey(), { sipDomains, dnsNames, commonName }));
  return 'acme.csr';
}

describe('an authority in a folder', () => {
  it('is made once, with a key that only its owner reads, and never over another', async () => {
    const { code, out } = await run('ca', 'init', '--folder', 'ca', '--name', 'Steel Guild CA', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, id: expect.stringMatching(/^[0-9a-f]{16}$/), key: path('ca/authority.key') });
    expect(statSync(path('ca/authority.key')).mode & 0o777).toBe(0o600);
    const before = text('ca/authority.key');
    await expect(run('ca', 'init', '--folder', 'ca')).rejects.toMatchObject({ code: 'exists' });
    expect(text('ca/authority.key')).toBe(before);
  });

  it('is not used with a key that others can read, or without one', async () => {
    await run('ca', 'init');
    chmodSync(path('ca/authority.key'), 0o644);
    await expect(run('ca', 'show')).rejects.toMatchObject({
      message: expect.stringContaining('can be read by others'),
      cure: expect.stringContaining('chmod 600'),
    });
    rmSync(path('ca/authority.key'));
    expect((await run('ca', 'show')).out).toContain('key     elsewhere');
    await expect(run('ca', 'crl')).rejects.toMatchObject({ code: 'no-key', exitCode: 3 });
  });

  it.each([[['--days', '0']], [['--days', '1.5']], [['--days', 'x']]])('refuses %j', async (args) => {
    await expect(run('ca', 'init', ...args)).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('signing', () => {
  it.each<[what: string, names: Parameters<typeof request>[0], args: string[], says: RegExp]>([
    [
      'a name that is not vetted',
      { sipDomains: ['bolt.example'] },
      ['--domain', 'acme.example'],
      /"bolt.example", which member acme may not have/,
    ],
    ['a wildcard', { dnsNames: ['*.acme.example'] }, ['--domain', 'acme.example'], /wildcard/],
    ['without anybody saying what is vetted', { sipDomains: ['acme.example'] }, [], /nobody says/],
    ['a vetted name that is none', {}, ['--domain', '*.acme.example'], /wildcard/],
  ])('refuses %s', async (_what, names, args, says) => {
    await run('ca', 'init');
    await expect(run('ca', 'sign', await request(names), '--member', 'acme', ...args)).rejects.toThrow(says);
    expect((await run('ca', 'show', '--json')).out).toContain('"signed":[]');
  });

  it('writes the chain, keeps a copy, and revokes by serial number or file', async () => {
    await run('ca', 'init');
    const csr = await request({ dnsNames: ['acme.example', 'sip.acme.example'] });
    const { talk } = await run(
      'ca',
      'sign',
      csr,
      '--member',
      'acme',
      '--domain',
      'acme.example',
      '--name',
      'sip.acme.example',
      '--out',
      'acme.crt',
    );
    expect(talk).toContain('guildhall certificate register');
    const leaf = leafOf(text('acme.crt'));
    expect(leaf.subjectAltName).toBe('URI:sip:acme.example, DNS:acme.example, DNS:sip.acme.example');
    const serial = leaf.serialNumber.toLowerCase();
    expect(JSON.parse((await run('ca', 'show', '--json')).out)).toMatchObject({ key: true, signed: [{ serial, revoked: false }] });

    const other = JSON.parse((await run('ca', 'issue', '--domain', 'hub.example', '--out', 'hub', '--json')).out);
    await run('ca', 'crl', '--revoke', 'acme.crt', '--reason', 'keyCompromise');
    await run('ca', 'crl', '--revoke', other.serial);
    const [list] = readRevocationLists(text('ca/authority.crl'));
    expect(list?.revoked.map((one) => [one.serial, one.reason])).toEqual([
      [serial, 'keyCompromise'],
      [other.serial, 'unspecified'],
    ]);
    expect(await list?.signedBy(leafOf(text('ca/authority.crt')))).toBe(true);
    await expect(run('ca', 'crl', '--revoke', 'acme.crt', '--reason', 'anger')).rejects.toMatchObject({ exitCode: 2 });
    await expect(run('ca', 'crl', '--revoke', 'nix.crt')).rejects.toMatchObject({ exitCode: 2 });
  });

  it('gives each list a higher number', async () => {
    await run('ca', 'init');
    const numbers: bigint[] = [];
    for (let times = 0; times < 3; times += 1) {
      await run('ca', 'crl');
      numbers.push(readRevocationLists(text('ca/authority.crl'))[0]?.number ?? 0n);
    }
    expect(numbers.map((number, at) => at === 0 || number > (numbers[at - 1] ?? 0n))).toEqual([true, true, true]);
  });

  it.runIf(hasOpenssl)('signs what openssl asks for, and openssl agrees', async () => {
    await run('ca', 'init', '--name', 'Steel Guild CA');
    const openssl = (...args: string[]) => {
      const { stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
      return `${stdout}${stderr}`;
    };
    openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'k.pem', '-out', 'r.pem', '-subj', '/O=Acme/CN=acme.example');
    await run('ca', 'sign', 'r.pem', '--domain', 'acme.example', '--out', 'acme.crt');
    await run('ca', 'crl');
    const verify = ['verify', '-x509_strict', '-crl_check', '-CAfile', 'ca/authority.crt', '-CRLfile', 'ca/authority.crl', 'acme.crt'];
    expect(openssl(...verify)).toContain('acme.crt: OK');
    await run('ca', 'crl', '--revoke', 'acme.crt');
    expect(openssl(...verify)).toContain('certificate revoked');
  });
});
