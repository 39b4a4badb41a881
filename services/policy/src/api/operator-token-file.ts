import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import {
  hasHash,
  isSameHash,
  longestTokenText,
  readTokenText,
  secretHash,
  tokenBytes,
  tokenText,
} from '@guildhall/chassis/api/access-token-text';
import { Fault } from '@guildhall/chassis/fault';

/** The token with which the operators of this machine come in first: who may read its file may use it. */
export interface OperatorTokenFile {
  /** Whether a text is that token. */
  is(text: string): boolean;
  /** Whether it has this id and its secret this hash. */
  has(id: string, hash: Uint8Array): boolean;
  /** Reads it again: false where it is not usable, and then the one before stays. */
  reload(): boolean;
}

/** Opens the file, or makes it with a new token, readable by its owner only. Throws a Fault `operator-token`. */
export function openOperatorTokenFile(path: string): OperatorTokenFile {
  makeIfMissing(path);
  let held = read(path);
  return {
    is: (text) => text.length <= longestTokenText && hasHash(text, held.whole),
    has: (id, hash) => isSameHash(hash, held.secret) && id === held.id,
    reload() {
      try {
        held = read(path);
        return true;
      } catch {
        return false;
      }
    },
  };
}

function makeIfMissing(path: string): void {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    if (existsSync(path)) return;
    const id = randomBytes(tokenBytes.id).toString('hex');
    const secret = randomBytes(tokenBytes.secret).toString('hex');
    writeFileSync(draft, `${tokenText({ kind: 'access', id, secret, authoritySha256: '' })}\n`, { mode: 0o600, flag: 'wx' });
    // Of several that start at once one puts its file in place, and nobody sees half of it.
    linkSync(draft, path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw unusable(path, 'cannot be made', thrown);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The token in a file: its id, and the hashes of all of it and of its secret. */
interface HeldToken {
  readonly id: string;
  readonly whole: Buffer;
  readonly secret: Buffer;
}

function read(path: string): HeldToken {
  let text: string;
  let mode: number;
  try {
    ({ mode } = statSync(path));
    text = readFileSync(path, 'latin1').trim();
  } catch (thrown) {
    throw unusable(path, 'cannot be read', thrown);
  }
  if ((mode & 0o007) !== 0) throw unusable(path, 'may be read or written by everybody on this machine', undefined);
  const parts = readTokenText(text);
  if (parts?.kind !== 'access') throw unusable(path, 'holds no token', undefined);
  return { id: parts.id, whole: secretHash(text), secret: secretHash(parts.secret) };
}

function unusable(path: string, what: string, cause: unknown): Fault {
  return new Fault('operator-token', `the operator's token file ${path} ${what}`, {
    cure: 'delete it to get a new one, or let this user alone read and write it (chmod 600; setting grpc.operatorTokenFile)',
    exitCode: 2,
    cause,
  });
}
