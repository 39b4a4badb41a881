import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type IdleFindings, soakIdle } from './idle.js';
import { help, type ReloadsOptions, readOptions } from './options.js';
import { type ReloadsFindings, soakReloads } from './reloads.js';
import { type SteadyFindings, soakSteady } from './steady.js';

const mib = 1024 * 1024;
/** Node gives back what it does not need after some seconds of rest. */
const idleRest = 12;
/** Fewer cost less than what a process takes and gives back by itself. */
const fewConnections = 500;

/** What gives memory back, so that what is left is held by somebody. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') for (let time = 0; time < 3; time += 1) collect();
  };
}

function table(rows: readonly (readonly [string, string | number])[], failures: readonly string[]): string {
  return `${rows.map(([name, value]) => `${name.padEnd(32)} ${value}`).join('\n')}\n${failures.map((one) => `  ${one}\n`).join('')}`;
}

function reloadsTable({ reloads, refused, served, notServed, messages, connections, failures, memory, seconds }: ReloadsFindings): string {
  return table(
    [
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
    ],
    failures,
  );
}

function idleTable(found: IdleFindings): string {
  const { opened, kept, seconds, connectionKiB, leftKiB, memberKiB, large, connected } = found;
  return table(
    [
      ['connections opened', opened],
      ['kept', kept],
      ['seconds until all were open', seconds.toFixed(1)],
      ['a connection costs ingress, KiB', connectionKiB.toFixed(1)],
      ['left behind the second time, KiB', leftKiB.toFixed(1)],
      ...Object.entries(memberKiB).map(([name, kib]) => [`a member costs ${name}, KiB`, kib.toFixed(2)] as const),
      ...Object.entries(large).map(([name, mib]) => [`${name} with all members, MiB`, mib.toFixed(1)] as const),
      ['ingress-1 with all connections', (connected['ingress-1'] ?? 0).toFixed(1)],
    ],
    [],
  );
}

function steadyTable({ result, arrived, memory, failures }: SteadyFindings): string {
  const { count, ok, refused, lost, stray, seconds, p50, p99, longest } = result;
  return table(
    [
      ['sent', count],
      ['reached the other member', arrived],
      ['answered 200', ok],
      ['refused, lost, answered twice', `${refused}, ${lost}, ${stray}`],
      ['seconds', seconds.toFixed(1)],
      ['ms p50, p99, longest', [p50, p99, longest].map((ms) => ms.toFixed(1)).join(', ')],
      ...memory.map(({ process: name, first, last, most }) => {
        const percent = first === 0 ? 0 : ((last - first) / first) * 100;
        return [
          `${name}, MiB`,
          `${first.toFixed(1)}, at the end ${last.toFixed(1)} (${percent.toFixed(1)} %), most ${most.toFixed(1)}`,
        ] as const;
      }),
    ],
    failures,
  );
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
  const { options } = request;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  switch (options.what) {
    case 'reloads':
      return reloads(options, say);
    case 'idle': {
      const found = await soakIdle({ ...options, rest: idleRest, say });
      const well = found.kept === options.connections;
      if (options.connections < fewConnections) say(`soak: what a connection costs means little below ${fewConnections} of them`);
      process.stdout.write(options.json ? `${JSON.stringify({ ok: well, ...found })}\n` : idleTable(found));
      return well ? 0 : 1;
    }
    case 'steady': {
      const found = await soakSteady({ ...options, say });
      const well = found.failures.length === 0;
      if (!Number.isFinite(options.growth)) say('soak: too short to judge memory: --for 2m or longer does, or --growth N');
      process.stdout.write(options.json ? `${JSON.stringify({ ok: well, ...found })}\n` : steadyTable(found));
      return well ? 0 : 1;
    }
  }
}

async function reloads({ count, lanes, growth, json }: ReloadsOptions, say: (line: string) => void): Promise<number> {
  const collect = collector();
  const memory = (): number => {
    collect();
    return process.memoryUsage.rss() / mib;
  };
  const findings = await soakReloads({ count, lanes, memory, say });
  const grown = findings.memory.end - findings.memory.middle;
  const well = findings.failures.length === 0 && findings.reloads === count && findings.notServed === 0 && grown <= growth;
  process.stdout.write(json ? `${JSON.stringify({ ok: well, ...findings })}\n` : reloadsTable(findings));
  if (grown > growth) say(`soak: memory grew by ${grown.toFixed(1)} MiB in the second half, ${growth} are allowed`);
  return well ? 0 : 1;
}

// A reader that went away (`| head`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));
