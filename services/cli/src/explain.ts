import { Fault } from '@guildhall/chassis/fault';
import { ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { printable } from '@guildhall/proto/sip/escape';
import type { Command } from 'commander';
import { runningHub, stateFolder, usualState } from './state-folder.js';
import { styled, type World } from './world.js';

export interface ExplainOptions {
  readonly admin?: string;
  readonly state?: string;
  readonly event?: string;
  readonly json?: true;
}

/** Where the policy of the running hub answers. Throws a Fault `no-hub`. */
function adminAddress(options: ExplainOptions, world: World): string {
  if (options.admin !== undefined) {
    if (/^\S+:\d{1,5}$/.test(options.admin)) return options.admin;
    throw new Fault('usage', `--admin ${options.admin} is no address`, { cure: 'write HOST:PORT, such as 127.0.0.1:5070', exitCode: 2 });
  }
  const state = stateFolder(options.state ?? usualState(world.env));
  const hub = runningHub(state);
  if (hub !== undefined) return hub.grpc;
  throw new Fault('no-hub', `no hub runs with the state folder ${state.path}`, {
    cure: 'start one with guildhall up, or name another with --state DIR or --admin HOST:PORT',
  });
}

function lines(answer: ExplainResponse, color: boolean): string[] {
  const style = answer.action === 'refuse' ? 'red' : 'green';
  const status = answer.status === 0 ? '' : ` ${answer.status}`;
  const steps = answer.steps.map(
    ({ subject, finding }) => `  ${styled(printable(subject).padEnd(10), 'cyan', color)} ${printable(finding, 400)}`,
  );
  const verdict = `${styled(`${answer.action}${status}`, style, color)}  ${printable(answer.sentence, 400)}`;
  const facts = [
    `reason ${printable(answer.code)}`,
    answer.rule === '' ? '' : `by ${printable(answer.rule)}`,
    `membership version ${answer.version}`,
  ];
  return [
    ...steps,
    verdict,
    ...answer.contacts.map((contact) => `  contact ${printable(contact)}`),
    styled(`  ${facts.filter((fact) => fact !== '').join(', ')}`, 'dim', color),
  ];
}

/** `guildhall explain FROM TO [METHOD]`: the path a request would take, and why. Resolves to 0 once answered, whatever the answer. */
export async function explain(from: string, to: string, method: string, options: ExplainOptions, world: World): Promise<number> {
  const address = adminAddress(options, world);
  // Loaded only here: gRPC costs every other command a tenth of a second.
  const { askExplain } = await import('./explain-question.js');
  const answer = await askExplain(
    address,
    ExplainRequest.fromPartial({ from, to, method: method.toUpperCase(), event: options.event ?? '' }),
  );
  const { terminal } = world;
  // Versions are 64-bit: JSON has them as a number up to 2^53, which a counter of revisions does not reach.
  if (options.json) terminal.out(JSON.stringify({ ok: true, ...answer, version: Number(answer.version) }));
  else for (const line of lines(answer, terminal.colorOut)) terminal.out(line);
  return 0;
}

/** Adds `explain` to the command line. */
export function addExplain(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('explain')
    .summary('would this get through, and why?')
    .description('Asks the running hub what it would do with a request, and why: the same sentence its sender would get.')
    .argument('<from>', 'who sends: a member id, a domain or a SIP URI')
    .argument('<to>', 'who it is for: a member id, a domain or a SIP URI')
    .argument('[method]', 'the SIP method', 'MESSAGE')
    .option('--event <package>', 'the event package, of SUBSCRIBE, NOTIFY or PUBLISH')
    .option('--state <dir>', 'the state folder of the running hub')
    .option('--admin <host:port>', "policy's gRPC address, instead of --state")
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall explain acme bolt\n  guildhall explain acme bolt INVITE\n  guildhall explain sip:ada@acme.example sip:bo@bolt.example SUBSCRIBE --event presence',
    )
    .action(async (from: string, to: string, method: string, options: ExplainOptions) =>
      ends(await explain(from, to, method, options, world)),
    );
}
