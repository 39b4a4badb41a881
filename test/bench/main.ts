import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from './bench.js';
import { measureFloor, renderFloor } from './floor.js';
import { help } from './help.js';
import { historyFolder } from './history-folder.js';
import { type Historic, openHistory } from './history-verbs.js';
import { hubName } from './hub-names.js';
import { describeMachine } from './machine.js';
import { measureMembership, renderMembership } from './membership.js';
import { type Options, readOptions } from './options.js';
import { renderJson, renderTables } from './report.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs the bench for a command line; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args);
  switch (request.kind) {
    case 'help':
      process.stdout.write(help);
      return 0;
    case 'mistake':
      say(`bench: ${request.message}\n  cure: npm run bench -- --help`);
      return 2;
    case 'membership': {
      const figures = await measureMembership(request.members, process.env);
      process.stdout.write(request.json ? `${JSON.stringify(figures)}\n` : renderMembership(figures));
      return 0;
    }
    case 'floor': {
      const figures = await measureFloor(say);
      process.stdout.write(request.json ? `${JSON.stringify(figures)}\n` : renderFloor(figures));
      return 0;
    }
    case 'bench':
      return runBench(request.options);
  }
}

/** One with a history, where the options ask for it. */
async function runBench(options: Options): Promise<number> {
  try {
    if (options.history === undefined) return await measure(options);
    const historic = openHistory(options, options.history, await describeMachine(), historyFolder(), new Date().toISOString());
    if (!('refused' in historic)) return await measure(historic.options, historic.conclude);
    for (const reason of historic.refused)
      say(`bench: NOTHING WAS ${options.history.verb === 'check' ? 'CHECKED' : 'RECORDED'}: ${reason}`);
    return 2;
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return options.history === undefined ? 4 : 2;
  }
}

async function measure(options: Options, conclude?: Historic['conclude']): Promise<number> {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort(new Error('ended by a signal')));
  const profiles = mkdtempSync(join(tmpdir(), 'guildhall-profiles-'));
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  try {
    const findings = await bench(options, { environment, signal: ending.signal, profiles, say });
    const name = findings.compared?.hub ?? findings.grown?.hub ?? hubName;
    process.stdout.write(options.json ? `${renderJson(findings, name)}\n` : renderTables(findings, name));
    if (findings.profiles.length > 0) say(`whole profiles (open them in a browser's developer tools): ${profiles}`);
    const concluded = conclude?.(findings, name);
    if (concluded !== undefined) (options.json ? process.stderr : process.stdout).write(`\n${concluded.text}`);
    const failed = findings.rows.some((row) => row.hub.startsWith(hubName) && row.failed > 0);
    return concluded?.code || (failed ? 1 : 0);
  } catch (error) {
    const why: unknown = ending.signal.aborted ? ending.signal.reason : error;
    say(`bench: ${why instanceof Error ? why.message : String(why)}`);
    return 4;
  } finally {
    if (!options.profile) rmSync(profiles, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
