import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultFrom } from '@guildhall/chassis/fault';
import { Header } from '@guildhall/proto/sip/header-name';
import type { Command } from 'commander';
import { loadCommunity } from '../community/community-file.js';
import { freePort } from '../hub/free-port.js';
import { type Hub, startHub } from '../hub/hub.js';
import { createLogStream } from '../hub/log-stream.js';
import { openState } from '../hub/state-folder.js';
import { styled, type World } from '../world.js';
import { startCommunityMember } from './chat.js';
import { type Cast, type DemoStep, demoSteps } from './demo-steps.js';
import { drawLadder, type Rung, rungsOf } from './ladder.js';
import { ensureSample } from './sample.js';
import { fieldOf } from './sample-dialog.js';
import type { SampleMember } from './sample-member.js';

/** The switches of `guildhall demo` as given. */
export interface DemoOptions {
  readonly json?: true;
  readonly single?: true;
}

interface Shown {
  readonly title: string;
  readonly expect: string;
  readonly trouble: string | undefined;
  readonly ladder: readonly Rung[];
}

/** A community of the demo's own on free ports: calls are allowed in it, unlike in the sample. */
async function demoCommunity(): Promise<string> {
  const port = () => freePort('127.0.0.1', 0, 'a sample member', 'nothing: no port is free');
  const proxy = async (name: string) => [{ host: '127.0.0.1', port: await port(), name }];
  return `${JSON.stringify(
    {
      community: { id: 'demo-guild', name: 'Demo Guild', model: 'clearinghouse' },
      hub: {
        domain: 'hub.example',
        listeners: [{ name: 'members', host: '127.0.0.1', port: await port() }],
        certificate: { cert: 'hub.crt', key: 'hub.key' },
        trust: { ca: ['ca.crt'] },
      },
      members: [
        { id: 'acme', name: 'Acme', domains: ['acme.example'], proxies: await proxy('sip.acme.example') },
        { id: 'bolt', name: 'Bolt', domains: ['bolt.example'], proxies: await proxy('sip.bolt.example') },
      ],
    },
    null,
    2,
  )}\n`;
}

async function show(step: DemoStep, cast: Cast): Promise<Shown> {
  const callId = `demo-${randomBytes(6).toString('hex')}`;
  let trouble: string | undefined;
  try {
    trouble = await step.run(cast, callId);
  } catch (thrown) {
    trouble = faultFrom(thrown).message;
  }
  const seenBy = (member: SampleMember) =>
    rungsOf(
      member.id,
      member.seen.filter(({ message }) => fieldOf(message, Header.callId) === callId),
    );
  const ladder = [...seenBy(cast.acme), ...seenBy(cast.bolt)].sort((left, right) => left.at - right.at);
  return { title: step.title, expect: step.expect, trouble, ladder };
}

function print({ title, expect, trouble, ladder }: Shown, world: World): void {
  const { terminal } = world;
  const mark = trouble === undefined ? styled('good', 'green', terminal.colorOut) : styled(`FAILED: ${trouble}`, 'red', terminal.colorOut);
  terminal.out('');
  terminal.out(`${styled(title, 'bold', terminal.colorOut)} (${expect})`);
  for (const line of drawLadder('acme', 'bolt', ladder, terminal.colorOut)) terminal.out(line);
  terminal.out(`  ${mark}`);
}

function asJson({ title, expect, trouble, ladder }: Shown): Record<string, unknown> {
  const first = ladder[0]?.at ?? 0;
  const rungs = ladder.map(({ at, member, direction, label, reason }) => ({
    at: Number((at - first).toFixed(3)),
    from: direction === 'out' ? member : 'hub',
    to: direction === 'out' ? 'hub' : member,
    label,
    ...(reason === '' ? {} : { reason }),
  }));
  return { title, expect, ok: trouble === undefined, ...(trouble === undefined ? {} : { trouble }), ladder: rungs };
}

/** `guildhall demo`: a hub with fresh state and two members, and what passes between them. Resolves to 0 if all went as it must, else 1. */
export async function demo(options: DemoOptions, world: World): Promise<number> {
  const { terminal } = world;
  const began = performance.now();
  const json = options.json === true;
  const held: string[] = [];
  const log = createLogStream({ json, color: terminal.colorTalk, write: (line) => held.push(line), now: world.now });
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-demo-'));
  const members: SampleMember[] = [];
  const shown: Shown[] = [];
  let hub: Hub | undefined;
  let interrupted = false;
  const forget = world.onSignal(() => {
    interrupted = true;
    hub?.kill();
    for (const member of members) void member.close();
  });
  try {
    const state = openState(folder, '/');
    const text = await demoCommunity();
    const sample = await ensureSample(state, world.now(), () => text);
    const community = loadCommunity(sample.file, folder, world.now(), (line) => log.say('warn', line));
    if (!json) terminal.talk('guildhall: starting a hub and two members (throw-away certificates, free ports)');
    hub = await startHub({ community, state, env: world.env, single: options.single === true, json, quiet: true, fleeting: true, log });
    for (const member of sample.community.members)
      members.push(await startCommunityMember(member, hub, community.community.hub.domain, state));
    const [acme, bolt] = members;
    if (acme === undefined || bolt === undefined) throw new Error('the demo community has lost a member');
    for (const step of demoSteps) {
      if (interrupted) break;
      const result = await show(step, { acme, bolt });
      shown.push(result);
      if (!json) print(result, world);
    }
  } finally {
    forget();
    for (const member of members) await member.close();
    await hub?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const good = shown.filter(({ trouble }) => trouble === undefined).length;
  const ok = good === demoSteps.length;
  const took = Math.round(performance.now() - began);
  // What the services logged matters only where something went wrong.
  if (!ok) for (const line of held) terminal.talk(line);
  if (json) terminal.out(JSON.stringify({ ok, took, steps: shown.map(asJson) }));
  else terminal.out(`\n${good} of ${demoSteps.length} went as they must, in ${(took / 1000).toFixed(1)} s`);
  return ok ? 0 : 1;
}

/** Adds `demo` to the command line. */
export function addDemo(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('demo')
    .summary('show a hub at work, from nothing to nothing')
    .description('Starts a hub with fresh state and two sample members, shows what passes between them as ladders, and cleans up.')
    .option('--single', 'all services in this process')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall demo\n  guildhall demo --json | jq .ok\n\nExit code 0 only if everything went as it must.',
    )
    .action(async (options: DemoOptions) => ends(await demo(options, world)));
}
