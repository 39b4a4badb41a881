import type { Command } from 'commander';
import type { MetricsOptions } from '../api/api-access.js';
import { withMetricsOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import type { World } from '../world.js';
import { statusLines } from './status-lines.js';
import { withMetrics } from './with-metrics.js';

interface StatusOptions extends MetricsOptions {
  readonly links?: true;
}

/** How the command ends by the verdict, 3 as well for a hub that cannot be asked; a word of a newer hub counts as impaired. */
const exits: Readonly<Record<string, number>> = { well: 0, impaired: 1, down: 3 };

async function status(options: StatusOptions, world: World): Promise<number> {
  const { terminal } = world;
  const found = await withMetrics(options, world, (api) => api.getStatus({}));
  const code = exits[found.verdict] ?? 1;
  if (options.json) terminal.out(jsonLine({ ...found }, code === 0));
  else for (const line of statusLines(found, options.links === true, terminal)) terminal.out(line);
  return code;
}

/** Adds `status` to the command line. */
export function addStatus(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('status')
    .summary('how the hub stands, in one screen')
    .description('Services with their versions and leaders, links, streams and what waits: in one screen, with an exit code for scripts.')
    .option('--links', 'every link, not only those in trouble');
  withMetricsOptions(command)
    .addHelpText(
      'after',
      `
Ends with 0 when all is well, 1 when something is impaired, 3 when the hub is down or cannot be reached.

Examples:
  guildhall status
  guildhall status --json | jq -r '.reasons[]'
  guildhall status > /dev/null || echo "look at the hub"`,
    )
    .action(async (options: StatusOptions) => ends(await status(options, world)));
}
