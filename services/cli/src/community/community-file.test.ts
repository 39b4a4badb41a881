import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSampleAuthority } from '../sample/sample-authority.js';
import { inspectCommunityFile } from './community-file.js';

describe('a community file with its authorities inline, as membership export writes it', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guildhall-community-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function problems(authority: (pem: string) => string): Promise<string[]> {
    const { certificate, ...maker } = await createSampleAuthority('ca', new Date());
    const hub = await maker.issue({ commonName: 'hub', domains: ['hub.example'] });
    writeFileSync(join(folder, 'hub.crt'), hub.certificate);
    writeFileSync(join(folder, 'hub.key'), hub.key);
    const community = {
      community: { id: 'g', model: 'clearinghouse' },
      hub: {
        domain: 'hub.example',
        listeners: [{ name: 'members', host: '127.0.0.1', port: 5061 }],
        certificate: { cert: 'hub.crt', key: 'hub.key' },
        trust: { ca: [authority(certificate)] },
      },
    };
    writeFileSync(join(folder, 'community.yaml'), JSON.stringify(community));
    return inspectCommunityFile('community.yaml', folder, new Date()).problems.map(({ message }) => message);
  }

  it('is good', async () => {
    expect(await problems((pem) => pem)).toEqual([]);
  });

  it('is told of what is wrong with one, without the text itself', async () => {
    expect(await problems((pem) => pem.replace(/MII\w/, 'AAAA'))).toEqual([
      'this PEM text: it holds no certificate in PEM form, or a damaged one',
    ]);
  });
});
