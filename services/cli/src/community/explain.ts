import { Fault } from '@guildhall/chassis/fault';
import { byteCount } from '@guildhall/chassis/units';
import type { ExplainRequest, ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { printable } from '@guildhall/proto/sip/escape';
import type { Command } from 'commander';
import { type ApiOptions, gathered, withApiOptions } from '../api/api-options.js';
import { wholeNumber } from '../api/change-report.js';
import { withHub } from '../api/with-hub.js';
import { instantOf } from '../instant-text.js';
import { styled, type World } from '../world.js';

/** Options of `explain`. */
export interface ExplainOptions extends ApiOptions {
  readonly event?: string;
  readonly atVersion?: string;
  readonly at?: string;
  readonly media?: readonly string[];
  readonly bodyType?: string;
  readonly bodyBytes?: string;
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

function bytes(text: string): bigint {
  const count = byteCount(text);
  if (count !== undefined) return BigInt(count);
  throw new Fault('usage', `--body-bytes ${printable(text, 40)} is no size`, { cure: 'write 4096 or 64KiB', exitCode: 2 });
}

/** The question that arguments and options ask. Throws a Fault `usage`. */
function explainRequest(from: string, to: string, method: string, options: ExplainOptions, now: Date): ExplainRequest {
  return {
    from,
    to,
    method: method.toUpperCase(),
    event: options.event ?? '',
    version: options.atVersion === undefined ? 0n : wholeNumber(options.atVersion, '--at-version'),
    media: [...(options.media ?? [])].map((kind) => kind.toLowerCase()),
    bodyType: options.bodyType?.toLowerCase() ?? '',
    bodyBytes: options.bodyBytes === undefined ? 0n : bytes(options.bodyBytes),
    at: options.at === undefined ? '' : instantOf(options.at, '--at', now),
  };
}

/** `guildhall explain FROM TO [METHOD]`: the path a request would take, and why. Resolves to 0 once answered, whatever the answer. */
export async function explain(from: string, to: string, method: string, options: ExplainOptions, world: World): Promise<number> {
  const request = explainRequest(from, to, method, options, world.now());
  const answer = await withHub(options, world, (api) => api.admin.explain(request));
  const { terminal } = world;
  // Versions are 64-bit: JSON has them as a number up to 2^53, which a counter of revisions does not reach.
  if (options.json) terminal.out(JSON.stringify({ ok: true, ...answer, version: Number(answer.version) }));
  else for (const line of lines(answer, terminal.colorOut)) terminal.out(line);
  return 0;
}

/** Adds `explain` to the command line. */
export function addExplain(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('explain')
    .summary('would this get through, and why?')
    .description('Asks the running hub what it would do with a request, and why: the same sentence its sender would get.')
    .argument('<from>', 'who sends: a member id, a domain or a SIP URI')
    .argument('<to>', 'who it is for: a member id, a domain or a SIP URI')
    .argument('[method]', 'the SIP method', 'MESSAGE')
    .option('--event <package>', 'the event package, of SUBSCRIBE, NOTIFY or PUBLISH')
    .option('--media <kind>', 'a kind of media the session would offer: audio, video ...; repeat it for more', gathered)
    .option('--body-type <type>', 'the media type of the body, such as text/html')
    .option('--body-bytes <size>', 'the size of the body, such as 4096 or 64KiB')
    .option('--at <time>', 'at that time instead of now, for what depends on it')
    .option('--at-version <version>', 'by the membership as it was at a version');
  withApiOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  guildhall explain acme bolt
  guildhall explain acme bolt INVITE --media video
  guildhall explain sip:ada@acme.example sip:bo@bolt.example SUBSCRIBE --event presence
  guildhall explain acme bolt MESSAGE --body-type text/html --body-bytes 200KiB
  guildhall explain acme bolt --at-version 41`,
    )
    .action(async (from: string, to: string, method: string, options: ExplainOptions) =>
      ends(await explain(from, to, method, options, world)),
    );
}
