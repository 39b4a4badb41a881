import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../fault.js';
import { type Authority, type AuthorityCertificate, readAuthority, readAuthorityCertificate } from './authority.js';
import { type RevocationList, readRevocationLists } from './revocation-list.js';

/** What an authority's folder held when it was read. */
export interface OpenAuthority {
  readonly certificate: AuthorityCertificate;
  /** Undefined: the key is kept elsewhere, and so the revocation list is made there too. */
  readonly signing: Authority | undefined;
  /** The revocation list in the folder (PEM and read), if there is one. Its signature is good. */
  readonly list: { readonly pem: string; readonly read: RevocationList } | undefined;
}

/** Larger files are none of ours, bytes. A list of 100,000 certificates is smaller. */
const maxBytes = 8 * 1024 * 1024;

/** The files of an authority's folder. */
export function authorityPaths(folder: string): { certificate: string; key: string; list: string } {
  return { certificate: join(folder, 'authority.crt'), key: join(folder, 'authority.key'), list: join(folder, 'authority.crl') };
}

function read(path: string): string {
  try {
    if (statSync(path).size > maxBytes) throw new RangeError(`larger than ${maxBytes} bytes`);
    return readFileSync(path, 'latin1');
  } catch (cause) {
    throw new Fault('authority', `cannot read ${path}`, {
      cure: 'make an authority with guildhall ca init --folder DIR, and check that this user may read it',
      exitCode: 2,
      cause,
    });
  }
}

/** A key that others can read is no secret: refused before it is used. */
function refuseOpenKey(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return;
  throw new Fault('authority', `the key ${path} can be read by others than its owner`, { cure: `chmod 600 ${path}`, exitCode: 2 });
}

/** Reads an authority's folder. Rejects with a Fault that names the file and the cure. */
export async function openAuthorityFolder(folder: string): Promise<OpenAuthority> {
  const paths = authorityPaths(folder);
  const pem = read(paths.certificate);
  if (existsSync(paths.key)) {
    refuseOpenKey(paths.key);
    const signing = await readAuthority({ certificate: pem, key: read(paths.key) }, paths);
    return { certificate: signing, signing, list: await listIn(paths.list, signing) };
  }
  const certificate = readAuthorityCertificate(pem, paths.certificate);
  return { certificate, signing: undefined, list: await listIn(paths.list, certificate) };
}

async function listIn(path: string, { certificate }: AuthorityCertificate): Promise<OpenAuthority['list']> {
  if (!existsSync(path)) return undefined;
  const pem = read(path);
  const refuse = (what: string, cause?: unknown) =>
    new Fault('authority', `${path} ${what}`, { cure: 'make it anew with guildhall ca crl', exitCode: 2, cause });
  let lists: RevocationList[];
  try {
    lists = readRevocationLists(pem);
  } catch (cause) {
    throw refuse(cause instanceof TypeError ? cause.message : 'cannot be read', cause);
  }
  const [list] = lists;
  if (list === undefined || lists.length !== 1) throw refuse('holds more than one revocation list');
  if (!(await list.signedBy(certificate))) throw refuse('was not made by the authority of this folder');
  return { pem, read: list };
}

/** A text that changes when a file of the folder does. */
export function folderState(folder: string): string {
  return Object.values(authorityPaths(folder))
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? '-' : `${stat.mtimeMs}/${stat.size}/${stat.ino}/${stat.mode}`))
    .join(' ');
}
