import { Fault } from '@guildhall/chassis/fault';
import type { Token } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api/api-options.js';
import { tellDryRun } from '../api/change-report.js';
import { jsonLine } from '../api/plain-json.js';
import { keepSecret } from '../api/secret-file.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant, spanOf } from '../instant-text.js';
import { type Column, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

interface ListOptions extends ApiOptions {
  readonly all?: true;
}

interface CreateOptions extends ApiOptions {
  readonly dryRun?: true;
  readonly scope: string;
  readonly expires?: string;
  readonly note?: string;
  readonly out?: string;
}

interface RevokeOptions extends ApiOptions {
  readonly dryRun?: true;
  readonly why?: string;
}

function stateOf({ revoked, used, expires }: Token, now: Date): { text: string; style: 'green' | 'dim' } {
  if (revoked !== '') return { text: `revoked ${shownInstant(revoked)}`, style: 'dim' };
  if (used !== '') return { text: `used ${shownInstant(used)}`, style: 'dim' };
  return Date.parse(expires) <= now.getTime() ? { text: 'ended', style: 'dim' } : { text: 'good', style: 'green' };
}

function columns(now: Date): readonly Column<Token>[] {
  return [
    { title: 'ID', text: ({ id }) => id },
    { title: 'KIND', text: ({ kind }) => kind },
    { title: 'SCOPE', text: ({ scope }) => scope },
    { title: 'STATE', text: (token) => stateOf(token, now).text, style: (token) => stateOf(token, now).style },
    { title: 'UNTIL', text: ({ expires }) => shownInstant(expires) },
    { title: 'MADE BY', text: ({ createdBy }) => createdBy },
    { title: 'NOTE', text: ({ note }) => note },
  ];
}

async function list(options: ListOptions, world: World): Promise<number> {
  const { tokens } = await withHub(options, world, (api) => api.access.listTokens({ endedToo: options.all === true }));
  if (options.json) world.terminal.out(jsonLine({ tokens }));
  else for (const line of tableLines(columns(world.now()), tokens, 'no tokens', world.terminal)) world.terminal.out(line);
  return 0;
}

const scopeShape = /^(operator|dashboard|member:[a-z0-9-]{1,63})$/;

async function create(options: CreateOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { scope, note, expires, out } = options;
  if (!scopeShape.test(scope)) {
    throw new Fault('usage', `--scope ${terminalText(scope, 80)} is none`, { cure: 'write operator, dashboard or member:ID', exitCode: 2 });
  }
  const expiresMs = expires === undefined ? 0n : spanOf(expires, '--expires');
  if (options.dryRun) {
    const member = scope.startsWith('member:') ? scope.slice('member:'.length) : '';
    // The hub has no rehearsal of this: what can go wrong is that there is no such member, or that the caller may not.
    await withHub(options, world, async (api) => {
      await api.access.listTokens({ endedToo: false });
      if (member !== '') await api.membership.getMember({ id: member });
    });
    return tellDryRun({ scope, note: note ?? '' }, `would make a token for ${terminalText(scope, 80)}`, options, world);
  }
  const { token, secret } = await withHub(options, world, (api) => api.access.createToken({ scope, expiresMs, note: note ?? '' }));
  if (out !== undefined) keepSecret(out, secret, world);
  if (options.json) {
    terminal.out(jsonLine({ token, ...(out === undefined ? { secret } : { file: out }) }));
    return 0;
  }
  if (out === undefined) terminal.out(terminalText(secret, 1000));
  terminal.talk(
    `${styled('made', 'green', terminal.colorTalk)} token ${terminalText(token?.id ?? '', 80)} for ${terminalText(scope, 80)}, until ${shownInstant(token?.expires ?? '')}`,
  );
  terminal.talk(out === undefined ? 'It is not shown again.' : `It stands in ${out}, for your eyes only: --token-file ${out}`);
  return 0;
}

async function revoke(id: string, options: RevokeOptions, world: World): Promise<number> {
  if (options.dryRun) {
    const { tokens } = await withHub(options, world, (api) => api.access.listTokens({ endedToo: true }));
    const found = tokens.find((token) => token.id === id);
    if (found === undefined) {
      throw new Fault('not-found', `there is no token ${terminalText(id, 80)}`, { cure: 'guildhall token list shows them', exitCode: 2 });
    }
    const about = `would revoke token ${terminalText(id, 80)} (${terminalText(found.scope, 80)}, ${stateOf(found, world.now()).text})`;
    return tellDryRun({ token: found }, about, options, world);
  }
  const { token } = await withHub(options, world, (api) => api.access.revokeToken({ id, why: options.why ?? '' }));
  if (options.json) world.terminal.out(jsonLine({ token }));
  else
    world.terminal.out(
      `${styled('revoked', 'red', world.terminal.colorOut)} token ${terminalText(id, 80)} (${terminalText(token?.scope ?? '', 80)})`,
    );
  return 0;
}

/** Adds the noun `token` to the command line. */
export function addTokenVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const token = program
    .command('token')
    .summary('who may use the API')
    .description('Tokens with which operators, members and dashboards use the API. The hub keeps only a hash of each.');
  withApiOptions(
    token
      .command('list')
      .summary('tokens without their secrets')
      .description('Lists tokens, without their secrets.')
      .option('--all', 'those that ended, were used or revoked as well'),
  )
    .addHelpText('after', '\nExamples:\n  guildhall token list\n  guildhall token list --all --json')
    .action(async (options: ListOptions) => ends(await list(options, world)));
  const creating = token
    .command('create')
    .summary('a token more')
    .description('Makes a token. Its secret is told once.')
    .requiredOption('--scope <scope>', 'operator, dashboard (looks only) or member:ID (its own half only)')
    .option('--expires <span>', 'how long it is good; default: 365d')
    .option('--note <text>', 'what it is for')
    .option('--out <file>', 'write it to this file, which only you can read, instead of the terminal')
    .option('--dry-run', 'check what can be checked, make nothing');
  withApiOptions(creating)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall token create --scope member:acme --note "their portal" --out acme.token\n  guildhall token create --scope dashboard --expires 30d',
    )
    .action(async (options: CreateOptions) => ends(await create(options, world)));
  withApiOptions(
    token
      .command('revoke')
      .summary('a token less')
      .description('Makes a token worthless at once.')
      .argument('<id>', 'its id')
      .option('--why <text>', 'why: stands in the audit log')
      .option('--dry-run', 'look whether there is such a token, change nothing'),
  )
    .addHelpText('after', '\nExamples:\n  guildhall token revoke k3x9 --why "laptop stolen"')
    .action(async (id: string, options: RevokeOptions) => ends(await revoke(id, options, world)));
  const who = program
    .command('whoami')
    .summary('as whom the API knows you')
    .description('Tells as whom the API knows you: the scope of your token or certificate.');
  withApiOptions(who)
    .addHelpText('after', '\nExamples:\n  guildhall whoami\n  guildhall whoami --hub hub.example:5070 --token-file acme.token')
    .action(async (options: ApiOptions) => {
      const { scope, by } = await withHub(options, world, (api) => api.access.whoAmI({}));
      world.terminal.out(options.json ? jsonLine({ scope, by }) : `${terminalText(scope, 80)} (${terminalText(by, 200)})`);
      ends(0);
    });
}
