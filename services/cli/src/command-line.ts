import { faultFrom, renderFault } from '@guildhall/chassis/fault';
import { Command, CommanderError } from 'commander';
import { version } from './version.js';
import type { World } from './world.js';

type Add = (program: Command, world: World, ends: (code: number) => void) => void;

/** Commands that one file adds, under one heading of the help. */
interface Group {
  readonly heading: string;
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

const running = 'Run a hub and try it:';
const community = 'The community:';
const trust = 'Trust:';
const watch = 'Watch traffic:';
const why = 'Why:';

/** The commands in the order help lists them. Only what is asked for is loaded: together they cost a third of a second. */
const commands: readonly Group[] = [
  { heading: running, names: ['up'], load: async () => (await import('./hub/up.js')).addUp },
  { heading: running, names: ['demo'], load: async () => (await import('./sample/demo.js')).addDemo },
  { heading: running, names: ['tour'], load: async () => (await import('./sample/tour.js')).addTour },
  { heading: running, names: ['send'], load: async () => (await import('./sample/send.js')).addSend },
  { heading: running, names: ['check'], load: async () => (await import('./community/check.js')).addCheck },
  { heading: running, names: ['version'], load: async () => (await import('./version.js')).addVersion },
  { heading: community, names: ['member'], load: async () => (await import('./community/member-verbs.js')).addMemberVerbs },
  { heading: community, names: ['agreement'], load: async () => (await import('./community/agreement-verbs.js')).addAgreementVerbs },
  { heading: community, names: ['rule'], load: async () => (await import('./community/rule-verbs.js')).addRuleVerbs },
  { heading: community, names: ['partner'], load: async () => (await import('./community/partners.js')).addPartners },
  { heading: community, names: ['community'], load: async () => (await import('./community/community-verbs.js')).addCommunityVerbs },
  { heading: community, names: ['membership'], load: async () => (await import('./community/membership-verbs.js')).addMembershipVerbs },
  { heading: trust, names: ['ca'], load: async () => (await import('./trust/authority-verbs.js')).addAuthorityVerbs },
  { heading: trust, names: ['join', 'renew'], load: async () => (await import('./trust/join.js')).addJoin },
  { heading: trust, names: ['certificate'], load: async () => (await import('./trust/certificate-verbs.js')).addCertificateVerbs },
  { heading: trust, names: ['token', 'whoami'], load: async () => (await import('./trust/token-verbs.js')).addTokenVerbs },
  { heading: watch, names: ['top'], load: async () => (await import('./traffic/top.js')).addTop },
  { heading: watch, names: ['tail'], load: async () => (await import('./traffic/tail.js')).addTail },
  { heading: watch, names: ['report'], load: async () => (await import('./traffic/report.js')).addReport },
  { heading: watch, names: ['status'], load: async () => (await import('./traffic/status.js')).addStatus },
  { heading: watch, names: ['trace'], load: async () => (await import('./traffic/trace.js')).addTrace },
  { heading: why, names: ['explain'], load: async () => (await import('./community/explain.js')).addExplain },
  { heading: why, names: ['doctor'], load: async () => (await import('./trust/doctor.js')).addDoctor },
  { heading: why, names: ['refusals'], load: async () => (await import('./trust/refusals.js')).addRefusals },
  { heading: why, names: ['reason'], load: async () => (await import('./community/reasons.js')).addReasons },
  { heading: why, names: ['audit'], load: async () => (await import('./trust/audit-verbs.js')).addAuditVerbs },
];

const examples = `
Examples:
  guildhall demo                            two sample members and a hub, and what passes between them
  guildhall tour                            a community from its first certificate to the first revocation
  guildhall up --sample                     a hub with the sample community and two members that chat
  guildhall up --community community.yaml   your hub
  guildhall top                             what passes now
  guildhall explain acme bolt INVITE        would this get through, and why?
  guildhall member invite acme              a one-time token with which acme gets its certificate
  guildhall check community.yaml            problems of a community file, with line and column`;

/** Under the help of every command. */
const exitCodes =
  '\nExit codes: 0 good, 1 failed or refused, 2 used wrongly, 3 something needed is missing (no hub runs, or it cannot be reached), 4 a check found problems.';

/**
 * Runs one command line and resolves to its exit code. Never throws: what goes wrong is told on stderr as a sentence with
 * its cure (with --json as one JSON object on stdout too).
 */
export async function runCommandLine(args: readonly string[], world: World): Promise<number> {
  let code = 0;
  const ends = (result: number) => {
    code = result;
  };
  const program = new Command('guildhall')
    .description('A SIP federation clearinghouse: one hub through which a community exchanges messages, presence and calls.')
    .version(version(), '-V, --version')
    .addHelpText('after', examples)
    .addHelpText('afterAll', exitCodes)
    .showSuggestionAfterError()
    // A command that has verbs may take the same options as they do: what stands behind a verb is the verb's.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => world.terminal.out(text.trimEnd()),
      writeErr: (text) => world.terminal.talk(text.trimEnd()),
      outputError: (text, write) =>
        write(`guildhall: ${text.replace(/^error: /, '').trimEnd()}\n  cure: guildhall ${commandIn(program, args)}--help shows how`),
    })
    .exitOverride();
  const named = commands.filter(({ names }) => names.includes(args[0] ?? ''));
  for (const { heading, load } of named.length > 0 ? named : commands) {
    program.commandsGroup(heading);
    (await load())(program, world, ends);
  }
  for (const noun of program.commands) {
    if (noun.commands.length === 0) continue;
    noun.addHelpText('after', `\nguildhall ${noun.name()} COMMAND --help shows the options of each, with examples.`);
  }
  try {
    if (args.length === 0) {
      program.outputHelp();
      return 2;
    }
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (thrown) {
    // Commander has shown its help, version or complaint by itself.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const fault = faultFrom(thrown);
    if (args.includes('--json')) {
      world.terminal.out(JSON.stringify({ ok: false, code: fault.code, message: fault.message, cure: fault.cure }));
    }
    world.terminal.talk(renderFault(fault));
    return fault.exitCode;
  }
}

/** "member set " when the arguments name that command, so that a complaint points at its help. */
function commandIn(program: Command, args: readonly string[]): string {
  const noun = program.commands.find((command) => command.name() === args[0]);
  const verb = noun?.commands.find((command) => command.name() === args[1]);
  return [noun, verb].map((command) => (command === undefined ? '' : `${command.name()} `)).join('');
}
