import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority } from '@guildhall/chassis/authority/authority';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { readCommunity } from '@guildhall/proto/community/file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityFolder, noteApiDoor } from './hub-trust.js';
import { stateFolder } from './state-folder.js';

const now = new Date();
const day = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'guildhall-trust-'));
const state = stateFolder(join(folder, 'state'));
let own: Authority;
let other: Authority;

/** The community whose hub shows these certificates and trusts these authorities. */
function community(shown: readonly string[], ca: string) {
  writeFileSync(join(folder, 'hub.crt'), shown.join(''));
  const text = `community: { id: guild, name: Guild }
hub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: hub.crt, key: hub.key }, trust: { ca: [${ca}] } }
members: []
`;
  return { path: '', community: readCommunity(text, 'c.yaml'), resolve: (path: string) => join(folder, path) };
}

async function issuedBy(authority: Authority): Promise<string> {
  const { spki } = await newSigningKey();
  const [from, until] = [now.getTime() - day, now.getTime() + day];
  return authority.issue({ spki, commonName: 'hub.example', sipDomains: ['hub.example'], dnsNames: ['hub.example'], from, until });
}

beforeAll(async () => {
  mkdirSync(state.run, { recursive: true });
  [own, other] = await Promise.all([
    createAuthority('Own', now.getTime() - day, now.getTime() + 30 * day),
    createAuthority('Other', now.getTime() - day, now.getTime() + 30 * day),
  ]);
  writeFileSync(join(folder, 'ca.crt'), own.pem);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the hub's own authority", () => {
  it('is refused where the folder that was given holds none', () => {
    expect(() => authorityFolder(state, folder)).toThrow(`there is no authority in ${folder}`);
  });

  it('is the one that was given, else that of the state folder, else none', () => {
    const given = join(folder, 'given');
    const usual = join(state.path, 'authority');
    expect(authorityFolder(state, undefined)).toBeUndefined();
    for (const path of [given, usual]) {
      mkdirSync(path);
      writeFileSync(join(path, 'authority.crt'), own.pem);
    }
    expect([authorityFolder(state, given), authorityFolder(state, undefined)]).toEqual([given, usual]);
  });
});

describe('the API of a hub on this machine', () => {
  it("is checked with the system's authorities where the hub's certificate is of none the community knows", async () => {
    expect(noteApiDoor(community([await issuedBy(other)], 'ca.crt'), state, undefined, now)).toMatchObject({ ca: '', name: 'hub.example' });
  });

  it("is checked with the community's authority, or with the root that its certificate comes with", async () => {
    const { ca, tokenFile } = noteApiDoor(community([await issuedBy(own)], 'ca.crt'), state, undefined, now);
    expect(readFileSync(ca, 'latin1')).toContain(own.pem.trim());
    expect(tokenFile).toBe(join(state.path, 'operator.token'));
    const withRoot = noteApiDoor(community([await issuedBy(other), other.pem], 'ca.crt'), state, undefined, now);
    expect(readFileSync(withRoot.ca, 'latin1')).toContain(other.pem.trim());
  });
});
