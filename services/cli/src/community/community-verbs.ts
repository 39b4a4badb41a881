import { Fault } from '@guildhall/chassis/fault';
import { hostPort } from '@guildhall/chassis/host-port';
import { splitCertificates } from '@guildhall/proto/community/entries';
import type { Community, Discovery } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { type Command, Option } from 'commander';
import { type ApiOptions, type EntryChangeOptions, gathered, withApiOptions, withEntryChangeOptions } from '../api/api-options.js';
import { expectedRevision, orderOf, tellChange, wholeNumber } from '../api/change-report.js';
import type { HubApi } from '../api/hub-api.js';
import { readNamedPem } from '../api/own-file.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { plural } from '../plural.js';
import { factLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

interface SetOptions extends EntryChangeOptions {
  readonly name?: string;
  readonly model?: string;
  readonly otherwise?: string;
  readonly defaultRoute?: string;
  readonly authority?: readonly string[];
  readonly discovery?: readonly string[] | false;
  readonly discoveryRate?: string;
  readonly discoveryContacts?: string;
  readonly discoverySuspectRate?: string;
  readonly discoveryPartners?: string;
}

const key = 'community';

/** The community, the counts of what is in it, and the revision of its entry. Throws a Fault. */
async function read(api: HubApi) {
  const [{ community, members, agreements, rules, version }, { revisions }] = await Promise.all([
    api.admin.getMembership({ version: 0n }),
    api.membership.listHistory({ key, before: 0n, limit: 1 }),
  ]);
  if (community === undefined)
    throw new Fault('hub-failed', 'the hub answered without the community', { cure: 'look at the log of policy' });
  return { community, members, agreements, rules, version, revision: revisions.find((found) => found.key === key)?.version ?? 0n };
}

function discoveryText(discovery: Discovery | undefined): string {
  if (discovery === undefined) return 'off';
  const { requestsPerSecond, contacts, suspectRequestsPerSecond, partners, anchors } = discovery;
  return `up to ${partners} partners by ${anchors.length} authorities, each ${requestsPerSecond}/s and ${contacts} contacts, ${suspectRequestsPerSecond}/s when most of it fails`;
}

async function show(options: ApiOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { community, members, agreements, rules, version, revision } = await withHub(options, world, read);
  const counts = { members: members.length, agreements: agreements.length, rules: rules.length };
  if (options.json) {
    terminal.out(jsonLine({ community, ...counts, version, revision }));
    return 0;
  }
  terminal.out(`${styled(terminalText(community.id, 80), 'bold', terminal.colorOut)} ${terminalText(community.name, 120)}`);
  const facts: readonly (readonly [string, string | readonly string[]])[] = [
    ['model', community.model],
    ['otherwise', `${community.otherwise || 'allow'}: what becomes of a request of which no rule and no agreement speaks`],
    ['hub', community.domain],
    ['listeners', community.listeners.map(({ name, host, port }) => `${name}: ${hostPort(host, port)}`)],
    ['default route', community.defaultRoute || 'none: requests for unknown domains are refused'],
    ['discovery', discoveryText(community.discovery)],
    ['authorities', `${community.anchors.length} of the community file`],
    ['contents', [plural(counts.members, 'member'), plural(counts.agreements, 'agreement'), plural(counts.rules, 'rule')].join(', ')],
    ['version', `${version}, this entry: revision ${revision}`],
  ];
  for (const line of factLines(facts, terminal.colorOut)) terminal.out(line);
  return 0;
}

const usualDiscovery: Discovery = { anchors: [], requestsPerSecond: 20, contacts: 1000, suspectRequestsPerSecond: 1, partners: 1000 };

function pems(files: readonly string[], option: string, world: World): string[] {
  return files.flatMap((file) => splitCertificates(readNamedPem(file, option, 'CERTIFICATE', world.cwd)));
}

function changedDiscovery(before: Discovery | undefined, options: SetOptions, world: World): Discovery | undefined {
  const { discovery, discoveryRate, discoveryContacts, discoverySuspectRate, discoveryPartners } = options;
  const bounds = [discoveryRate, discoveryContacts, discoverySuspectRate, discoveryPartners];
  if (discovery === false) return undefined;
  if (discovery === undefined && bounds.every((bound) => bound === undefined)) return before;
  if (discovery === undefined && before === undefined) {
    throw new Fault('usage', 'discovery is off, so there is nothing to bound', {
      cure: 'name who vouches for strangers with --discovery FILE',
      exitCode: 2,
    });
  }
  const known = before ?? usualDiscovery;
  const bound = (given: string | undefined, option: string, value: number) =>
    given === undefined ? value : Number(wholeNumber(given, option));
  return {
    anchors: discovery === undefined ? known.anchors : pems(discovery, '--discovery', world),
    requestsPerSecond: bound(discoveryRate, '--discovery-rate', known.requestsPerSecond),
    contacts: bound(discoveryContacts, '--discovery-contacts', known.contacts),
    suspectRequestsPerSecond: bound(discoverySuspectRate, '--discovery-suspect-rate', known.suspectRequestsPerSecond),
    partners: bound(discoveryPartners, '--discovery-partners', known.partners),
  };
}

function changed(before: Community, options: SetOptions, world: World): Community {
  const { discovery: known, ...rest } = before;
  const discovery = changedDiscovery(known, options, world);
  return {
    ...rest,
    ...(discovery === undefined ? {} : { discovery }),
    name: options.name ?? before.name,
    model: options.model ?? before.model,
    otherwise: options.otherwise ?? before.otherwise,
    defaultRoute: options.defaultRoute === 'none' ? '' : (options.defaultRoute ?? before.defaultRoute),
    anchors: options.authority === undefined ? before.anchors : pems(options.authority, '--authority', world),
  };
}

async function set(options: SetOptions, world: World): Promise<number> {
  const { report } = await withHub(options, world, async (api) => {
    const { community, revision } = await read(api);
    return api.membership.putCommunity({
      order: orderOf(options),
      expected: expectedRevision(options, revision),
      community: changed(community, options, world),
    });
  });
  return tellChange(report, options, world);
}

/** Adds the noun `community` to the command line. */
export function addCommunityVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const community = program
    .command('community')
    .summary('what holds for the whole community')
    .description('What holds for the whole community: its model, what is not spoken of, default route, discovery.');
  withApiOptions(community.command('show').summary('the community at a glance').description('Shows what holds for the whole community.'))
    .addHelpText('after', '\nExamples:\n  guildhall community show\n  guildhall community show --json | jq .community.model')
    .action(async (options: ApiOptions) => ends(await show(options, world)));
  const setting = community
    .command('set')
    .summary('change it')
    .description('Changes what holds for the whole community.')
    .option('--name <text>', 'what people call it')
    .addOption(new Option('--model <model>').choices(['clearinghouse', 'limited-clearinghouse', 'direct']))
    .addOption(
      new Option('--otherwise <action>', 'what becomes of a request of which no rule and no agreement speaks').choices(['allow', 'deny']),
    )
    .option('--default-route <member>', 'the clearinghouse that gets what is for a domain of nobody; "none": nobody')
    .option('--authority <file>', 'an authority (PEM) that vouches for every member; repeat it, replaces all', gathered)
    .option(
      '--discovery <file>',
      'meet organizations that are no members; this authority (PEM) vouches for them; repeat it for more',
      gathered,
    )
    .option('--no-discovery', 'do not')
    .option('--discovery-rate <n>', 'requests a second from one of them')
    .option('--discovery-contacts <n>', 'users it may address')
    .option('--discovery-suspect-rate <n>', 'requests a second once most of what it sends fails')
    .option('--discovery-partners <n>', 'how many of them are kept');
  withEntryChangeOptions(setting)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall community set --otherwise deny --why "nothing passes that is not allowed by name"\n  guildhall community set --default-route north-guild\n  guildhall community set --discovery public-roots.pem --discovery-rate 5 --dry-run',
    )
    .action(async (options: SetOptions) => ends(await set(options, world)));
}
