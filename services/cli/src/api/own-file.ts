import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';

/** Text of a file somebody named on the command line. Throws a Fault `usage` where it cannot be read or is larger than `max` bytes. */
export function readNamedFile(path: string, option: string, cwd: string, max: number): string {
  const full = resolve(cwd, path);
  try {
    const { size } = statSync(full);
    if (size <= max) return readFileSync(full, 'utf8');
  } catch (thrown) {
    throw new Fault('usage', `${option} ${path}: ${readTrouble(thrown)}`, {
      cure: 'give the path of a file you may read',
      exitCode: 2,
      cause: thrown,
    });
  }
  throw new Fault('usage', `${option} ${path}: it is larger than ${max} bytes`, {
    cure: 'check that this is the file you mean',
    exitCode: 2,
  });
}

/** Bytes a file of certificates, keys or revocation lists may have. */
export const largestPem = 1024 * 1024;

/** PEM text of a file of the command line. `label` is what it must hold, such as "CERTIFICATE". Throws a Fault `usage`. */
export function readNamedPem(path: string, option: string, label: string, cwd: string): string {
  const text = readNamedFile(path, option, cwd, largestPem);
  if (text.includes(`-----BEGIN ${label}-----`)) return text;
  throw new Fault('usage', `${option} ${path}: it holds no ${label.toLowerCase()} in PEM form`, {
    cure: `give a file with -----BEGIN ${label}-----`,
    exitCode: 2,
  });
}

/** Writes a file that everybody may read. Throws a Fault `usage`. */
export function writeOpenly(path: string, text: string, cwd: string): void {
  try {
    writeFileSync(resolve(cwd, path), text);
  } catch (thrown) {
    throw new Fault('usage', `--out ${path}: ${readTrouble(thrown)}`, { cure: 'give a file you may write', exitCode: 2, cause: thrown });
  }
}
