/**
 * The programs Guildhall runs but is not made of: nats-server always, Kamailio and SIPp for the interop tests and the bench, faketime for chaos.
 * Looks in the system and in a private copy (under the user's cache folder); can make the private copy from Debian.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasApt, unpackFromDebian } from './bootstrap/debian.mjs';

const sbinFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** What each tool is called in each packaging, and how it shows that it runs. */
const tools = {
  'nats-server': {
    variable: 'GUILDHALL_NATS_SERVER',
    packages: ['nats-server'],
    version: ['--version'],
    find: findNatsServer,
    lines: { dnf: 'sudo dnf install nats-server', apk: 'sudo apk add nats-server', brew: 'brew install nats-server' },
  },
  kamailio: {
    variable: 'GUILDHALL_KAMAILIO',
    packages: ['kamailio', 'kamailio-tls-modules'],
    version: ['-v'],
    find: findKamailio,
    lines: { dnf: 'sudo dnf install kamailio kamailio-tls', apk: 'sudo apk add kamailio kamailio-tls' },
  },
  sipp: {
    variable: 'GUILDHALL_SIPP',
    packages: ['sip-tester'],
    version: ['-v'],
    find: findSipp,
    lines: { dnf: 'sudo dnf install sipp', apk: 'sudo apk add sipp', brew: 'brew install sipp' },
  },
  faketime: {
    variable: 'GUILDHALL_FAKETIME',
    packages: ['faketime'],
    version: ['--version'],
    find: findFaketime,
    lines: { dnf: 'sudo dnf install libfaketime', apk: 'sudo apk add libfaketime' },
  },
};

function isRunnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Folders that may hold private copies: the user's cache, or, for a user without a writable home, this checkout's. */
function cacheFolders(environment) {
  const home = environment.HOME || homedir();
  const cache = environment.XDG_CACHE_HOME || join(home, '.cache');
  const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '.cache');
  return [cache, checkout].map((folder) => join(folder, 'guildhall', 'tools'));
}

/** Folders with a `usr` of their own: one a tool, and the cache folder itself. */
function privateRoots(name, environment) {
  return cacheFolders(environment).flatMap((folder) => [join(folder, name), folder]);
}

function onPath(name, environment) {
  const folders = [...(environment.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...sbinFolders];
  return folders.map((folder) => join(folder, name)).find(isRunnable);
}

function subfolders(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** Where a program of a private copy finds the libraries that came with it. */
function libraryEnvironment(root, environment) {
  const folders = ['usr/lib', 'lib'].flatMap((lib) => subfolders(join(root, lib))).filter((folder) => /-linux-gnu/.test(folder));
  const paths = folders.flatMap((folder) => [folder, join(folder, 'kamailio')]).filter(existsSync);
  if (paths.length === 0) return {};
  return { LD_LIBRARY_PATH: [...paths, environment.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

function privateCopy(name, environment) {
  for (const root of privateRoots(name, environment)) {
    const binary = ['usr/sbin', 'usr/bin'].map((folder) => join(root, folder, name)).find(isRunnable);
    if (binary !== undefined) return { binary, root, environment: libraryEnvironment(root, environment) };
  }
  return undefined;
}

function find(name, variable, environment) {
  const named = environment[variable];
  if (named) return isRunnable(named) ? { binary: named, environment: {} } : undefined;
  const system = onPath(name, environment);
  if (system !== undefined) return { binary: system, environment: {} };
  const copy = privateCopy(name, environment);
  return copy && { binary: copy.binary, environment: copy.environment };
}

export function findNatsServer(environment = process.env) {
  return find('nats-server', tools['nats-server'].variable, environment);
}

export function findSipp(environment = process.env) {
  return find('sipp', tools.sipp.variable, environment);
}

/** Prometheus' own checker of rules and configurations; the project never fetches it. */
export function findPromtool(environment = process.env) {
  return find('promtool', 'GUILDHALL_PROMTOOL', environment);
}

/** The library that a program is to load beside faketime: below the same prefix, as Debian, Fedora and Alpine have it. */
export function findFaketime(environment = process.env) {
  const tool = find('faketime', tools.faketime.variable, environment);
  if (tool === undefined) return undefined;
  const prefix = dirname(dirname(tool.binary));
  const folders = ['lib', 'lib64'].flatMap((lib) => [join(prefix, lib), ...subfolders(join(prefix, lib))]);
  const library = folders.map((folder) => join(folder, 'faketime', 'libfaketime.so.1')).find(existsSync);
  return library && { ...tool, library };
}

/** The folder of Kamailio's modules below `prefixes` that has the TLS module. */
function modulesFolder(prefixes) {
  const candidates = prefixes.flatMap((prefix) =>
    ['lib64', 'lib', ...subfolders(join(prefix, 'lib')).map((folder) => folder.slice(prefix.length + 1))].map((lib) =>
      join(prefix, lib, 'kamailio', 'modules'),
    ),
  );
  return candidates.find((folder) => existsSync(join(folder, 'tls.so')));
}

export function findKamailio(environment = process.env) {
  const named = environment.GUILDHALL_KAMAILIO;
  const system = named ? (isRunnable(named) ? named : undefined) : onPath('kamailio', environment);
  if (system !== undefined) {
    const modules = environment.GUILDHALL_KAMAILIO_MODULES || modulesFolder([dirname(dirname(system)), '/usr', '/usr/local']);
    if (modules !== undefined) return { binary: system, modules, environment: {} };
  }
  if (named) return undefined;
  const copy = privateCopy('kamailio', environment);
  if (copy === undefined) return undefined;
  const modules = modulesFolder([join(copy.root, 'usr')]);
  return modules && { binary: copy.binary, modules, environment: copy.environment };
}

/** The first cache folder that can be made and written. */
function writableCache(environment) {
  for (const folder of cacheFolders(environment)) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // the next one may do
    }
  }
  throw new Error(`no folder to put it in can be written (tried ${cacheFolders(environment).join(' and ')})`);
}

function installLine(name) {
  const { lines, variable, packages } = tools[name];
  const here = Object.keys(lines).find((manager) => onPath(manager, process.env) !== undefined);
  if (here !== undefined) return lines[here];
  const all = [`sudo apt-get install ${packages.join(' ')} (Debian, Ubuntu)`, ...Object.values(lines)];
  return `${all.join(', or ')}; or set ${variable} to the program`;
}

/** Unpacks into a folder of its own and renames it into place, so that two at once and an interruption do no harm. */
function fetchTool(name, say, environment) {
  const cache = writableCache(environment);
  const work = mkdtempSync(join(cache, `.${name}-`));
  try {
    const root = unpackFromDebian(tools[name].packages, work, say);
    const target = join(cache, name);
    try {
      renameSync(root, target);
    } catch (error) {
      // Someone else was first, or an earlier copy lacks what we need: ours is whole and newer.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      if (tools[name].find(environment) === undefined) {
        renameSync(target, join(work, 'replaced'));
        renameSync(root, target);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const tool = tools[name].find(environment);
  if (tool === undefined) throw new Error(`the packages ${tools[name].packages.join(', ')} do not hold it`);
  const trial = spawnSync(tool.binary, tools[name].version, { encoding: 'utf8', env: { ...process.env, ...tool.environment } });
  const said = `${trial.stdout ?? ''}${trial.stderr ?? ''}`;
  if (trial.error || /error while loading shared libraries/.test(said)) {
    throw new Error(`it was fetched but does not run: ${trial.error?.message ?? said.trim().split('\n')[0]}`);
  }
  say(`fetched ${name} into ${join(cache, name)}`);
  return tool;
}

export function provide(name, say, environment = process.env) {
  const { variable, find: finder, packages } = tools[name];
  const found = finder(environment);
  if (found !== undefined) return { kind: 'found', tool: found };
  const missing = (cause) => ({ kind: 'missing', cause, cure: installLine(name) });
  if (environment[variable]) {
    return {
      kind: 'missing',
      cause: `${variable}=${environment[variable]} is no program that can be run`,
      cure: `correct or unset ${variable}`,
    };
  }
  if (environment.GUILDHALL_NO_FETCH) return missing('it is not installed, and GUILDHALL_NO_FETCH forbids fetching it');
  if (!hasApt()) return missing('it is not installed, and this system has no apt to fetch it with');
  say(`${name} is not installed: fetching ${packages.join(', ')} from Debian (no root needed)`);
  try {
    return { kind: 'found', tool: fetchTool(name, say, environment) };
  } catch (error) {
    return missing(`it is not installed and could not be fetched: ${error.message}`);
  }
}
