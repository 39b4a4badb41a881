import { setTimeout } from 'node:timers/promises';
import { terminalText, type World } from '../world.js';

/** One command that the tour ran. */
export interface TourCommand {
  /** As one would type it, secrets shortened. */
  readonly line: string;
  readonly code: number;
  readonly out: readonly string[];
  readonly talk: readonly string[];
}

/** Where a step of the tour happens: commands are run as typed, in the tour's own folder and against its own hub. */
export interface TourStage {
  /** Runs a command line. Throws an Error where it ends with another code than `code` (default 0), saying what it said. */
  guildhall(args: readonly string[], code?: number): Promise<TourCommand>;
  /**
   * The same for what becomes true only a moment later: repeats the command until `test` holds, and only then shows it. Throws an Error
   * once `within` ms are over.
   */
  until(args: readonly string[], within: number, test: (command: TourCommand) => boolean): Promise<TourCommand>;
}

/** Runs one command line; `runCommandLine` in earnest. */
export type RunCommand = (args: readonly string[], world: World) => Promise<number>;

/** ms between two attempts of a command that is repeated. */
const pause = 50;

/** A token, of which only the beginning may be seen. */
const secret = /\bgh1_[ae]_[0-9A-Za-z]+_[0-9A-Za-z_]+/g;

function shortened(text: string): string {
  return text.replace(secret, (token) => `${token.slice(0, 14)}...`);
}

/** An argument as a shell wants it. */
function typed(argument: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument) ? argument : `"${argument.replace(/["\\$`]/g, '\\$&')}"`;
}

/** A stage in the folder and environment of `inner`. `ran` hears each command once it ended. */
export function tourStage(run: RunCommand, inner: World, ran: (command: TourCommand) => void): TourStage {
  async function perform(args: readonly string[]): Promise<TourCommand> {
    const out: string[] = [];
    const talk: string[] = [];
    const terminal = { out: (line: string) => out.push(line), talk: (line: string) => talk.push(line), colorOut: false, colorTalk: false };
    const code = await run(args, { ...inner, terminal });
    return { line: shortened(['guildhall', ...args].map(typed).join(' ')), code, out, talk };
  }

  function tell(command: TourCommand): TourCommand {
    const clean = (lines: readonly string[]) => lines.flatMap((text) => text.split('\n')).map((line) => terminalText(shortened(line), 500));
    ran({ ...command, out: clean(command.out), talk: clean(command.talk) });
    return command;
  }

  const complaint = (command: TourCommand, wish: string): Error => {
    const said = [...command.talk, ...command.out].join(' ').slice(0, 500);
    return new Error(`"${command.line}" ${wish}: ${shortened(said)}`);
  };

  return {
    async guildhall(args, code = 0) {
      const command = tell(await perform(args));
      if (command.code !== code) throw complaint(command, `ended with ${command.code}, not ${code}`);
      return command;
    },
    async until(args, within, test) {
      const end = performance.now() + within;
      for (;;) {
        const command = await perform(args);
        if (test(command)) return tell(command);
        if (performance.now() > end) throw complaint(tell(command), `did not say within ${within} ms what it must`);
        await setTimeout(pause);
      }
    },
  };
}
