import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openState } from '../hub/state-folder.js';
import { ensureSample } from '../sample/sample.js';
import { selfContained } from './membership-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a community file that leaves this machine', () => {
  it('has the certificates in it that it named by path, and says the same otherwise', async () => {
    const { file, community } = await ensureSample(openState('state', folder), new Date());
    const { file: read, problems } = inspectCommunity(selfContained(file, folder));
    const authority = readFileSync(join(dirname(file), 'ca.crt'), 'latin1');
    expect(problems).toEqual([]);
    expect(read?.hub.trust.ca.map((text) => text.trim())).toEqual([authority.trim()]);
    expect(read?.members.map(({ id, domains, proxies }) => [id, domains, proxies])).toEqual(
      community.members.map(({ id, domains, proxies }) => [id, domains, proxies]),
    );
    expect(read?.hub.certificate).toEqual(community.hub.certificate);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['a missing file', (text) => text.replace('ca: [ca.crt]', 'ca: [gone.crt]'), /hub\.trust\.ca\[0\]: .*gone\.crt: there is no such file/],
    [
      'a file without certificates',
      (text) => text.replace('ca: [ca.crt]', 'ca: [hub.key]'),
      /hub\.key: it holds no certificates in PEM form/,
    ],
    ['a problem of its own', (text) => text.replace('domain: hub', 'domian: hub'), /domian/],
  ])('is refused for %s', async (_what, change, complaint) => {
    const { file } = await ensureSample(openState('state', folder), new Date());
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    expect(() => selfContained(file, folder)).toThrow(complaint);
  });
});
