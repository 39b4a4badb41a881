import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import { natsServerTool } from '../stage/tools.js';
import { cells, columnNames, type Played, remarks } from './table.js';

/** What came of a run, as a page of Markdown with date, versions and the size of the machine. */
export async function page(played: readonly Played[], at: Date): Promise<string> {
  const kept = played.filter(({ result }) => result.verdict === 'kept').length;
  const row = (values: readonly string[]): string => `| ${values.map((value) => value.replaceAll('|', '\\|')).join(' | ')} |`;
  return `# What chaos came to

Written by \`npm run chaos -- --results\` on ${at.toISOString().slice(0, 10)}: ${kept} of ${played.length} rows kept every promise.

${(await environment()).map((fact) => `- ${fact}`).join('\n')}

Sent, answered and so on are transactions. Real answers are the far member's own. Lost ones got no answer though their connection lived;
those that died went down with their connection. Two branches: the receiving proxy saw one transaction as two. The worst gap is the longest time
from the fault on in which a sender heard no final answer at all. p99 is the worst of all pairs the fault does not concern. Memory is of all hub processes,
nats-servers included.

${row(columnNames)}
${row(columnNames.map(() => '---'))}
${played.map((one) => row(cells(one))).join('\n')}

${played.map((one) => section(one)).join('\n\n')}
`;
}

function section(one: Played): string {
  const { row, took } = one;
  return `## ${row.name}\n\n${row.about}. Took ${took.toFixed(0)} s.\n\n${remarks(one)
    .map((remark) => `- ${remark}`)
    .join('\n')}`;
}

/** Versions and machine. */
async function environment(): Promise<readonly string[]> {
  const [cpu] = cpus();
  const workspace: unknown = JSON.parse(readFileSync(join(checkoutRoot(), 'package.json'), 'utf8'));
  const version = typeof workspace === 'object' && workspace !== null && 'version' in workspace ? String(workspace.version) : 'unknown';
  return [
    `Guildhall ${version}, Node ${process.versions.node} with OpenSSL ${process.versions.openssl}, ${await natsVersion()}`,
    `Linux ${release()}, ${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(1)} GiB; hub, NATS and members all on it`,
  ];
}

async function natsVersion(): Promise<string> {
  const { binary } = await natsServerTool();
  return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().replace(':', '');
}
