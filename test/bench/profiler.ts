import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { checkoutRoot } from '../stage/checkout.js';
import { type CpuProfile, type Locate, type ProfileSummary, type Side, summarize } from './profile.js';
import { processesBelow } from './usage.js';

/** Profiles the Node processes of a hub while a load runs. */
export interface Profiler {
  /** What the hub's processes must have in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs `work` with profiles of all Node processes below `pid`; resolves with its result and a summary by service. */
  around<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; profiles: readonly (readonly [string, ProfileSummary])[] }>;
}

/** How long processes may take to write their profiles, in ms. */
const patience = 15_000;

/** @param folder where profiles are kept; made when it is not there */
export function createProfiler(folder: string): Profiler {
  mkdirSync(folder, { recursive: true });
  const hook = pathToFileURL(join(checkoutRoot(), 'test/dist/bench/profile-hook.js'));
  hook.searchParams.set('folder', folder);
  const locate = createLocate();

  const profiles = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  return {
    environment: { NODE_OPTIONS: `--import=${hook.href}` },
    async around(pid, work) {
      const before = new Set(profiles());
      const watched = processesBelow(pid).filter(isHooked);
      for (const one of watched) process.kill(one, 'SIGUSR2');
      const result = await work();
      for (const one of watched) process.kill(one, 'SIGUSR2');
      const deadline = performance.now() + patience;
      while (profiles().length - before.size < watched.length && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 50));
      const fresh = profiles().filter((name) => !before.has(name));
      return { result, profiles: fresh.map((name) => [name.split('-')[0] ?? name, read(join(folder, name), locate)] as const) };
    },
  };
}

/** Only processes with the hook live through the signal. */
function isHooked(pid: number): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/environ`, 'latin1').includes('profile-hook.js') &&
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('services/')
    );
  } catch {
    return false;
  }
}

function read(path: string, locate: Locate): ProfileSummary {
  // V8 wrote it a moment ago.
  const profile: CpuProfile = JSON.parse(readFileSync(path, 'utf8'));
  return summarize(profile, sideOf, locate);
}

function sideOf(url: string): Side {
  if (!url.startsWith('file:')) return 'node';
  if (url.includes('profile-hook')) return 'profiler';
  return url.includes('/node_modules/') ? 'library' : 'ours';
}

/** Finds sources by the maps that the compiler wrote beside its output. */
function createLocate(): Locate {
  const root = checkoutRoot();
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (path: string): SourceMap | undefined => {
    if (!maps.has(path))
      maps.set(path, existsSync(`${path}.map`) ? new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8'))) : undefined);
    return maps.get(path);
  };
  return (url, line, column) => {
    if (!url.startsWith('file:')) return { file: url, line };
    const path = fileURLToPath(url);
    const shown = relative(root, path).replace(/^.*node_modules\//, '');
    const entry = mapOf(path)?.findEntry(line - 1, column - 1);
    if (entry === undefined || !('originalLine' in entry)) return { file: shown, line };
    const source = shown.replace(/\/dist\/(.*)\.js$/, (_, name: string) => `/${shown.startsWith('services/') ? 'src/' : ''}${name}.ts`);
    return { file: source, line: entry.originalLine + 1 };
  };
}
