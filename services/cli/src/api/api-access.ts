import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { identityTroubles, readTrouble } from '../community/certificate-check.js';
import { type RunningHub, runningHub, stateFolder, usualState } from '../hub/state-folder.js';
import { splitAddress } from '../sample/chat.js';
import type { World } from '../world.js';
import type { ApiOptions } from './api-options.js';
import { readNamedFile, readNamedPem } from './own-file.js';

/** Where the API is and how it is talked to. All texts are PEM. */
export interface ApiAccess {
  /** "host:port". */
  readonly address: string;
  /** Absent: in the clear, to this machine only. `ca` absent: the system's authorities. `name`: what its certificate must carry. */
  readonly tls: { readonly ca?: string; readonly name: string; readonly certificate?: string; readonly key?: string } | undefined;
  /** Empty: none. */
  readonly token: string;
}

/** A token is a short line of printable ASCII. */
const tokenShape = /^[\x21-\x7e]{8,4096}$/;

function usage(message: string, cure: string): Fault {
  return new Fault('usage', message, { cure, exitCode: 2 });
}

/** "[::1]" and all of 127/8 too. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function checkedToken(text: string, from: string): string {
  const token = text.trim();
  if (tokenShape.test(token)) return token;
  throw usage(`${from} holds no token`, 'a token is one line, as guildhall token create tells it');
}

function readToken(path: string, option: string, world: World): string {
  const token = checkedToken(readNamedFile(path, option, world.cwd, 16 * 1024), `${option} ${path}`);
  if ((statSync(resolve(world.cwd, path)).mode & 0o077) !== 0) {
    world.terminal.talk(`guildhall: others on this machine can read ${path}; chmod 600 ${path} keeps the token yours`);
  }
  return token;
}

/** The client certificate of --certificate and --key, or nothing. Throws a Fault `usage`. */
function clientCertificate({ certificate, key }: ApiOptions, world: World): { certificate: string; key: string } | undefined {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw usage('--certificate and --key belong together', 'give both, or a token instead');
  }
  const troubles = identityTroubles(resolve(world.cwd, certificate), resolve(world.cwd, key), world.now());
  if (troubles.length > 0) {
    throw usage(troubles.map(({ message }) => message).join('\n  '), 'give a certificate in date and its own key, as PEM files');
  }
  return {
    certificate: readNamedPem(certificate, '--certificate', 'CERTIFICATE', world.cwd),
    key: readNamedFile(key, '--key', world.cwd, 64 * 1024),
  };
}

/** A token that was given by hand: --token-file, else GUILDHALL_TOKEN, else none. */
function givenToken({ tokenFile }: ApiOptions, world: World): string {
  if (tokenFile !== undefined) return readToken(tokenFile, '--token-file', world);
  const ofEnvironment = world.env['GUILDHALL_TOKEN'];
  return ofEnvironment === undefined || ofEnvironment === '' ? '' : checkedToken(ofEnvironment, 'GUILDHALL_TOKEN');
}

function elsewhere(hub: string, options: ApiOptions, world: World, option = '--hub'): ApiAccess {
  const { host, port } = splitAddress(hub);
  if (host === '' || !(port > 0 && port < 65_536))
    throw usage(`${option} ${hub} is no address`, `write HOST:PORT, such as hub.example:${option === '--metrics' ? 5071 : 5070}`);
  if (options.state !== undefined) throw usage(`${option} and --state name two hubs`, 'give one of them');
  const identity = clientCertificate(options, world);
  if (options.plain) {
    if (!isLoopback(host)) throw usage(`--plain would send everything in the clear to ${host}`, 'leave it away, or use 127.0.0.1');
    if (identity !== undefined) throw usage('a client certificate cannot be shown without TLS', 'leave --plain away, or give a token');
    return { address: hub, tls: undefined, token: givenToken(options, world) };
  }
  return {
    address: hub,
    tls: {
      name: options.hubName ?? host,
      ...(options.ca === undefined ? {} : { ca: readNamedPem(options.ca, '--ca', 'CERTIFICATE', world.cwd) }),
      ...identity,
    },
    // Who shows a certificate is known by it; a token of the environment is meant for other commands.
    token: identity !== undefined && options.tokenFile === undefined ? '' : givenToken(options, world),
  };
}

/** The operator's token of the state folder. Throws a Fault `no-token` for who may not read it. */
function operatorToken(file: string): string {
  try {
    return checkedToken(readFileSync(file, 'latin1'), file);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('no-token', `the operator's token ${file} cannot be used: ${readTrouble(thrown)}`, {
      cure: 'run this as the user that runs the hub, or give a token with --token-file or GUILDHALL_TOKEN',
      exitCode: 3,
      cause: thrown,
    });
  }
}

function here(address: string, { api }: RunningHub, options: ApiOptions, world: World): ApiAccess {
  const identity = clientCertificate(options, world);
  const given = identity !== undefined && options.tokenFile === undefined ? '' : givenToken(options, world);
  return {
    address,
    tls: {
      name: api.name,
      ...(api.ca === '' ? {} : { ca: readNamedPem(api.ca, 'the state folder:', 'CERTIFICATE', world.cwd) }),
      ...identity,
    },
    token: given === '' && identity === undefined ? operatorToken(api.tokenFile) : given,
  };
}

/** The API that the options name: --hub, else the hub that runs with the state folder. Throws a Fault `usage` or `no-hub`. */
export function apiAccess(options: ApiOptions, world: World): ApiAccess {
  if (options.hub !== undefined) return elsewhere(options.hub, options, world);
  refuseStrays(options, '--hub');
  const hub = hubHere(options, world, '--hub');
  return here(hub.grpc, hub, options, world);
}

/** Which hub's metrics API a command talks to, and as whom. */
export interface MetricsOptions extends Omit<ApiOptions, 'hub'> {
  readonly metrics?: string;
}

/** The metrics API that the options name: --metrics, else that of the hub that runs with the state folder. Throws a Fault `usage`, `no-hub` or `no-metrics`. */
export function metricsAccess(options: MetricsOptions, world: World): ApiAccess {
  if (options.metrics !== undefined) return elsewhere(options.metrics, options, world, '--metrics');
  refuseStrays(options, '--metrics');
  const hub = hubHere(options, world, '--metrics');
  if (hub.metrics !== undefined && hub.metrics !== '') return here(hub.metrics, hub, options, world);
  throw new Fault('no-metrics', 'the hub of this state folder has no metrics API: it is of an earlier version', {
    cure: 'end it and start it with this guildhall up',
    exitCode: 3,
  });
}

/** Refuses what only makes sense for a hub elsewhere, which `option` would name. */
function refuseStrays(options: ApiOptions, option: string): void {
  const stray = (['ca', 'hubName', 'plain'] as const).find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  throw usage(
    `--${stray === 'hubName' ? 'hub-name' : stray} is about a hub elsewhere`,
    `give its address with ${option} HOST:PORT, or leave it away`,
  );
}

/** The hub that runs with the state folder. Throws a Fault `no-hub`, which offers `option` for one elsewhere. */
function hubHere(options: ApiOptions, world: World, option: string): RunningHub {
  const state = stateFolder(resolve(world.cwd, options.state ?? usualState(world.env)));
  const hub = runningHub(state);
  if (hub !== undefined) return hub;
  throw new Fault('no-hub', `no hub runs with the state folder ${state.path}`, {
    cure: `start one with guildhall up, or name another with --state DIR or ${option} HOST:PORT`,
    exitCode: 3,
  });
}
