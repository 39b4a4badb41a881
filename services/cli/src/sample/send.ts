import { dirname, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import type { CommunityMember } from '@guildhall/proto/community/schema';
import type { Command } from 'commander';
import { largestPem, readNamedFile } from '../api/own-file.js';
import { authorityTroubles, identityTroubles } from '../community/certificate-check.js';
import { type CommunityReport, inspectCommunityFile } from '../community/community-file.js';
import { notSent } from '../hub/hub-certificate.js';
import { type RunningHub, runningHub, type StateFolder, stateFolder, usualState } from '../hub/state-folder.js';
import { styled, type World } from '../world.js';
import { splitAddress } from './chat.js';
import { labelOf, reasonOf } from './ladder.js';
import { sampleIdentity, trustsSample } from './sample.js';
import { type SampleMemberOptions, startSampleMember } from './sample-member.js';

/** The options of `guildhall send` as given. `hub` is "host:port", `name` the domain its certificate must have, the rest paths. */
export interface SendOptions {
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly hub?: string;
  readonly name?: string;
  readonly state?: string;
  readonly json?: true;
}

type Identity = Pick<SampleMemberOptions, 'certificate' | 'key' | 'ca'>;

/** A party of the command line as an address of record. */
export interface Party {
  readonly uri: string;
  readonly domain: string;
  /** The member whose domain it is, when the community is known. */
  readonly member: CommunityMember | undefined;
}

/** Reads FROM or TO: a member id (its own name as user), a domain, user@domain or a sip URI. Throws a Fault `usage`. */
export function readParty(text: string, members: readonly CommunityMember[]): Party {
  const uri = /^sips?:(?:[^@\s]+@)?([^\s;?:]+)/i.exec(text) ?? /^[^@\s:<>"]+@([a-z0-9.-]+)$/i.exec(text);
  const domain = (uri?.[1] ?? text).toLowerCase();
  const byId = members.find((member) => member.id === text);
  const member = byId ?? members.find((candidate) => candidate.domains.some((own) => domain === own || domain.endsWith(`.${own}`)));
  if (uri !== null) return { uri: /^sips?:/i.test(text) ? text : `sip:${text}`, domain, member };
  if (byId !== undefined) {
    const own = byId.domains[0] ?? '';
    return { uri: `sip:${byId.id}@${own}`, domain: own, member };
  }
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(text)) return { uri: `sip:${member?.id ?? 'someone'}@${domain}`, domain, member };
  throw new Fault('usage', `${text} is neither a member of the community file, a domain nor a SIP URI`, {
    cure:
      members.length > 0
        ? `members are ${members.map(({ id }) => id).join(', ')}`
        : 'write it as sip:user@domain (guildhall member list tells the domains of members that are in no file)',
    exitCode: 2,
  });
}

/** The files of --certificate, --key and --ca. Throws a Fault `usage` for what cannot be used, before the hub hears of it. */
function givenIdentity(certificate: string, key: string, ca: string, world: World): Identity {
  const identity = {
    certificate: readNamedFile(certificate, '--certificate', world.cwd, largestPem),
    key: readNamedFile(key, '--key', world.cwd, largestPem),
    ca: readNamedFile(ca, '--ca', world.cwd, largestPem),
  };
  const [certificatePath, keyPath, caPath] = [certificate, key, ca].map((path) => resolve(world.cwd, path));
  const troubles = [
    ...identityTroubles(certificatePath ?? '', keyPath ?? '', world.now()),
    ...authorityTroubles(caPath ?? '', world.now()),
  ];
  if (troubles.length === 0) return identity;
  throw new Fault('usage', troubles.map(({ message }) => message).join('\n  '), {
    cure: 'give a certificate in date, its own key, and the authority of the hub, as PEM files',
    exitCode: 2,
  });
}

/** The certificate given, or that of the sample member FROM belongs to. Throws a Fault. */
function chooseIdentity(
  options: SendOptions,
  from: Party,
  state: StateFolder,
  report: CommunityReport | undefined,
  world: World,
): Identity {
  const { certificate, key, ca } = options;
  if (certificate !== undefined && key !== undefined && ca !== undefined) return givenIdentity(certificate, key, ca, world);
  if (certificate !== undefined || key !== undefined || ca !== undefined) {
    throw new Fault('usage', '--certificate, --key and --ca belong together', { cure: 'give all three or none', exitCode: 2 });
  }
  if (from.member === undefined) {
    throw new Fault('usage', `nobody in the community has the domain ${from.domain}, so there is no certificate to send with`, {
      cure: 'send from one of its members, or give --certificate, --key and --ca',
      exitCode: 2,
    });
  }
  if (report?.community !== undefined) {
    const base = dirname(report.path);
    if (!trustsSample(state, { community: report.community, resolve: (file) => resolve(base, file) })) {
      throw new Fault('usage', `the community ${report.path} has certificates of its own, so the sample's will not do`, {
        cure: `give those of ${from.member.id} with --certificate, --key and --ca`,
        exitCode: 2,
      });
    }
  }
  return sampleIdentity(state, from.member.id);
}

/** Where the hub listens and what its certificate is for. Throws a Fault `no-hub`. */
function chooseHub(options: SendOptions, running: RunningHub | undefined, state: StateFolder): SampleMemberOptions['hub'] {
  const address = options.hub ?? running?.listeners[0]?.address;
  if (address === undefined) {
    throw new Fault('no-hub', `no hub runs with the state folder ${state.path}`, {
      cure: 'start one with guildhall up, or name another with --state DIR or --hub HOST:PORT',
      exitCode: 3,
    });
  }
  const { host, port } = splitAddress(address);
  if (host === '' || !(port > 0 && port < 65_536)) {
    throw new Fault('usage', `--hub ${address} is no address`, { cure: 'write HOST:PORT, such as 127.0.0.1:5061', exitCode: 2 });
  }
  return { host, port, name: options.name ?? running?.domain ?? host };
}

/** `guildhall send FROM TO TEXT`: one MESSAGE through the hub. Resolves to 0 for a 2xx, else 1. Throws a Fault. */
export async function send(fromText: string, toText: string, text: string, options: SendOptions, world: World): Promise<number> {
  const state = stateFolder(options.state ?? usualState(world.env));
  const running = runningHub(state);
  const report = running && inspectCommunityFile(running.community, world.cwd, world.now());
  const members = report?.community?.members ?? [];
  const hub = chooseHub(options, running, state);
  const from = readParty(fromText, members);
  const to = readParty(toText, members);
  const identity = chooseIdentity(options, from, state, report, world);
  const sender = await startSampleMember({ id: from.member?.id ?? 'sender', domain: from.domain, ...identity, hub });
  try {
    const body = Buffer.from(text, 'utf8').toString('latin1');
    const headers = [['Content-Type', 'text/plain; charset=utf-8']] as const;
    await sender.dial().catch((thrown: unknown) => {
      throw notSent(hub, thrown);
    });
    const { final, failure, took } = await sender.send({ method: 'MESSAGE', uri: to.uri, from: from.uri, headers, body, wait: 32_000 });
    if (final === undefined) throw notSent(hub, failure ?? 'unknown');
    const good = final.status < 300;
    const reason = good ? '' : reasonOf(final);
    const { terminal } = world;
    if (options.json)
      terminal.out(JSON.stringify({ ok: good, status: final.status, answer: labelOf(final), reason, took: Number(took.toFixed(3)) }));
    else
      terminal.out(
        `${styled(labelOf(final), good ? 'green' : 'red', terminal.colorOut)} (${took.toFixed(1)} ms)${reason === '' ? '' : ` ${reason}`}`,
      );
    return good ? 0 : 1;
  } finally {
    await sender.close();
  }
}

/** Adds `send` to the command line. */
export function addSend(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('send')
    .summary('send one message through the running hub')
    .description('Sends one MESSAGE as a member through the running hub and prints the final answer.')
    .argument('<from>', 'the sender: a member id, a domain or a SIP URI')
    .argument('<to>', 'the receiver, likewise')
    .argument('<text>', 'what to say')
    .option('--state <dir>', 'the state folder of the running hub, and of its sample certificates')
    .option('--certificate <file>', "the sender's certificate (PEM), with --key and --ca")
    .option('--key <file>', 'its key')
    .option('--ca <file>', "the authority of the hub's certificate")
    .option('--hub <host:port>', 'a listener of the hub, instead of --state')
    .option('--name <domain>', "the name in the hub's certificate; default: the hub's domain or the host")
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  guildhall send acme bolt "Is anyone at the dock?"
  guildhall send sip:ada@acme.example sip:bo@bolt.example hello
  guildhall send acme nowhere.example hello        refused: exit code 1`,
    )
    .action(async (from: string, to: string, text: string, options: SendOptions) => ends(await send(from, to, text, options, world)));
}
