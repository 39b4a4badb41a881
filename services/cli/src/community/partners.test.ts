import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../api/fake-hub.stage.js';
import { runIn } from '../api/run-command.stage.js';

let folder = '';
let hub: FakeHub;
const partner = {
  id: 'dns-far-test-1a2b3c4d',
  domains: ['far.test'],
  status: 'active',
  statusReason: '',
  who: 'discovery',
  when: '2026-06-01T10:00:00Z',
  why: 'a member wrote to it',
  requests: 12n,
  contacts: 3,
  connections: 1,
  suspect: false,
  overRate: 0n,
  overContacts: 0n,
};
const bad = { ...partner, id: 'dns-near-test-1a2b3c4d', domains: ['near.test'], suspect: true, overContacts: 7n };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-partners-'));
  hub = await startFakeHub({ listPartners: { partners: [partner, bad], next: '' } });
});
afterAll(() => {
  hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]) =>
  runIn(folder, ['partner', 'list', '--hub', hub.address, '--plain', ...args], { GUILDHALL_TOKEN: 'gh1_a_x_secret' });

describe('partner list', () => {
  it('shows who was met by DNS, and what is to be looked at', async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/dns-far-test-1a2b3c4d +far\.test/);
    expect(out).toContain('suspect, 7 over contacts');
  });

  it('shows the watch list only, as JSON', async () => {
    const { code, out } = await run('--watch', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, partners: [{ id: bad.id, overContacts: 7, suspect: true }] });
  });

  it('says so when there is nobody', async () => {
    hub.answers = { listPartners: { partners: [], next: '' } };
    const { out, talk } = await run();
    expect(`${out}${talk}`).toContain('no partner was discovered');
  });
});
