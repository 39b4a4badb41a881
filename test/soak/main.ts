import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { help, readOptions } from './options.js';
import { type ReloadsFindings, soakReloads } from './reloads.js';

const mib = 1024 * 1024;

/** What gives memory back, so that what is left is held by somebody. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') for (let time = 0; time < 3; time += 1) collect();
  };
}

function table({ reloads, refused, served, notServed, messages, connections, failures, memory, seconds }: ReloadsFindings): string {
  const rows: readonly (readonly [string, string | number])[] = [
    ['reloads seen by new handshakes', reloads],
    ['seen by the hub itself', served],
    ['not what the hub saw', notServed],
    ['broken certificates refused', refused],
    ['messages answered 200', messages],
    ['connections opened meanwhile', connections],
    ['failures', failures.length],
    ['memory at the middle, MiB', memory.middle.toFixed(1)],
    ['memory at the end, MiB', memory.end.toFixed(1)],
    ['seconds', seconds.toFixed(1)],
  ];
  return `${rows.map(([name, value]) => `${name.padEnd(32)} ${value}`).join('\n')}\n${failures.map((one) => `  ${one}\n`).join('')}`;
}

/** Runs a soak for a command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args);
  if (request.kind === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (request.kind === 'mistake') {
    process.stderr.write(`soak: ${request.message}\n  cure: npm run soak -- --help\n`);
    return 2;
  }
  const { count, lanes, growth, json } = request.options;
  const collect = collector();
  const memory = (): number => {
    collect();
    return process.memoryUsage.rss() / mib;
  };
  const findings = await soakReloads({ count, lanes, memory, say: (line) => process.stderr.write(`${line}\n`) });
  const grown = findings.memory.end - findings.memory.middle;
  const well = findings.failures.length === 0 && findings.reloads === count && findings.notServed === 0 && grown <= growth;
  process.stdout.write(json ? `${JSON.stringify({ ok: well, ...findings })}\n` : table(findings));
  if (grown > growth) process.stderr.write(`soak: memory grew by ${grown.toFixed(1)} MiB in the second half, ${growth} are allowed\n`);
  return well ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
