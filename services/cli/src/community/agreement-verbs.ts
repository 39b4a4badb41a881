import { Fault } from '@guildhall/chassis/fault';
import type { StoredAgreement } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { type Command, Option } from 'commander';
import {
  type ApiOptions,
  type ChangeOptions,
  type EntryChangeOptions,
  withApiOptions,
  withChangeOptions,
  withEntryChangeOptions,
} from '../api/api-options.js';
import { expectedRevision, orderOf, tellChange } from '../api/change-report.js';
import type { HubApi } from '../api/hub-api.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { instantOf, shownInstant } from '../instant-text.js';
import { type Column, tableLines } from '../table.js';
import type { World } from '../world.js';
import { memberOrOwn } from './member-show.js';

interface ListOptions extends ApiOptions {
  readonly member?: string;
}

interface ProposeOptions extends ChangeOptions {
  readonly mode?: string;
  readonly from?: string;
  readonly until?: string;
  readonly note?: string;
}

const columns: readonly Column<StoredAgreement>[] = [
  { title: 'MEMBERS', text: ({ agreement }) => `${agreement?.first ?? ''} ${agreement?.second ?? ''}` },
  { title: 'STATE', text: ({ state }) => state, style: ({ state }) => (state === 'in force' ? 'green' : 'yellow') },
  { title: 'MODE', text: ({ agreement }) => agreement?.mode ?? '' },
  { title: 'ACCEPTED BY', text: ({ agreement }) => agreement?.acceptedBy.join(' ') ?? '' },
  { title: 'FROM', text: ({ agreement }) => shownInstant(agreement?.validFrom ?? '') },
  { title: 'UNTIL', text: ({ agreement }) => shownInstant(agreement?.validUntil ?? '') },
  { title: 'NOTE', text: ({ agreement }) => agreement?.note ?? '' },
];

async function list(options: ListOptions, world: World): Promise<number> {
  const { agreements, version } = await withHub(options, world, (api) => api.membership.listAgreements({ member: options.member ?? '' }));
  if (options.json) world.terminal.out(jsonLine({ agreements, version }));
  else for (const line of tableLines(columns, agreements, 'no agreements', world.terminal)) world.terminal.out(line);
  return 0;
}

/** The side that acts and the other one. With one id the caller acts for itself. Throws a Fault `usage`. */
async function sides(api: HubApi, members: readonly string[]): Promise<readonly [string, string]> {
  const [first = '', second, ...rest] = members;
  if (rest.length > 0) throw new Fault('usage', 'an agreement has two members', { cure: 'name two', exitCode: 2 });
  return second === undefined ? [await memberOrOwn(api, undefined), first] : [first, second];
}

async function propose(members: readonly string[], options: ProposeOptions, world: World): Promise<number> {
  const instant = (text: string | undefined, option: string) => (text === undefined ? '' : instantOf(text, option, world.now()));
  const terms = {
    order: orderOf(options),
    mode: options.mode ?? 'relay',
    validFrom: instant(options.from, '--from'),
    validUntil: instant(options.until, '--until'),
    note: options.note ?? '',
  };
  const { report } = await withHub(options, world, async (api) => {
    const [from, to] = await sides(api, members);
    return api.membership.proposeAgreement({ ...terms, from, to });
  });
  return tellChange(report, options, world);
}

async function accept(members: readonly string[], options: EntryChangeOptions, world: World): Promise<number> {
  const { report } = await withHub(options, world, async (api) => {
    const [member, partner] = await sides(api, members);
    const { agreements } = await api.membership.listAgreements({ member });
    // What is accepted is what stands there at this moment, not what the other side may make of it meanwhile.
    const read = agreements.find(({ agreement }) => agreement?.first === partner || agreement?.second === partner)?.revision ?? 0n;
    return api.membership.acceptAgreement({ order: orderOf(options), member, partner, expected: expectedRevision(options, read) });
  });
  return tellChange(report, options, world);
}

async function end(members: readonly string[], options: ChangeOptions, world: World): Promise<number> {
  const { report } = await withHub(options, world, async (api) => {
    const [member, partner] = await sides(api, members);
    return api.membership.endAgreement({ order: orderOf(options), member, partner });
  });
  return tellChange(report, options, world);
}

/** Adds the noun `agreement` to the command line. */
export function addAgreementVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const agreement = program
    .command('agreement')
    .summary('which members are direct partners')
    .description('Which members are direct partners: one proposes, the other accepts, either may end it.');
  withApiOptions(
    agreement
      .command('list')
      .summary('agreements and their state')
      .description('Lists agreements with their state.')
      .option('--member <id>', 'only those of this member'),
  )
    .addHelpText('after', '\nExamples:\n  guildhall agreement list\n  guildhall agreement list --member acme --json')
    .action(async (options: ListOptions) => ends(await list(options, world)));
  const proposing = agreement
    .command('propose')
    .summary('one member proposes')
    .description('One member proposes an agreement to another.')
    .argument('<members...>', 'who proposes, then to whom; a member itself names only the other')
    .addOption(
      new Option('--mode <mode>', 'relay: through the hub; redirect: the hub answers 302 with the partner’s door').choices([
        'relay',
        'redirect',
      ]),
    )
    .option('--from <time>', 'in force from then on')
    .option('--until <time>', 'in force until then: a date, a time, or a span such as 365d')
    .option('--note <text>', 'what it is about; both sides read it');
  withChangeOptions(proposing)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall agreement propose acme bolt --mode redirect --until 2027-12-31\n  guildhall agreement propose bolt --token-file acme.token      as acme itself\n  guildhall agreement propose acme bolt --dry-run',
    )
    .action(async (members: readonly string[], options: ProposeOptions) => ends(await propose(members, options, world)));
  const accepting = agreement
    .command('accept')
    .summary('the other member accepts')
    .description('The other member accepts what was proposed to it.')
    .argument('<members...>', 'who accepts, then its partner; a member itself names only the partner');
  withEntryChangeOptions(accepting)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall agreement accept bolt acme\n  guildhall agreement accept acme --token-file bolt.token      as bolt itself',
    )
    .action(async (members: readonly string[], options: EntryChangeOptions) => ends(await accept(members, options, world)));
  const ending = agreement
    .command('end')
    .summary('either member ends it')
    .description('Ends an agreement, or withdraws one that was only proposed: the two fall back to the rules.')
    .argument('<members...>', 'who ends it, then its partner; a member itself names only the partner');
  withChangeOptions(ending)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall agreement end acme bolt --why "project is over"\n  guildhall agreement end acme bolt --dry-run',
    )
    .action(async (members: readonly string[], options: ChangeOptions) => ends(await end(members, options, world)));
}
