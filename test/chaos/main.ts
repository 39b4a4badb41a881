import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { help, readOptions } from './options.js';
import { page } from './results.js';
import type { Row, RowOptions } from './row.js';
import { rows } from './rows.js';
import { cells, columnNames, line, type Played, plain, remarks } from './table.js';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Plays rows for a command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args);
  switch (request.kind) {
    case 'help':
      process.stdout.write(help);
      return 0;
    case 'mistake':
      say(`chaos: ${request.message}\n  cure: npm run chaos -- --help, or --list for the rows`);
      return 2;
    case 'list':
      for (const { name, about, promise } of named(request.names))
        print(
          request.json ? JSON.stringify({ name, about, promise }) : `${name.padEnd(20)} ${about}\n${' '.repeat(21)}must hold: ${promise}`,
        );
      return 0;
    case 'chaos': {
      const results = request.results === '' ? undefined : resolve(process.env['INIT_CWD'] ?? '.', request.results);
      // Said before the rows are played: they take long.
      const obstacle = results === undefined ? undefined : whyNotWritten(results);
      if (obstacle !== undefined) {
        say(`chaos: --results: ${results} cannot be written: ${obstacle}\n  cure: name a file in a folder that is there and yours`);
        return 2;
      }
      const played = await play(named(request.names), request.options, request.json);
      if (results !== undefined) writeFileSync(results, await page(played, new Date()));
      return summed(played);
    }
  }
}

/** The rows of these names, all where none is named. */
function named(names: readonly string[]): readonly Row[] {
  return names.length === 0 ? rows : rows.filter((row) => names.includes(row.name));
}

/** Why a file could not be written; undefined when it can. */
function whyNotWritten(file: string): string | undefined {
  try {
    const there = existsSync(file);
    if (there && statSync(file).isDirectory()) return 'it is a folder';
    accessSync(there ? file : dirname(file), constants.W_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Says once more, at the end, which rows broke and which were not played; gives the exit code. */
function summed(played: readonly Played[]): number {
  const of = (verdict: Played['result']['verdict']) => played.filter(({ result }) => result.verdict === verdict).map(({ row }) => row.name);
  const [broken, skipped] = [of('broken'), of('skipped')];
  if (broken.length > 0) say(`chaos: BROKEN: ${broken.join(', ')}`);
  if (skipped.length > 0) say(`chaos: skipped, so nothing is shown about them: ${skipped.join(', ')}`);
  if (broken.length > 0) return 1;
  return skipped.length > 0 && skipped.length === played.length ? 3 : 0;
}

/** Rows one after the other; a row that cannot be played is a broken one, and the next goes on. Ctrl-C ends after the row at hand. */
async function play(chosen: readonly Row[], options: RowOptions, json: boolean): Promise<readonly Played[]> {
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort(new Error('interrupted')));
  process.once('SIGTERM', () => ending.abort(new Error('asked to end')));
  const played: Played[] = [];
  if (!json) print(line(columnNames));
  for (const row of chosen) {
    if (ending.signal.aborted) break;
    say(`${row.name}: ${row.about}`);
    const began = performance.now();
    const result = await row
      .run({ options, signal: ending.signal, say })
      .catch((error: unknown) => ({ verdict: 'broken' as const, broken: [`it could not be played: ${wordsOf(error)}`], notes: [] }));
    const one: Played = { row, result, took: (performance.now() - began) / 1000 };
    played.push(one);
    if (json) print(JSON.stringify(plain(one)));
    else print([line(cells(one)), ...remarks(one).map((remark) => `    ${remark}`)].join('\n'));
  }
  return played;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

// A reader that went away (`| head`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
// Every process and folder of a stage has something to do when this one ends.
process.setMaxListeners(100);
process.exitCode = await main(process.argv.slice(2));
