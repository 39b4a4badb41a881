import { nearest } from '@guildhall/proto/community/near-miss';
import { Fault } from './fault.js';

/** What a service process was asked to do. `check` reads the configuration and leaves. */
export type Asked = { action: 'run' | 'check'; file: string | undefined } | { action: 'settings' } | { action: 'help'; text: string };

const known = ['--config', '--check', '--settings', '--help'];

/** Reads the arguments of a service process. Throws a Fault `usage` with exit code 2. */
export function readArguments(name: string, argv: readonly string[]): Asked {
  let file: string | undefined;
  let action: 'run' | 'check' = 'run';
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    if (argument === '--help' || argument === '-h') return { action: 'help', text: help(name) };
    if (argument === '--settings') return { action: 'settings' };
    if (argument === '--check') {
      action = 'check';
    } else if (argument.startsWith('--config=')) {
      file = argument.slice('--config='.length);
    } else if (argument === '--config') {
      at += 1;
      file = argv[at];
    } else {
      const near = nearest(argument.split('=', 1)[0] ?? '', known);
      throw new Fault('usage', `${name}: unknown argument ${argument.slice(0, 80)}`, {
        cure: near === undefined ? `see ${name} --help` : `did you mean ${near}?`,
        exitCode: 2,
      });
    }
    if (argument.startsWith('--config') && (file === undefined || file === '')) {
      throw new Fault('usage', `${name}: --config needs the path of a file`, { cure: `${name} --config ${name}.yaml`, exitCode: 2 });
    }
  }
  return { action, file };
}

function help(name: string): string {
  return `Usage: ${name} [--config FILE] [--check] [--settings]

  --config FILE  settings in YAML; GUILDHALL_CONFIG names it too
  --check        read the settings, say what is wrong with them, and leave
  --settings     list every setting with its bounds, its default and its variable

Every setting can be given in the environment: GUILDHALL_NATS_URL is nats.url.
SIGTERM finishes what is under way and ends; a second signal ends at once.
Exit codes: 0 ended, 1 failed, 2 used wrongly, 3 something it needs is missing.
`;
}
