import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenText } from '@guildhall/chassis/api/access-token-text';
import { Fault } from '@guildhall/chassis/fault';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOperatorTokenFile } from './operator-token-file.js';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-token-'));
  path = join(folder, 'operator.token');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the operator's token file is refused", () => {
  it.each<[string, () => void, string]>([
    ['as a folder', () => mkdirSync(path), 'cannot be read'],
    ['empty', () => writeFileSync(path, '', { mode: 0o600 }), 'holds no token'],
    ['with something else in it', () => writeFileSync(path, 'password', { mode: 0o600 }), 'holds no token'],
    ['with two tokens', () => writeFileSync(path, `${tokenOf('1')}\n${tokenOf('2')}\n`, { mode: 0o600 }), 'holds no token'],
    ['for everybody to read', () => writeFileSync(path, tokenOf('1'), { mode: 0o644 }), 'may be read or written by everybody'],
    ['where it cannot be made', () => rmSync(folder, { recursive: true }), 'cannot be made'],
    ['as a link to nowhere', () => symlinkSync(join(folder, 'none'), path), 'cannot be read'],
  ])('%s', (_what, make, message) => {
    make();
    expect(() => openOperatorTokenFile(path)).toThrow(Fault);
    expect(() => openOperatorTokenFile(path)).toThrow(message);
  });
});

const tokenOf = (digit: string) => `gh1_a_${digit.repeat(10)}_${digit.repeat(48)}`;

describe("the operator's token file", () => {
  it('is made for its owner only, with a token of its own, and taken as it is from then on', () => {
    const file = openOperatorTokenFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const token = readFileSync(path, 'latin1').trim();
    expect(readTokenText(token)?.kind).toBe('access');
    expect([file.is(token), file.is(`${token}0`), file.is(''), file.is(tokenOf('0'))]).toEqual([true, false, false, false]);
    expect(openOperatorTokenFile(path).is(token)).toBe(true);
    expect(readdirSync(folder)).toEqual(['operator.token']);
  });

  it('can be changed while it is in use; a broken one changes nothing', () => {
    const file = openOperatorTokenFile(path);
    const first = readFileSync(path, 'latin1').trim();
    writeFileSync(path, tokenOf('3'));
    expect([file.reload(), file.is(first), file.is(tokenOf('3'))]).toEqual([true, false, true]);
    writeFileSync(path, 'nothing');
    expect([file.reload(), file.is(tokenOf('3'))]).toEqual([false, true]);
    chmodSync(path, 0o666);
    expect(file.reload()).toBe(false);
  });
});
