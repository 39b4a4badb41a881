import { faultFrom, renderFault } from '@guildhall/chassis/fault';
import { Command, CommanderError } from 'commander';
import { version } from './version.js';
import type { World } from './world.js';

type Add = (program: Command, world: World, ends: (code: number) => void) => void;

/** The commands in the order help lists them. Only the one that is asked for is loaded: together they cost a third of a second. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  up: async () => (await import('./up.js')).addUp,
  demo: async () => (await import('./demo.js')).addDemo,
  send: async () => (await import('./send.js')).addSend,
  explain: async () => (await import('./explain.js')).addExplain,
  check: async () => (await import('./check.js')).addCheck,
  version: async () => (await import('./version.js')).addVersion,
};

const examples = `
Examples:
  guildhall demo                            two sample members and a hub, and what passes between them
  guildhall up --sample                     a hub with the sample community and two members that chat
  guildhall up --community community.yaml   your hub
  guildhall explain acme bolt INVITE        would this get through, and why?
  guildhall check community.yaml            problems of a community file, with line and column

Exit codes: 0 good, 1 failed, 2 used wrongly, 3 something needed is missing, 4 a check found problems.`;

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
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => world.terminal.out(text.trimEnd()),
      writeErr: (text) => world.terminal.talk(text.trimEnd()),
      outputError: (text, write) =>
        write(`guildhall: ${text.replace(/^error: /, '').trimEnd()}\n  cure: guildhall ${commandIn(program, args)}--help shows how`),
    })
    .exitOverride();
  const named = Object.entries(commands).filter(([name]) => name === args[0]);
  for (const [, load] of named.length > 0 ? named : Object.entries(commands)) (await load())(program, world, ends);
  for (const command of program.commands) command.copyInheritedSettings(program).exitOverride();
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

/** "up " when the arguments name that command, so that a complaint points at its help. */
function commandIn(program: Command, args: readonly string[]): string {
  const found = program.commands.find((command) => args.includes(command.name()));
  return found === undefined ? '' : `${found.name()} `;
}
