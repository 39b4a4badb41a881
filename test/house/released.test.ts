import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read, root } from './sources.js';

const buf = join(root, 'node_modules', '.bin', 'buf');
let folder = '';

/** Compares a copy of the protocol buffers, with one word replaced in one file, with those released. */
function compared(file: string, word: string, by: string): { status: number | null; said: string } {
  const path = join(folder, 'guildhall', file);
  const before = readFileSync(path, 'utf8');
  if (!before.includes(word)) throw new Error(`${file} says nothing of "${word}"`);
  writeFileSync(path, before.replace(word, by));
  try {
    const { status, stdout, stderr } = spawnSync(buf, ['breaking', '--against', 'released.binpb'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, BUF_CACHE_DIR: join(folder, 'cache') },
    });
    return { status, said: stdout + stderr };
  } finally {
    writeFileSync(path, before);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-released-'));
  for (const name of ['guildhall', 'grpc', 'buf.yaml', 'released.binpb']) {
    cpSync(join(root, 'proto', name), join(folder, name), { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const membership = 'admin/v1/membership.proto';
const access = 'admin/v1/access_service.proto';

describe('what was released of the interfaces', () => {
  it.each<[string, string, string, string]>([
    ['a field loses its number', membership, 'string status = 4;', 'string status = 400;'],
    ['a field is taken out', membership, 'string status = 4;', ''],
    ['a field is of another type', membership, 'string status = 4;', 'uint32 status = 4;'],
    ['a method is taken out', access, 'rpc WhoAmI(WhoAmIRequest) returns (WhoAmIResponse);', ''],
    ['a method answers with a stream', access, 'returns (WhoAmIResponse)', 'returns (stream WhoAmIResponse)'],
    ['a service is called otherwise', access, 'service AccessService', 'service Access'],
  ])('cannot be broken: %s', (_what, file, word, by) => {
    expect(compared(file, word, by).status).not.toBe(0);
  });

  it('can be added to', () => {
    const added = compared(access, 'message WhoAmIRequest {}', 'message WhoAmIRequest { string more = 1; }\nmessage Another {}');
    expect(added).toEqual({ status: 0, said: '' });
  });

  it('is looked at by npm run check', () => {
    expect(read('deploy/bootstrap/verbs.mjs')).toContain('keepPromises()');
  });
});
