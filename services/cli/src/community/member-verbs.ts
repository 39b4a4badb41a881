import { type Command, Option } from 'commander';
import {
  type ApiOptions,
  type EntryChangeOptions,
  gathered,
  withApiOptions,
  withChangeOptions,
  withEntryChangeOptions,
} from '../api/api-options.js';
import type { World } from '../world.js';
import { addMember, removeMember, type StatusOptions, setMember, setStatus } from './member-change.js';
import { type DataOptions, memberData } from './member-data.js';
import { type MemberOptions, withMemberOptions } from './member-fields.js';
import { type InviteOptions, invite } from './member-invite.js';
import { type ListOptions, listMembers, showMember } from './member-show.js';

type Ends = (code: number) => void;

function addLooking(member: Command, world: World, ends: Ends): void {
  const list = member
    .command('list')
    .summary('who is in the community')
    .description('Lists the members with their status, domains and proxies.')
    .addOption(new Option('--status <status>', 'only those').choices(['active', 'pending', 'suspended', 'quarantined']))
    .addOption(new Option('--role <role>', 'only those').choices(['member', 'internal', 'partner', 'clearinghouse', 'discovered']))
    .option('--group <group>', 'only those in it');
  withApiOptions(list)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall member list\n  guildhall member list --status quarantined\n  guildhall member list --json | jq -r ".members[].member.id"',
    )
    .action(async (options: ListOptions) => ends(await listMembers(options, world)));
  const show = member
    .command('show')
    .summary('one member, its trust and its agreements')
    .description('Shows one member with its trust, its agreements and who changed it last.')
    .argument('[id]', 'the member; a member itself may leave it away');
  withApiOptions(show)
    .addHelpText('after', '\nExamples:\n  guildhall member show acme\n  guildhall member show acme --json | jq .member.revision')
    .action(async (id: string | undefined, options: ApiOptions) => ends(await showMember(id, options, world)));
  const data = member
    .command('data')
    .summary('what its own proxy must know')
    .description(
      'What a member’s own proxy must know: the doors and authorities of the hub, and of the partners it agreed with to talk directly.',
    )
    .argument('[id]', 'the member; a member itself may leave it away')
    .option('--out <dir>', 'write it as files into this folder');
  withApiOptions(data)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall member data acme\n  guildhall member data --out /etc/kamailio/guildhall --token-file acme.token',
    )
    .action(async (id: string | undefined, options: DataOptions) => ends(await memberData(id, options, world)));
}

function addChanging(member: Command, world: World, ends: Ends): void {
  const add = withMemberOptions(
    member.command('add').summary('take an organization in').argument('<id>', 'its id: a-z, 0-9 and hyphens'),
    false,
  );
  withChangeOptions(
    add.description('Takes an organization in. It exchanges traffic once a certificate of it is trusted; see member invite.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  guildhall member add acme --name "Acme Corporation" --domain acme.example --proxy sip.acme.example:5061
  guildhall member add bolt --domain bolt.example --authority bolt-ca.crt --group makers --why "joined in May"
  guildhall member add acme --domain acme.example --dry-run`,
    )
    .action(async (id: string, options: MemberOptions) => ends(await addMember(id, options, world)));
  const set = withMemberOptions(
    member.command('set').summary('change what is said of a member').argument('[id]', 'the member; a member itself may leave it away'),
    true,
  );
  withEntryChangeOptions(
    set.description('Changes what is said of a member. A member itself may change its proxies, pins and own authorities.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  guildhall member set acme --add-domain acme-labs.example --why "bought the labs"
  guildhall member set acme --add-pin 9f86d0...0f00a08        two keys are valid during a rollover
  guildhall member set acme --drop-pin 60303a...43a6e1
  guildhall member set acme --proxy sip1.acme.example --proxy sip2.acme.example,priority=2 --dry-run`,
    )
    .action(async (id: string | undefined, options: MemberOptions) => ends(await setMember(id, options, world)));
  const remove = member.command('remove').summary('let a member go').argument('<id>', 'the member');
  withEntryChangeOptions(remove.description('Removes a member and its agreements; its connections close within a second.'))
    .addHelpText('after', '\nExamples:\n  guildhall member remove acme --why "left the guild"\n  guildhall member remove acme --dry-run')
    .action(async (id: string, options: EntryChangeOptions) => ends(await removeMember(id, options, world)));
}

const statuses = [
  [
    'suspend',
    'suspended',
    'stop a member for a while',
    'Suspends a member',
    'guildhall member suspend acme --reason "invoice open" --until 30d',
  ],
  [
    'quarantine',
    'quarantined',
    'stop a member that does harm',
    'Quarantines a member',
    'guildhall member quarantine acme --reason "sends spam, call us" --until 2027-01-31',
  ],
] as const;

function addStatuses(member: Command, world: World, ends: Ends): void {
  for (const [name, status, summary, does, example] of statuses) {
    const verb = member
      .command(name)
      .summary(summary)
      .description(`${does}: its connections close within a second, and whoever writes to it or from it is told the reason and until when.`)
      .argument('<id>', 'the member')
      .option('--reason <text>', 'what its people and those who write to them are told')
      .option('--until <time>', 'when it becomes active by itself: a date, a time, or a span such as 36h or 7d');
    withEntryChangeOptions(verb)
      .addHelpText('after', `\nExamples:\n  ${example}\n  guildhall member ${name} acme --dry-run`)
      .action(async (id: string, options: StatusOptions) => ends(await setStatus(id, status, options, world)));
  }
  const activate = member.command('activate').summary('let a member exchange traffic').argument('<id>', 'the member');
  withEntryChangeOptions(activate.description('Makes a pending, suspended or quarantined member active.'))
    .addHelpText('after', '\nExamples:\n  guildhall member activate acme --why "invoice paid"')
    .action(async (id: string, options: EntryChangeOptions) => ends(await setStatus(id, 'active', options, world)));
}

/** Adds the noun `member` to the command line. */
export function addMemberVerbs(program: Command, world: World, ends: Ends): void {
  const member = program
    .command('member')
    .summary('who is in the community')
    .description('Who is in the community: members, their domains, proxies, trust and status.');
  addLooking(member, world, ends);
  addChanging(member, world, ends);
  addStatuses(member, world, ends);
  const inviting = member
    .command('invite')
    .summary('a one-time token with which a member gets its certificate')
    .description('Makes a one-time token with which a member gets a certificate of the community’s authority (guildhall join).')
    .argument('<id>', 'the member')
    .option('--expires <span>', 'how long it may wait; default: 7d')
    .option('--cert-name <host>', 'a DNS name besides those of its proxies that the certificate may carry; repeat it for more', gathered)
    .option('--out <file>', 'write it to this file, which only you can read, instead of the terminal');
  withChangeOptions(inviting)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall member invite acme\n  guildhall member invite acme --expires 24h --cert-name im.acme.example\n  guildhall member invite acme --json | jq -r .token',
    )
    .action(async (id: string, options: InviteOptions) => ends(await invite(id, options, world)));
}
