import type { Campaign, Finding } from './campaign.js';
import { foundFolder, keep } from './found.js';
import { linearTable, measureShapes } from './linear.js';
import { help, type LinearOptions, type Options, readOptions } from './options.js';
import { targets } from './targets.js';
import { watchedCampaign } from './watched-campaign.js';

/** Different faults of one target after which it is left. */
const mostFindings = 5;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function row({ target, executions, took, outcomes, findings }: Campaign): string {
  const rate = took > 0 ? Math.round((executions / took) * 1_000) : 0;
  const cells = [target.padEnd(10), String(executions).padStart(11), (took / 1_000).toFixed(1).padStart(8), String(rate).padStart(8)];
  return `${cells.join(' ')} ${String(outcomes).padStart(8)} ${String(findings.length).padStart(8)}`;
}

/** What was found, and how it is seen again. */
function tell({ target, seed, execution, what, smallest }: Finding, file: string): void {
  const bytes = Buffer.from(smallest);
  say(`fuzz: ${target}: ${what}`);
  say(`  input ${execution} of seed ${seed}, ${bytes.length} bytes: ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`);
  say(`  kept as ${file}; again: npm run fuzz -- ${target} --seed ${seed} --executions ${execution + 1}`);
}

async function campaign(name: string, { executions, seed }: Options, ms: number): Promise<Campaign> {
  const watched = await watchedCampaign(name, { executions, seed, ms, findings: mostFindings });
  if (watched.kind === 'done') return watched.campaign;
  const { executions: done, input } = watched;
  const finding: Finding = {
    target: name,
    seed,
    execution: done - 1,
    what: 'it does not come back from this input',
    input,
    smallest: input,
  };
  return { target: name, executions: done, took: 0, outcomes: 0, findings: [finding] };
}

async function runCampaigns(options: Options): Promise<number> {
  say(`fuzz: seed ${options.seed}`);
  const campaigns: Campaign[] = [];
  const end = performance.now() + options.ms;
  for (const [at, name] of options.names.entries()) {
    const share = (end - performance.now()) / (options.names.length - at);
    const done = await campaign(name, options, share);
    campaigns.push(done);
    for (const finding of done.findings) tell(finding, keep(foundFolder, name, Buffer.from(finding.smallest)));
    say(row(done));
  }
  const ok = campaigns.every(({ findings }) => findings.length === 0);
  if (options.json) {
    const told = campaigns.map(({ findings, ...figures }) => ({
      ...figures,
      findings: findings.map(({ what, execution, smallest }) => ({ what, execution, smallest: Buffer.from(smallest).toString('base64') })),
    }));
    process.stdout.write(`${JSON.stringify({ ok, seed: options.seed, campaigns: told })}\n`);
  } else {
    process.stdout.write(`${'target'.padEnd(10)}  executions  seconds      a s outcomes findings\n${campaigns.map(row).join('\n')}\n`);
  }
  return ok ? 0 : 1;
}

function runLinear(options: LinearOptions): number {
  const measured = measureShapes(options, say);
  const ok = measured.every(({ linear }) => linear);
  process.stdout.write(options.json ? `${JSON.stringify({ ok, measured })}\n` : linearTable(measured));
  return ok ? 0 : 1;
}

/** Runs the fuzzer for a command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args, Date.now() % 1_000_000);
  switch (request.kind) {
    case 'help':
      process.stdout.write(help);
      return 0;
    case 'list':
      for (const { name, about } of targets)
        process.stdout.write(request.json ? `${JSON.stringify({ name, about })}\n` : `${name.padEnd(10)} ${about}\n`);
      return 0;
    case 'mistake':
      say(`fuzz: ${request.message}\n  cure: npm run fuzz -- --help`);
      return 2;
    case 'run':
      return request.options.kind === 'linear' ? runLinear(request.options) : runCampaigns(request.options);
  }
}

// A reader that went away (`| head`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));
