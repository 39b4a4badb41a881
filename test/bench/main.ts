import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench, hubName } from './bench.js';
import { measureMembership, renderMembership } from './membership.js';
import { help, readOptions } from './options.js';
import { renderJson, renderTables } from './report.js';

/** Runs the bench for a command line; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args);
  if (request.kind === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (request.kind === 'mistake') {
    process.stderr.write(`bench: ${request.message}\n  cure: npm run bench -- --help\n`);
    return 2;
  }
  if (request.kind === 'membership') {
    const figures = await measureMembership(request.members, process.env);
    process.stdout.write(request.json ? `${JSON.stringify(figures)}\n` : renderMembership(figures));
    return 0;
  }
  const { options } = request;
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort(new Error('ended by a signal')));
  const profiles = mkdtempSync(join(tmpdir(), 'guildhall-profiles-'));
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    const findings = await bench(options, {
      environment,
      signal: ending.signal,
      profiles,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    const name = findings.compared?.hub ?? hubName;
    process.stdout.write(options.json ? `${renderJson(findings, name)}\n` : renderTables(findings, name));
    if (findings.profiles.length > 0) process.stderr.write(`whole profiles (open them in a browser's developer tools): ${profiles}\n`);
    return findings.rows.some((row) => row.hub.startsWith(hubName) && row.failed > 0) ? 1 : 0;
  } catch (error) {
    const why: unknown = ending.signal.aborted ? ending.signal.reason : error;
    process.stderr.write(`bench: ${why instanceof Error ? why.message : String(why)}\n`);
    return 1;
  } finally {
    if (!options.profile) rmSync(profiles, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
