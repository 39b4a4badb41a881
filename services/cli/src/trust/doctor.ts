import { resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { revocationTable } from '@guildhall/chassis/revocations';
import type { Command } from 'commander';
import { gathered } from '../api/api-options.js';
import { readNamedFile } from '../api/own-file.js';
import { jsonLine } from '../api/plain-json.js';
import { authorityTroubles, identityTroubles } from '../community/certificate-check.js';
import { runningHub, stateFolder, usualState } from '../hub/state-folder.js';
import { splitAddress } from '../sample/chat.js';
import type { World } from '../world.js';
import { type AskHub, askTurnedAway, memberDomains } from './doctor-ask.js';
import { chainOf, lookAtCertificate } from './doctor-certificate.js';
import { dialHub } from './doctor-dial.js';
import { type Finding, findingLines, problem } from './doctor-findings.js';
import { dialFindings, inLightOf } from './doctor-judge.js';
import { rehearse } from './doctor-rehearsal.js';
import { revokedByFiles } from './doctor-revocations.js';

/** The options of `guildhall doctor` as given. `hub` is "host:port"; `certificate`, `key`, `ca` and `crl` are paths of PEM files. */
export interface DoctorOptions extends AskHub {
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly crl?: readonly string[];
  readonly hub?: string;
  readonly hubName?: string;
  readonly member?: string;
  readonly domain?: readonly string[];
  readonly json?: true;
}

interface Identity {
  readonly certificate: string;
  readonly key: string;
}

const largest = 1024 * 1024;

/** The files as they are, with what keeps them from being used at all. */
function readIdentity(options: DoctorOptions, world: World): { identity: Identity | undefined; findings: Finding[] } {
  const { certificate, key } = options;
  if (certificate === undefined && key === undefined)
    return { identity: undefined, findings: [problem('files', 'no-certificate', 'none was given')] };
  if (certificate === undefined || key === undefined)
    throw new Fault('usage', '--certificate and --key belong together', { cure: 'give both', exitCode: 2 });
  const paths = [certificate, key].map((path) => resolve(world.cwd, path));
  // Dates are looked at with everything else that the certificate says.
  const troubles = identityTroubles(paths[0] ?? '', paths[1] ?? '', world.now()).filter(
    ({ message }) => !/ expired on | valid only from /.test(message),
  );
  if (troubles.length > 0) {
    const cure = 'give the certificate (its intermediates after it) and its own key without a passphrase, as PEM files';
    return { identity: undefined, findings: troubles.map(({ message }) => ({ step: 'files', state: 'problem', said: message, cure })) };
  }
  const identity = {
    certificate: readNamedFile(certificate, '--certificate', world.cwd, largest),
    key: readNamedFile(key, '--key', world.cwd, largest),
  };
  return { identity, findings: [{ step: 'files', state: 'good', said: 'the certificate and its key belong together' }] };
}

function readAuthorities({ ca }: DoctorOptions, world: World): { authorities: string | undefined; findings: Finding[] } {
  if (ca === undefined) {
    const said = 'whether its authority is the right one is not known: give that of the hub with --ca';
    return { authorities: undefined, findings: [{ step: 'chain', state: 'unknown', said }] };
  }
  const findings = authorityTroubles(resolve(world.cwd, ca), world.now()).map(
    ({ message }): Finding => ({
      step: 'chain',
      state: 'problem',
      said: message,
      cure: 'give the certificate of the authority that the hub trusts, as a PEM file',
    }),
  );
  return { authorities: findings.length > 0 ? undefined : readNamedFile(ca, '--ca', world.cwd, largest), findings };
}

/** Where the hub listens: --hub, else the hub that runs on this machine. Throws a Fault. */
function hubAddress(options: DoctorOptions, world: World): { host: string; port: number; name: string } {
  const running =
    options.hub === undefined ? runningHub(stateFolder(resolve(world.cwd, options.state ?? usualState(world.env)))) : undefined;
  const address = options.hub ?? running?.listeners[0]?.address;
  if (address === undefined)
    throw new Fault('no-hub', 'no hub runs here that could be dialled', {
      cure: 'start one with guildhall up, or name one of its listeners with --hub HOST:PORT',
      exitCode: 3,
    });
  const { host, port } = splitAddress(address);
  if (host === '' || !(port > 0 && port < 65_536))
    throw new Fault('usage', `--hub ${address} is no address`, { cure: 'write HOST:PORT, such as hub.example:5061', exitCode: 2 });
  return { host, port, name: options.hubName ?? running?.domain ?? host };
}

/** `guildhall doctor`: dials the hub as a member's proxy does and tells what works and what does not. Resolves to 0, or 4 with problems. */
export async function doctor(options: DoctorOptions, world: World): Promise<number> {
  const hub = hubAddress(options, world);
  const now = world.now();
  const { identity, findings } = readIdentity(options, world);
  const found: Finding[] = [...findings];
  const { authorities, findings: ofAuthorities } = readAuthorities(options, world);
  const revocations = revokedByFiles(options.crl ?? [], authorities, world);
  found.push(...(await revocations).findings);
  const chain = identity === undefined ? [] : chainOf(identity.certificate);
  const domains = options.domain ?? (await memberDomains(options, world));
  if (identity !== undefined)
    found.push(
      ...lookAtCertificate(
        chain,
        domains.map((domain) => domain.toLowerCase()),
        now.getTime(),
      ),
    );
  if (identity !== undefined) found.push(...ofAuthorities);
  if (identity !== undefined && authorities !== undefined) {
    const part = { ...identity, authorities, revocations: revocationTable(1n, (await revocations).lists) };
    found.push(await rehearse(part, now));
  }
  const report = await dialHub({
    ...hub,
    certificate: identity?.certificate,
    key: identity?.key,
    authorities,
    domain: domains[0] ?? 'doctor.invalid',
  });
  const before = found.splice(0);
  found.push(...inLightOf(report, before), ...dialFindings(report, hub, authorities, now.getTime(), identity !== undefined));
  if (report.source !== '' && report.answer === undefined) found.push(...(await askTurnedAway(report.source, options, world)));

  const problems = found.filter(({ state }) => state === 'problem').length;
  const { terminal } = world;
  if (options.json) {
    terminal.out(
      jsonLine(
        {
          hub: `${hub.host}:${hub.port}`,
          findings: found.map(({ facts, ...rest }) => ({ ...rest, facts: Object.fromEntries(facts ?? []) })),
        },
        problems === 0,
      ),
    );
  } else {
    for (const finding of found) for (const line of findingLines(finding, terminal)) terminal.out(line);
    terminal.talk(problems === 0 ? 'nothing is wrong' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`);
  }
  return problems === 0 ? 0 : 4;
}

/** Adds `doctor` to the command line. */
export function addDoctor(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('doctor')
    .summary('why can this member not connect?')
    .description(
      'Looks at a member’s certificate, dials the hub with it as the member’s proxy does, sends OPTIONS, and tells in plain words what works and what does not. Where the hub’s API can be reached, its own reason is told too.',
    )
    .option('--certificate <file>', 'the certificate with its intermediates (PEM)')
    .option('--key <file>', 'its key')
    .option('--ca <file>', "the authority of the hub's certificate and of this one (PEM)")
    .option('--crl <file>', 'a revocation list of it (PEM); may be given more than once', gathered)
    .option('--hub <host:port>', 'a listener of the hub; default: the hub that runs here')
    .option('--hub-name <domain>', "the SIP domain in the hub's certificate; default: the host of --hub")
    .option('--member <id>', 'the member: its domains are asked of the hub’s API')
    .option('--domain <domain>', 'instead: a domain of the member; may be given more than once', gathered)
    .option('--json', 'one JSON object on stdout')
    .optionsGroup("The hub's API, for its own reason:")
    .option('--state <dir>', 'the state folder of the hub that runs on this machine')
    .option('--api <host:port>', 'the API of a hub elsewhere')
    .option('--api-ca <file>', 'the authority of its certificate; default: --ca')
    .option('--token-file <file>', 'a file with your token; default: $GUILDHALL_TOKEN, then your certificate')
    .addHelpText(
      'after',
      `
Examples:
  guildhall doctor --certificate acme.crt --key acme.key --ca hub-ca.crt --hub hub.example:5061 --domain acme.example
  guildhall doctor --certificate acme.crt --key acme.key --member acme      with the hub that runs here

Exit code 4 when there are problems.`,
    )
    .action(async (options: DoctorOptions) => ends(await doctor(options, world)));
}
