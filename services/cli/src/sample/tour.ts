import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultFrom } from '@guildhall/chassis/fault';
import type { Command } from 'commander';
import { loadCommunity } from '../community/community-file.js';
import { freePort } from '../hub/free-port.js';
import { type Hub, startHub } from '../hub/hub.js';
import { createLogStream } from '../hub/log-stream.js';
import { openState, usualState } from '../hub/state-folder.js';
import { styled, type World } from '../world.js';
import { splitAddress } from './chat.js';
import { type SampleMember, startSampleMember } from './sample-member.js';
import { type TourCommand, tourStage } from './tour-stage.js';
import { type TourCast, type TourStep, tourSteps } from './tour-steps.js';

/** Options of `tour`. */
export interface TourOptions {
  readonly json?: true;
  readonly single?: true;
}

interface Shown {
  readonly title: string;
  readonly expect: string;
  readonly commands: readonly TourCommand[];
  readonly trouble: string | undefined;
}

const hubDomain = 'hub.example';
/** Lines of one command's output that are shown. */
const mostLines = 14;

const free = (what: string) => freePort('127.0.0.1', 0, what, 'nothing: no port is free');

/** A community with nobody in it, in which nothing passes that is not allowed by name. */
function communityText(port: number): string {
  return `community:
  id: tour-guild
  name: Tour Guild
  model: limited-clearinghouse
  otherwise: deny
hub:
  domain: ${hubDomain}
  listeners:
    - { name: members, host: 127.0.0.1, port: ${port} }
  certificate: { cert: hub/certificate.crt, key: hub/certificate.key }
  trust: {}
`;
}

function printCommand({ line, out, talk }: TourCommand, { terminal }: World): void {
  terminal.out(`  ${styled('$', 'dim', terminal.colorOut)} ${styled(line, 'cyan', terminal.colorOut)}`);
  const said = [...out, ...talk];
  for (const text of said.slice(0, mostLines)) terminal.out(`    ${text}`);
  if (said.length > mostLines) terminal.out(`    and ${said.length - mostLines} lines more`);
}

/** Does one step and tells it: title first, then each command as it ends, then how it went. */
async function show(step: TourStep, cast: TourCast, commands: readonly TourCommand[], json: boolean, world: World): Promise<Shown> {
  const { terminal } = world;
  if (!json) terminal.out(`\n${styled(step.title, 'bold', terminal.colorOut)} (${step.expect})`);
  const before = commands.length;
  let trouble: string | undefined;
  try {
    await step.run(cast);
  } catch (thrown) {
    trouble = faultFrom(thrown).message;
  }
  if (!json) {
    const mark =
      trouble === undefined ? styled('good', 'green', terminal.colorOut) : styled(`FAILED: ${trouble}`, 'red', terminal.colorOut);
    terminal.out(`  ${mark}`);
  }
  return { title: step.title, expect: step.expect, commands: commands.slice(before), trouble };
}

/** A world whose state and working folder are the tour's own, and whose environment knows of no other hub. */
function innerWorld(world: World, folder: string): World {
  const { GUILDHALL_TOKEN: _token, ...env } = world.env;
  return { ...world, env: { ...env, XDG_STATE_HOME: folder }, cwd: folder, onSignal: () => () => {} };
}

/** `guildhall tour`: a community from its first certificate to its first revocation, by the commands an operator would type. Resolves to 0 if every step did as it says, else 1. */
export async function tour(options: TourOptions, world: World): Promise<number> {
  const { terminal } = world;
  const began = performance.now();
  const json = options.json === true;
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-tour-'));
  const inner = innerWorld(world, folder);
  const held: string[] = [];
  const log = createLogStream({ json, color: terminal.colorTalk, write: (line) => held.push(line), now: world.now });
  const shown: Shown[] = [];
  const commands: TourCommand[] = [];
  let hub: Hub | undefined;
  let bolt: SampleMember | undefined;
  let interrupted = false;
  const forget = world.onSignal(() => {
    interrupted = true;
    hub?.kill();
  });
  // Loaded only here: the command line itself loads this file.
  const { runCommandLine } = await import('../command-line.js');
  const stage = tourStage(runCommandLine, inner, (command) => {
    commands.push(command);
    if (!json) printCommand(command, world);
  });
  const boltProxy = `127.0.0.1:${await free('a sample member')}`;
  const cast: TourCast = {
    ...stage,
    boltProxy,
    get listener() {
      return hub?.listeners[0]?.address ?? '';
    },
    get enrolment() {
      return `https://${hub?.enrolment ?? ''}`;
    },
    async startBolt() {
      const read = (name: string) => readFileSync(join(folder, 'bolt', name), 'latin1');
      const identity = { certificate: read('certificate.crt'), key: read('certificate.key'), ca: read('authority.crt') };
      const at = { ...splitAddress(cast.listener), name: hubDomain };
      bolt = await startSampleMember({ id: 'bolt', domain: 'bolt.example', ...identity, listen: splitAddress(boltProxy), hub: at });
      return bolt;
    },
    bolt() {
      if (bolt === undefined) throw new Error('bolt did not join');
      return bolt;
    },
  };
  const opening: TourStep = {
    title: 'A hub, and an authority of its own',
    expect: 'nobody is in the community yet, and nothing passes that is not allowed by name',
    async run({ guildhall }) {
      const state = openState(usualState(inner.env), folder);
      const authority = join('guildhall', 'authority');
      await guildhall(['ca', 'init', '--folder', authority, '--name', 'Tour Guild authority']);
      await guildhall(['ca', 'issue', '--folder', authority, '--domain', hubDomain, '--out', 'hub']);
      writeFileSync(join(folder, 'community.yaml'), communityText(await free('the listener')));
      await guildhall(['check', 'community.yaml']);
      const community = loadCommunity('community.yaml', folder, world.now(), (line) => log.say('warn', line));
      hub = await startHub({ community, state, env: inner.env, single: options.single === true, json, quiet: true, fleeting: true, log });
      await guildhall(['whoami']);
      await guildhall(['community', 'show']);
    },
  };
  try {
    if (!json) terminal.talk('guildhall: a hub of its own for the tour: throw-away state, free ports');
    for (const step of [opening, ...tourSteps]) {
      if (interrupted) break;
      const result = await show(step, cast, commands, json, world);
      shown.push(result);
      // Each step stands on those before.
      if (result.trouble !== undefined) break;
    }
  } finally {
    forget();
    await bolt?.close();
    await hub?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const steps = tourSteps.length + 1;
  const good = shown.filter(({ trouble }) => trouble === undefined).length;
  const ok = good === steps;
  const took = Math.round(performance.now() - began);
  // What the services logged matters only where something went wrong.
  if (!ok) for (const line of held) terminal.talk(line);
  if (json)
    terminal.out(
      JSON.stringify({
        ok,
        took,
        steps: shown.map(({ trouble, ...step }) => ({ ...step, ok: trouble === undefined, ...(trouble === undefined ? {} : { trouble }) })),
      }),
    );
  else terminal.out(`\n${good} of ${steps} went as they must, in ${(took / 1000).toFixed(1)} s`);
  return ok ? 0 : 1;
}

/** Adds `tour` to the command line. */
export function addTour(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('tour')
    .summary('a community from its first certificate to the first revocation')
    .description(
      'Starts a hub with an authority of its own and walks: two members are invited and join, a message is refused with its reason, they agree, it passes, a certificate is revoked, it is refused. Cleans up.',
    )
    .option('--single', 'all services in this process')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall tour\n  guildhall tour --json | jq .ok\n\nExit code 0 only if every step did as it says.',
    )
    .action(async (options: TourOptions) => ends(await tour(options, world)));
}
