import type { Command } from 'commander';

/** Which hub's API a command talks to, and as whom: options every such verb has. */
export interface ApiOptions {
  readonly state?: string;
  readonly hub?: string;
  readonly ca?: string;
  readonly hubName?: string;
  readonly plain?: true;
  readonly tokenFile?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly json?: true;
}

/** What every change can be told. */
export interface ChangeOptions extends ApiOptions {
  readonly why?: string;
  readonly dryRun?: true;
}

/** What a change of one entry can be told besides. */
export interface EntryChangeOptions extends ChangeOptions {
  readonly revision?: string;
}

/** Adds the options that say which hub and who asks, and --json. Comes last, so that help shows a verb's own options first. */
export function withApiOptions(command: Command): Command {
  return withAsWhom(
    command
      .option('--json', 'JSON on stdout')
      .optionsGroup('Which hub, and as whom:')
      .option('--state <dir>', 'the state folder of the hub that runs on this machine')
      .option('--hub <host:port>', 'the API of a hub elsewhere, instead of --state'),
    '--hub',
  );
}

function withAsWhom(command: Command, address: string): Command {
  return command
    .option('--ca <file>', `the authority that signed the certificate of ${address} (PEM); default: the system's`)
    .option('--hub-name <domain>', `the name in its certificate; default: the host of ${address}`)
    .option('--plain', 'no TLS: only to this machine')
    .option('--token-file <file>', 'a file with your token; default: $GUILDHALL_TOKEN, then the operator’s of the state folder')
    .option('--certificate <file>', 'your client certificate (PEM) instead of a token, with --key')
    .option('--key <file>', 'its key');
}

/** The same for verbs that watch traffic: they talk to the metrics API. */
export function withMetricsOptions(command: Command): Command {
  return withAsWhom(
    command
      .option('--json', 'JSON on stdout')
      .optionsGroup('Which hub, and as whom:')
      .option('--state <dir>', 'the state folder of the hub that runs on this machine')
      .option('--metrics <host:port>', 'the metrics API of a hub elsewhere, instead of --state'),
    '--metrics',
  );
}

/** Adds --why, --dry-run and those of `withApiOptions`. */
export function withChangeOptions(command: Command): Command {
  return withApiOptions(
    command.option('--why <text>', 'why: stands in the history').option('--dry-run', 'check and tell everything, change nothing'),
  );
}

/** The same for a change of one entry: with --revision, which refuses it when somebody else was faster. */
export function withEntryChangeOptions(command: Command): Command {
  return withChangeOptions(
    command.option('--revision <n>', 'only if its revision is still this one (default: the one that this command reads first)'),
  );
}

/** Gathers a repeatable option. For commander's `option(..., gathered)`. */
export function gathered(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
