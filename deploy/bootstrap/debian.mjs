/**
 * Programs from Debian's archive without installing them: apt's own downloads and signature checks, but into a folder
 * of ours, so neither root nor a change to the system is needed.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const systemLists = '/var/lib/apt/lists';

/** Libraries that must be the system's own: a second copy beside the system's loader breaks every program. */
const neverCopied = new Set(['libc6', 'libc-bin', 'libcrypt1', 'libgcc-s1', 'libstdc++6']);

/** Options that keep apt inside `folder`, brief, and working for any user. */
function aptOptions(folder, lists) {
  const options = [
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=20',
    'Acquire::https::Timeout=20',
    'Acquire::Languages=none',
  ];
  if (lists !== undefined) options.push(`Dir::State::lists=${lists}`);
  return options.flatMap((option) => ['-o', option]);
}

/** Runs a program to its end. Returns what it said, or throws with the line of its complaints that matters most. */
function output(command, args, options = {}) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  const complaints = result.stderr.split('\n').filter((line) => line.trim() !== '');
  if (result.status === 0) return { stdout: result.stdout, complaints };
  const worst = complaints.find((line) => line.startsWith('E:')) ?? complaints.at(-1) ?? `exit ${result.status ?? result.signal}`;
  throw new Error(`${command} ${args.find((arg) => /^[a-z]+$/.test(arg)) ?? ''}: ${worst.replace(/^[EW]: */, '')}`);
}

/** Whether the system has package lists that could name a package. */
function hasSystemLists() {
  try {
    return readdirSync(systemLists).some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
}

/** The packages asked for and those of their dependencies that the system lacks. */
function withDependencies(packages, options) {
  const { stdout: plan } = output('apt-get', [...options, '-s', 'install', '--no-install-recommends', ...packages]);
  const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]).filter((name) => !neverCopied.has(name.split(':')[0]));
  return [...new Set([...packages, ...missing])];
}

function download(packages, folder, lists) {
  const options = aptOptions(folder, lists);
  const archives = join(folder, 'archives');
  mkdirSync(archives, { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  output('apt-get', [...options, '-q', 'download', ...withDependencies(packages, options)], { cwd: archives });
  return archives;
}

function isRunnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether this machine has apt and dpkg at all. */
export function hasApt() {
  return ['apt-get', 'dpkg-deb'].every((name) => ['/usr/bin', '/bin'].some((folder) => isRunnable(`${folder}/${name}`)));
}

/**
 * Unpacks packages and the dependencies the system lacks into `folder`/root and returns that path.
 * Tries the system's package lists first, then fresh ones of its own. Throws an Error with a short cause.
 */
export function unpackFromDebian(packages, folder, say) {
  let archives;
  if (hasSystemLists()) {
    try {
      archives = download(packages, folder);
    } catch (error) {
      say(`the system's package lists did not do (${error.message}); reading fresh ones`);
    }
  }
  if (archives === undefined) {
    const lists = join(folder, 'lists');
    mkdirSync(join(lists, 'partial'), { recursive: true });
    mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
    // Succeeds with warnings when nothing could be read: they are the cause if a package is not found then.
    const { complaints } = output('apt-get', [...aptOptions(folder, lists), '-q', 'update']);
    try {
      archives = download(packages, folder, lists);
    } catch (error) {
      const cause = complaints.find((line) => /^[EW]:/.test(line));
      throw cause === undefined ? error : new Error(`apt-get update: ${cause.replace(/^[EW]: */, '')}`);
    }
  }
  const root = join(folder, 'root');
  mkdirSync(root);
  for (const name of readdirSync(archives)) {
    if (name.endsWith('.deb')) output('dpkg-deb', ['-x', join(archives, name), root]);
  }
  return root;
}
