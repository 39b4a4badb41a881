import type { DiscoveredPartner } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, tableLines } from '../table.js';
import type { World } from '../world.js';

interface PartnerOptions extends ApiOptions {
  readonly watch?: true;
}

/** Why an operator should look at it, in a word or two; '' when there is nothing. */
function note({ status, suspect, overRate, overContacts }: DiscoveredPartner): string {
  const notes = [
    ...(status === 'active' ? [] : [status]),
    ...(suspect ? ['suspect'] : []),
    ...(overContacts > 0n ? [`${overContacts} over contacts`] : []),
    ...(overRate > 0n ? [`${overRate} over rate`] : []),
  ];
  return notes.join(', ');
}

const columns: readonly Column<DiscoveredPartner>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'DOMAIN', text: ({ domains }) => domains.join(' ') },
  { title: 'SINCE', text: ({ when }) => shownInstant(when) },
  { title: 'LINES', text: ({ connections }) => String(connections) },
  { title: 'REQUESTS', text: ({ requests }) => String(requests) },
  { title: 'CONTACTS', text: ({ contacts }) => String(contacts) },
  { title: 'NOTE', text: note, style: () => 'yellow' },
];

/** Every discovered partner, page after page. */
async function everyPartner(options: PartnerOptions, world: World): Promise<DiscoveredPartner[]> {
  return withHub(options, world, async (api) => {
    const partners: DiscoveredPartner[] = [];
    let after = '';
    do {
      const page = await api.admin.listPartners({ after, limit: 0 });
      partners.push(...page.partners);
      after = page.next;
    } while (after !== '');
    return partners;
  });
}

async function partners(options: PartnerOptions, world: World): Promise<number> {
  const all = await everyPartner(options, world);
  const shown = options.watch === true ? all.filter((one) => note(one) !== '') : all;
  const { terminal } = world;
  if (options.json) terminal.out(jsonLine({ partners: shown }));
  else for (const line of tableLines(columns, shown, 'no partner was discovered', terminal)) terminal.out(line);
  return 0;
}

/** Adds the noun `partner` to the command line. */
export function addPartners(program: Command, world: World, ends: (code: number) => void): void {
  const partner = program
    .command('partner')
    .summary('organizations that were met by DNS, and how they behave')
    .description('Organizations that are no members and were met by DNS (discovery of the community), and how they behave.');
  const list = partner
    .command('list')
    .summary('the discovered partners, and what they sent')
    .description(
      'Organizations that are no members and were met by DNS, with what they sent since the hub’s services started. Those that most of their requests fail, or that met their bounds, stand on the watch list.',
    )
    .option('--watch', 'only those on the watch list');
  withApiOptions(list)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall partner list --watch\n  guildhall partner list --json | jq .partners[].domains\n  guildhall member quarantine dns-far-example-1a2b3c4d --reason "enumerates users"',
    )
    .action(async (options: PartnerOptions) => ends(await partners(options, world)));
}
