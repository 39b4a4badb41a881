import { Fault } from '@guildhall/chassis/fault';
import type { Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { StoredRule } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { Argument, type Command, Option } from 'commander';
import { type ApiOptions, type EntryChangeOptions, withApiOptions, withEntryChangeOptions } from '../api/api-options.js';
import { expectedRevision, orderOf, tellChange, wholeNumber } from '../api/change-report.js';
import type { HubApi } from '../api/hub-api.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { type Column, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';
import { blankRule, changedRule, type RuleOptions, withRuleOptions } from './rule-fields.js';
import { actionText, conditionsOf, partiesText } from './rule-text.js';

/** Where a rule goes in the order of evaluation. */
interface PlaceOptions {
  readonly before?: string;
  readonly at?: string;
  readonly last?: true;
  readonly first?: true;
}

type ChangedRuleOptions = RuleOptions & PlaceOptions & { readonly action?: string };

const columns: readonly Column<Rule>[] = [
  { title: '#', text: ({ order }) => String(order) },
  { title: 'ID', text: ({ id }) => id },
  {
    title: 'ACTION',
    text: actionText,
    style: ({ action, shadow }) => (shadow ? 'dim' : action === 'allow' ? 'green' : action === 'deny' ? 'red' : 'yellow'),
  },
  { title: 'WHO', text: partiesText },
  { title: 'WHAT', text: (rule) => conditionsOf(rule).join(', ') },
  { title: 'REASON', text: ({ reason }) => reason },
];

async function list(options: ApiOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { rules, warnings, version } = await withHub(options, world, (api) => api.membership.listRules({}));
  if (options.json) {
    terminal.out(jsonLine({ rules, warnings, version }));
    return 0;
  }
  const shown = rules.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
  for (const line of tableLines(columns, shown, 'no rules', terminal)) terminal.out(line);
  for (const warning of warnings) terminal.talk(`${styled('warning', 'yellow', terminal.colorTalk)} ${terminalText(warning, 500)}`);
  return 0;
}

/** A rule and its revision. Throws a Fault `not-found`. */
async function storedRule(api: HubApi, id: string): Promise<StoredRule & { rule: Rule }> {
  const { rules } = await api.membership.listRules({});
  const found = rules.find(({ rule }) => rule?.id === id);
  if (found?.rule !== undefined) return { ...found, rule: found.rule };
  throw new Fault('not-found', `there is no rule ${terminalText(id, 80)}`, { cure: 'guildhall rule list shows them', exitCode: 2 });
}

/** The place an order names, or undefined where it says nothing. */
function placeOf({ before, at, last, first }: PlaceOptions): { order: number; before: string; last: boolean } | undefined {
  const said = [before, at, last, first].filter((value) => value !== undefined).length;
  if (said > 1)
    throw new Fault('usage', '--before, --at, --first and --last name different places', { cure: 'give one of them', exitCode: 2 });
  if (before !== undefined) return { order: 0, before, last: false };
  if (at !== undefined) return { order: Number(wholeNumber(at, '--at')), before: '', last: false };
  if (first) return { order: 0, before: '', last: false };
  return last ? { order: 0, before: '', last: true } : undefined;
}

async function add(id: string, action: string, options: ChangedRuleOptions, world: World): Promise<number> {
  const rule = changedRule({ ...blankRule, id }, action, options, world.now());
  const { order, before, last } = placeOf(options) ?? { order: 0, before: '', last: true };
  const { report } = await withHub(options, world, (api) =>
    api.membership.putRule({ order: orderOf(options), expected: 0n, rule: { ...rule, order }, before, last }),
  );
  return tellChange(report, options, world);
}

/** `rule set` and `rule move`: reads the rule, changes it, writes it unless somebody else was faster. */
async function set(id: string, options: ChangedRuleOptions, world: World): Promise<number> {
  const place = placeOf(options);
  const { report } = await withHub(options, world, async (api) => {
    const { rule, revision } = await storedRule(api, id);
    const changed = changedRule(rule, options.action ?? rule.action, options, world.now());
    return api.membership.putRule({
      order: orderOf(options),
      expected: expectedRevision(options, revision),
      rule: { ...changed, order: place?.order ?? rule.order },
      before: place?.before ?? '',
      last: place?.last ?? false,
    });
  });
  return tellChange(report, options, world);
}

async function remove(id: string, options: EntryChangeOptions, world: World): Promise<number> {
  const { report } = await withHub(options, world, async (api) => {
    const { revision } = options.revision === undefined ? await storedRule(api, id) : { revision: 0n };
    return api.membership.removeRule({ order: orderOf(options), expected: expectedRevision(options, revision), id });
  });
  return tellChange(report, options, world);
}

function withPlace(command: Command): Command {
  return command
    .option('--before <rule>', 'in front of this rule')
    .option('--at <n>', 'at this place of the order, from 0')
    .option('--first', 'in front of all')
    .option('--last', 'behind all');
}

const actions = ['allow', 'deny', 'limit'];

/** Adds the noun `rule` to the command line. */
export function addRuleVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const rule = program
    .command('rule')
    .summary('what is allowed, denied and limited')
    .description('What is allowed, denied and limited. Rules are read from top to bottom, the first that fits decides.');
  withApiOptions(
    rule
      .command('list')
      .summary('rules in their order')
      .description('Lists the rules in the order of evaluation, and warns of those that never match.'),
  )
    .addHelpText('after', '\nExamples:\n  guildhall rule list\n  guildhall rule list --json | jq .warnings')
    .action(async (options: ApiOptions) => ends(await list(options, world)));
  const adding = rule
    .command('add')
    .summary('a rule more')
    .description('Adds a rule, behind all others unless told otherwise.')
    .argument('<id>', 'its name in answers, logs and explain')
    .addArgument(new Argument('<action>', 'what it does').choices(actions));
  withEntryChangeOptions(withPlace(withRuleOptions(adding, false)))
    .addHelpText(
      'after',
      `
Examples:
  guildhall rule add no-video deny --from group:guests --to any --method INVITE --media video --reason "text only for guests"
  guildhall rule add calm limit --from acme --to any --limit 20/second --burst 50 --each pair
  guildhall rule add office allow --between acme bolt --days mon-fri --hours 08:00-17:00 --before no-calls
  guildhall rule add big-files deny --from any --to any --body-larger 64KiB --shadow      counts only`,
    )
    .action(async (id: string, action: string, options: ChangedRuleOptions) => ends(await add(id, action, options, world)));
  const setting = rule.command('set').summary('change a rule').description('Changes a rule.').argument('<id>', 'the rule');
  setting.addOption(new Option('--action <action>', 'what it does').choices(actions));
  withEntryChangeOptions(withPlace(withRuleOptions(setting, true)))
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall rule set no-video --no-shadow --why "counted for a week"\n  guildhall rule set calm --limit 40/second\n  guildhall rule set office --hours none --dry-run',
    )
    .action(async (id: string, options: ChangedRuleOptions) => ends(await set(id, options, world)));
  const moving = rule
    .command('move')
    .summary('change its place in the order')
    .description('Moves a rule to another place of the order.')
    .argument('<id>', 'the rule');
  withEntryChangeOptions(withPlace(moving))
    .addHelpText('after', '\nExamples:\n  guildhall rule move office --before no-calls\n  guildhall rule move calm --last')
    .action(async (id: string, options: ChangedRuleOptions) => {
      if (placeOf(options) === undefined) {
        throw new Fault('usage', 'no place is named', { cure: 'say where with --before RULE, --at N, --first or --last', exitCode: 2 });
      }
      ends(await set(id, options, world));
    });
  const removing = rule.command('remove').summary('a rule less').description('Removes a rule.').argument('<id>', 'the rule');
  withEntryChangeOptions(removing)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall rule remove no-video --why "guests may call"\n  guildhall rule remove no-video --dry-run',
    )
    .action(async (id: string, options: EntryChangeOptions) => ends(await remove(id, options, world)));
}
