import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from './checkout.js';
import { openFolder } from './folder.js';
import { freeDatagramPort } from './port.js';
import { startProgram } from './program.js';
import { sippTool } from './tools.js';

/** One SIPp that plays a scenario of `interop/sipp`. */
export interface SippPart {
  /** File name without `.xml`. */
  readonly scenario: string;
  /** The proxy's UDP port; for a scenario that only answers, any. */
  readonly proxyPort: number;
  /** Values of the [words] in the scenario. */
  readonly words: Readonly<Record<string, string>>;
  /** UDP port of the user; default a free one. */
  readonly port?: number;
  /** Calls to make or take, default 1, and how many a second. */
  readonly calls?: number;
  readonly rate?: number;
  /** Seconds after which it has failed; default 15. */
  readonly patience?: number;
}

/** How a scenario went. */
export interface SippResult {
  /** 0 when every call went as written. */
  readonly exitCode: number;
  /** What went wrong, and what it saw instead; empty when all is well. */
  readonly errors: string;
}

export interface SippUser {
  readonly port: number;
  /** Resolves when the scenario is over; never rejects. */
  readonly over: Promise<SippResult>;
  stop(): Promise<void>;
}

/** Starts SIPp on a scenario. */
export async function startSipp(part: SippPart): Promise<SippUser> {
  const tool = await sippTool();
  if (tool === undefined) throw new Error('sipp is missing');
  const folder = openFolder(`sipp-${part.scenario}`);
  const port = part.port ?? (await freeDatagramPort());
  const calls = part.calls ?? 1;
  const file = join(checkoutRoot(), 'test', 'interop', 'sipp', `${part.scenario}.xml`);
  const args = [
    `127.0.0.1:${part.proxyPort}`,
    ...['-sf', file, '-i', '127.0.0.1', '-p', `${port}`, '-t', 'u1', '-m', `${calls}`, '-r', `${part.rate ?? 10}`],
    ...['-timeout', `${part.patience ?? 15}`, '-timeout_error', '-nostdin', '-nd', '-skip_rlimit', '-cp', `${await freeDatagramPort()}`],
    ...['-trace_err', '-error_file', folder.file('errors.log')],
    ...Object.entries(part.words).flatMap(([word, value]) => ['-key', word, value]),
  ];
  const program = await startProgram(tool.binary, args, { environment: tool.environment, folder: folder.path });
  const over = program.ended.then((exitCode) => {
    const errors = exitCode === 0 ? '' : `${part.scenario}:\n${read(folder.file('errors.log'))}\n${program.output()}`.slice(0, 6000);
    folder.close();
    return { exitCode, errors };
  });
  return { port, over, stop: () => program.stop('SIGKILL') };
}

/** Plays a scenario to its end. */
export async function playSipp(part: SippPart): Promise<SippResult> {
  return (await startSipp(part)).over;
}

/** A log that is only written when there is something to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
