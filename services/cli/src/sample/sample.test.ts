import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCommunity } from '../community/community-file.js';
import { openState, type StateFolder } from '../hub/state-folder.js';
import { ensureSample, sampleIdentity } from './sample.js';

const now = new Date();
let folder = '';
let state: StateFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-sample-'));
  state = openState('state', folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const contents = (name: string) => readFileSync(join(state.sample, name), 'utf8');

describe('the sample community', () => {
  it('refuses a file the user broke, with the place', async () => {
    await ensureSample(state, now);
    const file = join(state.sample, 'community.yaml');
    writeFileSync(file, contents('community.yaml').replace('model:', 'modell:'));
    await expect(ensureSample(state, now)).rejects.toThrow(/community\.yaml:\d+:\d+: community\.modell/);
  });

  it('has no certificate of a stranger', async () => {
    await ensureSample(state, now);
    expect(() => sampleIdentity(state, 'stranger')).toThrow(/there is no sample certificate of stranger/);
  });

  it('is a community that can be used as it is, with keys only its owner may read', async () => {
    const { file } = await ensureSample(state, now);
    const warnings: string[] = [];
    expect(loadCommunity(file, folder, now, (line) => warnings.push(line)).community.members.map(({ id }) => id)).toEqual(['acme', 'bolt']);
    expect(warnings).toEqual([]);
    for (const name of ['ca.key', 'hub.key', 'acme.key']) expect(statSync(join(state.sample, name)).mode & 0o777).toBe(0o600);
  });

  it('stays as it is, with the user’s changes, and grows certificates for new members', async () => {
    const { file } = await ensureSample(state, now);
    const before = ['ca.crt', 'hub.crt', 'acme.crt'].map(contents);
    writeFileSync(file, contents('community.yaml').replace('agreements:', '  - { id: cask, domains: [cask.example] }\nagreements:'));
    expect((await ensureSample(state, now)).community.members).toHaveLength(3);
    expect(['ca.crt', 'hub.crt', 'acme.crt'].map(contents)).toEqual(before);
    expect(existsSync(join(state.sample, 'cask.crt'))).toBe(true);
  });

  it('gets new certificates for new domains and before the old ones end', async () => {
    const { file } = await ensureSample(state, now);
    const [acme, bolt] = [contents('acme.crt'), contents('bolt.crt')];
    writeFileSync(file, contents('community.yaml').replace('[acme.example]', '[acme.test]'));
    await ensureSample(state, now);
    expect([contents('acme.crt') === acme, contents('bolt.crt') === bolt]).toEqual([false, true]);
    await ensureSample(state, new Date(now.getTime() + 360 * 24 * 60 * 60 * 1000));
    expect(contents('bolt.crt')).not.toBe(bolt);
  });
});
