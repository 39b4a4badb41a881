import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { collect, root } from './run.mjs';
import { Halt, say } from './say.mjs';

const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.guildhall-stamp');
const installedFile = join(root, 'node_modules', '.package-lock.json');

/** Whether what npm says it installed is what the lock file asks for (someone may have run npm by hand). */
function installedAsLocked(lockText) {
  try {
    const wanted = JSON.parse(lockText).packages;
    const present = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === '' || !path.startsWith('node_modules/') || entry.link) return true;
      const other = present[path];
      return other === undefined
        ? entry.optional === true || entry.devOptional === true || entry.peer === true
        : other.version === entry.version;
    });
  } catch {
    return false;
  }
}

/** npm writes logs and a cache below HOME, which not every user has. */
function npmCache() {
  const home = process.env.HOME;
  return home && existsSync(home) ? undefined : mkdtempSync(join(tmpdir(), 'guildhall-npm-'));
}

/** npm as it called us; else the one beside this node; else the one on PATH. */
function npmCommand() {
  const called = process.env.npm_execpath;
  if (called && /npm-cli\.c?js$/.test(called) && existsSync(called)) return [process.execPath, called];
  const beside = join(dirname(process.execPath), 'npm');
  return existsSync(beside) ? [beside] : ['npm'];
}

/** Installs the packages of the lock file if they are not there. Throws Halt. */
export function ensurePackages() {
  const lockText = readFileSync(lockFile, 'utf8');
  const hash = createHash('sha256').update(lockText).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return;
  if (!installedAsLocked(lockText)) {
    say('installing packages with npm ci (once; well under a minute)');
    const cache = npmCache();
    const [command, ...args] = npmCommand();
    try {
      const { code, said } = collect(command, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
        environment: cache === undefined ? {} : { npm_config_cache: cache },
      });
      if (code !== 0) {
        process.stderr.write(said);
        throw new Halt(
          'npm ci did not succeed (its words are above)',
          'check the network and the npm registry setting, then run the same again',
          3,
        );
      }
    } finally {
      if (cache !== undefined) rmSync(cache, { recursive: true, force: true });
    }
  }
  try {
    writeFileSync(stampFile, hash);
  } catch {
    // A checkout that only others may write is checked anew each time.
  }
}
