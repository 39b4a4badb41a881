import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const bootstrap = fileURLToPath(new URL('../../deploy/bootstrap.mjs', import.meta.url));
const cache = mkdtempSync(join(tmpdir(), 'guildhall-verbs-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Runs a verb where no tool is installed and none may be fetched. */
function verb(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bootstrap, ...args], {
    encoding: 'utf8',
    env: { PATH: dirname(process.execPath), HOME: cache, XDG_CACHE_HOME: cache, GUILDHALL_NO_FETCH: '1' },
  });
  return { status, stdout, stderr };
}

describe('a verb needs no tool', () => {
  it('to refuse what it does not know', () => {
    expect(verb('bench', '--bogus')).toEqual({
      status: 2,
      stdout: '',
      stderr: "bench: Unknown option '--bogus'\n  cure: npm run bench -- --help\n",
    });
  });

  it('to name the rows of chaos', () => {
    const { status, stdout, stderr } = verb('chaos', '--list');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('kill-relay');
  });

  it.each([
    ['bench', '--help'],
    ['soak', '--help'],
    ['chaos', '--help'],
    ['fuzz', '--help'],
    ['guildhall', '--help'],
  ])('to show help: %s %s', (...args) => {
    const { status, stdout, stderr } = verb(...args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Examples');
  });
});
