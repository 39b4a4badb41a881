import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { authorityFiles, communityEntries } from '@guildhall/proto/community/entries';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { type Problem, renderProblem } from '@guildhall/proto/community/problem';
import { communityLimits } from '@guildhall/proto/community/schema-words';
import { writeCommunity } from '@guildhall/proto/community/write';
import type { ApiOptions, ChangeOptions } from '../api/api-options.js';
import { orderOf, tellChange, wholeNumber } from '../api/change-report.js';
import { largestPem, readNamedFile, writeOpenly } from '../api/own-file.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { terminalText, type World } from '../world.js';
import { readTrouble } from './certificate-check.js';

/** Options of `membership export`. */
export interface ExportOptions extends ApiOptions {
  readonly out?: string;
  readonly atVersion?: string;
}

/** Options of `membership import`. */
export interface ImportOptions extends ChangeOptions {
  readonly expectedVersion?: string;
}

/** `guildhall membership export`. Resolves to 0. Throws a Fault. */
export async function exportMembership(options: ExportOptions, world: World): Promise<number> {
  const { terminal } = world;
  const asked = options.atVersion === undefined ? 0n : wholeNumber(options.atVersion, '--at-version');
  const { yaml, version } = await withHub(options, world, (api) => api.membership.exportMembership({ version: asked }));
  const { out } = options;
  if (out !== undefined) writeOpenly(out, yaml, world.cwd);
  if (options.json) terminal.out(jsonLine({ version, ...(out === undefined ? { yaml } : { file: out }) }));
  else {
    // Into a pipe it goes as it is: it is a file then. A terminal is shown nothing that could steer it.
    const shown = (line: string) => (terminal.columns === undefined ? line : terminalText(line, line.length));
    if (out === undefined) for (const line of yaml.trimEnd().split('\n')) terminal.out(shown(line));
    terminal.talk(`membership version ${version}${out === undefined ? '' : ` stands in ${out}`}`);
  }
  return 0;
}

function refused(file: string, problems: readonly Problem[]): Fault {
  const shown = problems.slice(0, 10).map((problem) => `  ${renderProblem(file, problem)}`);
  if (problems.length > shown.length) shown.push(`  and ${problems.length - shown.length} more`);
  return new Fault('community', `${file} has problems\n${shown.join('\n')}`, {
    cure: `correct what is named above; guildhall check ${file} looks again without a hub`,
    exitCode: 2,
  });
}

/**
 * A community file with every certificate and revocation list in it that it names by path, so that it can leave this machine. A file
 * without such paths goes as it is. Throws a Fault with the problems of the file.
 */
export function selfContained(file: string, cwd: string): string {
  const text = readNamedFile(file, 'FILE', cwd, communityLimits.fileLength);
  const { file: community, problems, problemAt } = inspectCommunity(text);
  if (community === undefined) throw refused(file, problems);
  const named = authorityFiles(community);
  if (named.length === 0) return text;
  const base = dirname(resolve(cwd, file));
  const texts = new Map<string, string>();
  const missing: Problem[] = [];
  for (const { path, file: pem, holds } of named) {
    if (texts.has(pem)) continue;
    const full = resolve(base, pem);
    try {
      if (statSync(full).size > largestPem) throw new Error('it is larger than 1 MiB and hardly a PEM file');
      const held = readFileSync(full, 'latin1');
      if (!held.includes(holds === 'certificates' ? '-----BEGIN CERTIFICATE-----' : '-----BEGIN X509 CRL-----')) {
        throw new Error(`it holds no ${holds} in PEM form`);
      }
      texts.set(pem, held);
    } catch (thrown) {
      missing.push(problemAt(path, `${full}: ${readTrouble(thrown)}`));
    }
  }
  if (missing.length > 0) throw refused(file, missing);
  return writeCommunity(communityEntries(community, texts), `from ${file}`);
}

/** `guildhall membership import FILE`. Resolves to 0. Throws a Fault. */
export async function importMembership(file: string, options: ImportOptions, world: World): Promise<number> {
  const yaml = selfContained(file, world.cwd);
  const expected = options.expectedVersion === undefined ? 0n : wholeNumber(options.expectedVersion, '--expected-version');
  const { report } = await withHub(options, world, (api) => api.membership.importMembership({ order: orderOf(options), yaml, expected }));
  return tellChange(report, options, world);
}
