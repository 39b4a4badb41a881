import { resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { listenFault } from '@guildhall/chassis/listen-fault';
import type { Command } from 'commander';
import { withHub } from '../api/with-hub.js';
import { type LoadedCommunity, loadCommunity } from '../community/community-file.js';
import { type Chat, chattingPair, splitAddress, startChat } from '../sample/chat.js';
import { ensureSample, trustsSample } from '../sample/sample.js';
import { styled, terminalText, type World } from '../world.js';
import { type Hub, startHub } from './hub.js';
import { createLogStream, type LogStream } from './log-stream.js';
import type { BoundAt } from './service-configs.js';
import { claimState, openState, refuseSecondHub, type StateFolder, sampleState, usualState } from './state-folder.js';

/** The options of `guildhall up` as given. Those of doors (`api` to `dashboards`) are "host:port", the others paths or switches. */
export interface UpOptions {
  readonly community?: string;
  readonly state?: string;
  readonly authority?: string;
  readonly api?: string;
  readonly enrolment?: string;
  readonly metrics?: string;
  readonly dashboards?: string;
  readonly json?: true;
  readonly single?: true;
  readonly sample?: true;
}

/** Aborted by the first wish to end; `again` by the second. */
interface Wishes {
  readonly end: AbortSignal;
  readonly atOnce: AbortSignal;
  forget(): void;
}

/** Two different signals within this are one wish: Ctrl-C reaches the process from the terminal and, by its end, from the shell around it. */
const sameWishMs = 1500;

function listenForWishes(world: World): Wishes {
  const end = new AbortController();
  const atOnce = new AbortController();
  let first: { readonly signal: string; readonly at: number } | undefined;
  const forget = world.onSignal((signal) => {
    const at = performance.now();
    if (first === undefined) {
      first = { signal, at };
      end.abort();
    } else if (signal === first.signal || at - first.at > sameWishMs) atOnce.abort();
  });
  return { end: end.signal, atOnce: atOnce.signal, forget };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** An address of the command line. Throws a Fault `usage`. */
function boundAt(text: string | undefined, option: string): BoundAt | undefined {
  if (text === undefined) return undefined;
  const { host, port } = splitAddress(text);
  if (host !== '' && port > 0 && port < 65_536) return { host, port };
  throw new Fault('usage', `${option} ${text} is no address to listen at`, { cure: 'write HOST:PORT, such as 0.0.0.0:5070', exitCode: 2 });
}

async function chooseCommunity(options: UpOptions, state: StateFolder, world: World, log: LogStream): Promise<LoadedCommunity> {
  const file = options.community ?? (await ensureSample(state, world.now())).file;
  const loaded = loadCommunity(file, world.cwd, world.now(), (line) => log.say('warn', line));
  if (options.sample && !trustsSample(state, loaded)) {
    throw new Fault('no-sample-identity', `the community ${loaded.path} has certificates of its own, which the sample members lack`, {
      cure: 'leave --sample away, or leave --community away to see the sample community',
      exitCode: 2,
    });
  }
  return loaded;
}

/** What the members see of the community: what the file says was perhaps changed since by the API. */
interface InForce {
  readonly name: string;
  readonly model: string;
  readonly members: number;
}

async function inForce({ community: { community, members } }: LoadedCommunity, state: StateFolder, world: World): Promise<InForce> {
  try {
    const now = await withHub({ state: state.path }, world, (api) => api.admin.getMembership({ version: 0n }));
    return { name: now.community?.name ?? '', model: now.community?.model ?? community.model, members: now.members.length };
  } catch {
    return { name: community.name ?? community.id, model: community.model, members: members.length };
  }
}

function summary(
  hub: Hub,
  { community, path }: LoadedCommunity,
  seen: InForce,
  state: StateFolder,
  sample: boolean,
  color: boolean,
): string[] {
  const bold = (text: string) => styled(text, 'bold', color);
  const [left, right] = community.members;
  const first = hub.listeners[0]?.address ?? '';
  const command = 'npm run guildhall --';
  const ending = 'Ctrl-C ends it: what is under way is finished first; once more ends at once.';
  const withState = state.path === '' ? '' : ` --state ${state.path}`;
  const lines = [
    `${bold(terminalText(seen.name || community.community.id, 200))} is open (${seen.model}, ${seen.members} ${seen.members === 1 ? 'member' : 'members'})`,
    ...hub.listeners.map(({ name, address }) => `  listener ${name}: ${address}, SIP over mutual TLS`),
    `  community file: ${path}`,
    `  API: ${hub.grpc}, gRPC over TLS`,
    `  metrics API: ${hub.metrics}, gRPC over TLS, and https://${hub.dashboards} for browsers`,
    ...(hub.enrolment === ''
      ? []
      : [`  members enrol at https://${community.hub.domain}:${splitAddress(hub.enrolment).port} (listens on ${hub.enrolment})`]),
    `  ready?  curl http://${hub.admin.ingress}/readyz    figures: curl http://${hub.admin.ingress}/metrics`,
  ];
  if (left === undefined || right === undefined) {
    const next = seen.members === 0 ? 'add acme --domain acme.example --proxy sip.acme.example:5061' : 'list';
    return [...lines, 'Try next:', `  ${command} member ${next}${withState}`, ending];
  }
  lines.push(
    'Try next:',
    `  ${command} explain ${left.id} ${right.id} INVITE${withState}`,
    `  ${command} member list${withState}`,
    `  ${command} top${withState}`,
    ...(sample ? [`  ${command} send ${left.id} ${right.id} "Is anyone at the dock?"${withState}`] : []),
    ...(sample
      ? [
          `  openssl s_client -connect ${first} -cert ${state.sample}/${left.id}.crt -key ${state.sample}/${left.id}.key -CAfile ${state.sample}/ca.crt -verify_hostname ${community.hub.domain}`,
        ]
      : []),
    ending,
  );
  return lines;
}

async function startSampleChat(loaded: LoadedCommunity, hub: Hub, state: StateFolder, options: UpOptions, world: World): Promise<Chat> {
  const pair = chattingPair(loaded.community);
  if (pair === undefined) {
    throw new Fault('no-pair', 'the community has no two active members with a proxy on this machine, so nobody can chat', {
      cure: 'leave --sample away, or give two members a proxy at 127.0.0.1',
    });
  }
  const { terminal } = world;
  const color = options.json ? false : terminal.colorOut;
  // With --json stdout is one object; the chat is talk then.
  const show = (line: string) =>
    options.json ? terminal.talk(JSON.stringify({ level: 'info', service: 'chat', msg: line })) : terminal.out(line);
  try {
    return await startChat(pair, hub, loaded.community.hub.domain, state, { show, color });
  } catch (thrown) {
    const at = pair.map(({ proxies }) => `${proxies[0]?.host}:${proxies[0]?.port}`).join(' or ');
    if (thrown instanceof Error && 'port' in thrown && typeof thrown.port === 'number') {
      throw listenFault(thrown, 'a sample member', { host: '127.0.0.1', port: thrown.port }, 'the member’s proxy in the community file');
    }
    throw new Fault('sample-member', `the sample members (${at}) did not start: ${thrown instanceof Error ? thrown.message : thrown}`, {
      cure: 'leave --sample away, or change their proxies in the community file',
      cause: thrown,
    });
  }
}

/** `guildhall up`: runs a whole hub until it is told to end. Resolves to the exit code. Throws a Fault on a bad start. */
export async function up(options: UpOptions, world: World): Promise<number> {
  const { terminal } = world;
  const json = options.json === true;
  const debug = ['debug', 'trace'].includes(world.env['GUILDHALL_LOG_LEVEL'] ?? '');
  const log = createLogStream({ json, color: terminal.colorTalk, debug, write: terminal.talk, now: world.now });
  const folder = openState(options.state ?? usualState(world.env), world.cwd);
  const state = options.community === undefined ? sampleState(folder) : folder;
  const wishes = listenForWishes(world);
  let hub: Hub | undefined;
  let chat: Chat | undefined;
  try {
    const community = await chooseCommunity(options, state, world, log);
    refuseSecondHub(state);
    const claim = options.community === undefined ? undefined : claimState(state, community.community.community.id);
    const authority = options.authority === undefined ? undefined : resolve(world.cwd, options.authority);
    const doors = {
      api: boundAt(options.api, '--api'),
      enrolment: boundAt(options.enrolment, '--enrolment'),
      metrics: boundAt(options.metrics, '--metrics'),
      dashboards: boundAt(options.dashboards, '--dashboards'),
    };
    hub = await startHub({ community, state, authority, doors, env: world.env, single: options.single === true, json, log });
    claim?.();
    if (options.sample) chat = await startSampleChat(community, hub, state, options, world);
    if (json) {
      const { listeners, admin, grpc, enrolment, metrics, dashboards, nats } = hub;
      terminal.out(
        JSON.stringify({
          ready: true,
          listeners,
          admin,
          grpc,
          enrolment,
          metrics,
          dashboards,
          nats,
          pids: hub.pids(),
          community: community.path,
          state: state.path,
        }),
      );
    } else {
      const isSample = options.community === undefined;
      const seen = await inForce(community, state, world);
      for (const line of summary(hub, community, seen, { ...state, path: options.state ?? '' }, isSample, terminal.colorOut))
        terminal.out(line);
    }
    await aborted(wishes.end);
    log.say('info', 'ending: finishing what is under way (32 s at most; once more ends at once)');
    chat?.hush();
    const drained = await Promise.race([hub.stop().then(() => true), aborted(wishes.atOnce).then(() => false)]);
    if (!drained) hub.kill();
    await chat?.close();
    return drained ? 0 : 1;
  } catch (thrown) {
    await chat?.close();
    if (hub !== undefined) {
      hub.kill();
      await hub.stop();
    }
    throw thrown;
  } finally {
    wishes.forget();
  }
}

/** Adds `up` to the command line. */
export function addUp(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('up')
    .summary('run a hub: NATS and all services')
    .description('Runs a whole hub: nats-server (found, or fetched from Debian), policy, relay, ingress and console, until Ctrl-C.')
    .option('--community <file>', 'the community file; default: the sample, made in the state folder')
    .option('--state <dir>', 'where state is kept; default $XDG_STATE_HOME/guildhall or ~/.local/state/guildhall')
    .option(
      '--authority <dir>',
      "the hub's own certificate authority (guildhall ca init); default: the folder authority of the state folder",
    )
    .option('--api <host:port>', 'where the API listens; default: 127.0.0.1:5070, this machine only')
    .option('--enrolment <host:port>', 'where members enrol (HTTPS); default: port 5080 at the host of the first listener')
    .option('--metrics <host:port>', 'where the metrics API listens; default: 127.0.0.1:5071, this machine only')
    .option('--dashboards <host:port>', 'where it listens for browsers (HTTPS); default: 127.0.0.1:5072, this machine only')
    .option('--sample', 'let two members of the sample community chat through it')
    .option(
      '--single',
      'all services in this process, ingress and relay without NATS between them: less CPU, one core, and one crash ends all',
    )
    .option('--json', 'one JSON object on stdout once it is ready; logs as JSON lines on stderr')
    .addHelpText(
      'after',
      `
Examples:
  guildhall up --sample                    the sample community, and two members that chat
  guildhall up --community community.yaml  your community
  guildhall up --community community.yaml --authority ca --api 0.0.0.0:5070   members use the API too
  guildhall up --json | head -1 | jq .     addresses of every listener and admin port, process ids

Environment:
  GUILDHALL_NATS_URL     use this NATS server and start none
  GUILDHALL_NATS_SERVER  the nats-server program to start
  GUILDHALL_LOG_LEVEL    of all services: debug, info, warn, error
  GUILDHALL_TELEMETRY_OTLP_URL=http://127.0.0.1:4318  where all services send traces
  GUILDHALL_INGRESS_LIMITS_IN_FLIGHT_PER_MEMBER=500 and the like set one service's settings;
                         node services/ingress/dist/main.js --settings lists them, without INGRESS_`,
    )
    .action(async (options: UpOptions) => ends(await up(options, world)));
}
