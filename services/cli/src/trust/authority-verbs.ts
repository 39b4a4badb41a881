import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { authorityPaths, openAuthorityFolder } from '@guildhall/chassis/authority/folder';
import type { VettedNames } from '@guildhall/chassis/authority/granted-names';
import { isRevocationReason, revocationReasons } from '@guildhall/chassis/authority/revocation-list';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { Fault } from '@guildhall/chassis/fault';
import { memberNames } from '@guildhall/proto/community/certificate-names';
import { domainFault } from '@guildhall/proto/community/domain';
import { quoted } from '@guildhall/proto/community/quoted';
import { printable } from '@guildhall/proto/sip/escape';
import type { Command } from 'commander';
import { readTrouble } from '../community/certificate-check.js';
import { inspectCommunityFile } from '../community/community-file.js';
import { writePrivate } from '../hub/state-folder.js';
import { shownInstant } from '../instant-text.js';
import type { World } from '../world.js';
import { issueIdentity, makeAuthority, renewList, serialOf, signedIn, signRequest } from './authority-files.js';

interface FolderOptions {
  readonly folder: string;
  readonly json?: true;
}

interface InitOptions extends FolderOptions {
  readonly name: string;
  readonly days: number;
  readonly crlDays: number;
}

interface NameOptions extends FolderOptions {
  readonly domain?: string[];
  readonly name?: string[];
  readonly days: number;
}

interface SignOptions extends NameOptions {
  readonly member?: string;
  readonly community?: string;
  readonly out?: string;
}

interface IssueOptions extends NameOptions {
  readonly out: string;
}

interface ListOptions extends FolderOptions {
  readonly revoke?: string[];
  readonly reason: string;
  readonly crlDays: number;
}

const mostDays = 36_500;

function usage(message: string, cure: string): Fault {
  return new Fault('usage', message, { cure, exitCode: 2 });
}

/** A number of days of an option. Throws a Fault `usage`. */
function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= mostDays) return days;
  throw usage(`${quoted(text)} is no number of days`, `write a whole number, 1 to ${mostDays}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (thrown) {
    throw new Fault('file', `cannot read ${path}: ${readTrouble(thrown)}`, { cure: 'check the path', exitCode: 2, cause: thrown });
  }
}

/** Names as they go into a certificate. Throws a Fault `usage`. */
function namesOf(names: readonly string[] = []): string[] {
  return names.map((name) => {
    const fault = domainFault(name);
    if (fault !== undefined) throw usage(`${quoted(name)} ${fault}`, 'write a domain or host name');
    return name;
  });
}

/** `guildhall ca init`: a new authority. */
async function init({ folder, name, days, crlDays, json }: InitOptions, { terminal, cwd, now }: World): Promise<number> {
  const at = resolve(cwd, folder);
  const made = await makeAuthority(at, { name, days, crlDays, now: now().getTime() });
  const paths = authorityPaths(at);
  if (json)
    terminal.out(JSON.stringify({ ok: true, id: made.id, sha256: made.sha256, until: new Date(made.validTo).toISOString(), ...paths }));
  else {
    terminal.out(`authority ${made.id}, until ${shownInstant(new Date(made.validTo).toISOString())}`);
    terminal.out(`  sha256       ${made.sha256}`);
    for (const [what, path] of Object.entries(paths)) terminal.out(`  ${what.padEnd(12)} ${path}`);
    terminal.talk(
      'give a hub the folder: guildhall up --authority DIR (authority.folder of policy); or keep authority.key elsewhere and sign with guildhall ca sign',
    );
  }
  return 0;
}

/** What a member may be called, by the options and the community file. */
function vettedBy(options: SignOptions, { cwd, now }: World): VettedNames {
  const domains = namesOf(options.domain);
  const hosts = namesOf(options.name);
  if (options.community === undefined) {
    if (domains.length === 0)
      throw usage('nobody says what the certificate may carry', 'give --domain (and --name), or --community FILE with --member ID');
    return { owner: options.member === undefined ? 'the asker' : `member ${options.member}`, domains, names: [...domains, ...hosts] };
  }
  const { community, problems } = inspectCommunityFile(options.community, cwd, now());
  if (community === undefined)
    throw usage(`${options.community} has ${problems.length} problems`, `see guildhall check ${options.community}`);
  const member = community.members.find(({ id }) => id === options.member);
  if (member === undefined)
    throw usage(`there is no member ${quoted(options.member ?? '')} in ${options.community}`, 'name one with --member');
  const own = [...member.domains, ...domains];
  return { owner: `member ${member.id}`, domains: own, names: [...new Set([...memberNames(own, member.proxies), ...hosts])] };
}

/** `guildhall ca sign CSR`: a certificate for a request that came by other ways. */
async function sign(request: string, options: SignOptions, world: World): Promise<number> {
  const { terminal, cwd, now } = world;
  const folder = resolve(cwd, options.folder);
  const text = readText(resolve(cwd, request));
  const { chain, leaf } = await signRequest(folder, text, vettedBy(options, world), { days: options.days, now: now().getTime() });
  const out = options.out === undefined ? undefined : resolve(cwd, options.out);
  if (out !== undefined) writeFileSync(out, chain);
  const facts = { serial: serialNumberOf(leaf), names: leaf.subjectAltName ?? '', until: new Date(leaf.validTo).toISOString() };
  if (options.json) terminal.out(JSON.stringify({ ok: true, ...facts, chain }));
  else if (out === undefined) terminal.out(chain.trimEnd());
  terminal.talk(`signed ${facts.serial} for ${printable(facts.names, 400)}, until ${shownInstant(facts.until)}`);
  terminal.talk('make it known to the hub: guildhall certificate register');
  return 0;
}

/** `guildhall ca issue`: key and certificate at once, for the hub itself. */
async function issue(options: IssueOptions, { terminal, cwd, now }: World): Promise<number> {
  const domains = namesOf(options.domain);
  if (domains.length === 0) throw usage('the certificate needs a domain', 'give --domain hub.example');
  const names = { domains, hosts: namesOf(options.name) };
  const { chain, leaf, key } = await issueIdentity(resolve(cwd, options.folder), names, { days: options.days, now: now().getTime() });
  const out = resolve(cwd, options.out);
  const paths = { certificate: join(out, 'certificate.crt'), key: join(out, 'certificate.key') };
  mkdirSync(out, { recursive: true, mode: 0o700 });
  writePrivate(paths.key, key);
  writeFileSync(paths.certificate, chain);
  const until = new Date(leaf.validTo).toISOString();
  if (options.json) terminal.out(JSON.stringify({ ok: true, serial: serialNumberOf(leaf), until, ...paths }));
  else terminal.out(`issued ${serialNumberOf(leaf)} for ${domains.join(', ')}, until ${shownInstant(until)}: ${paths.certificate}`);
  return 0;
}

/** `guildhall ca crl`: the revocation list anew, with more in it. */
async function crl(options: ListOptions, { terminal, cwd, now }: World): Promise<number> {
  const folder = resolve(cwd, options.folder);
  if (!isRevocationReason(options.reason))
    throw usage(`${quoted(options.reason)} is no reason`, `write one of ${revocationReasons.join(', ')}`);
  const serials = (options.revoke ?? []).map((given) => serialOf(given, (path) => readText(resolve(cwd, path))));
  const { revoked, until } = await renewList(folder, serials, { reason: options.reason, crlDays: options.crlDays, now: now().getTime() });
  const { list } = authorityPaths(folder);
  const ends = new Date(until).toISOString();
  if (options.json) terminal.out(JSON.stringify({ ok: true, list, revoked, until: ends }));
  else terminal.out(`${list}: ${revoked} revoked, until ${shownInstant(ends)}`);
  return 0;
}

/** `guildhall ca show`: what there is in a folder. */
async function show({ folder, json }: FolderOptions, { terminal, cwd }: World): Promise<number> {
  const at = resolve(cwd, folder);
  const { certificate, signing, list } = await openAuthorityFolder(at);
  const signed = signedIn(at, list);
  const until = new Date(certificate.validTo).toISOString();
  const listUntil = list === undefined || !Number.isFinite(list.read.nextUpdate) ? '' : new Date(list.read.nextUpdate).toISOString();
  const revoked = list?.read.revoked.map(({ serial, at: when, reason }) => ({ serial, when: new Date(when).toISOString(), reason })) ?? [];
  if (json) {
    const { id, sha256 } = certificate;
    terminal.out(JSON.stringify({ ok: true, id, sha256, until, key: signing !== undefined, list: { until: listUntil, revoked }, signed }));
    return 0;
  }
  terminal.out(
    `authority ${certificate.id}, ${printable(certificate.certificate.subject.replaceAll('\n', ', '))}, until ${shownInstant(until)}`,
  );
  terminal.out(`  sha256  ${certificate.sha256}`);
  terminal.out(`  key     ${signing === undefined ? 'elsewhere' : 'here'}`);
  terminal.out(`  list    ${list === undefined ? 'none' : `${revoked.length} revoked, until ${shownInstant(listUntil)}`}`);
  for (const one of signed)
    terminal.out(`  ${one.serial}  ${one.until}  ${one.revoked ? 'revoked' : 'good'}  ${printable(one.names.join(' '), 400)}`);
  return 0;
}

/** Adds `ca` with its verbs to the command line. */
export function addAuthorityVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const ca = program
    .command('ca')
    .summary("the community's certificate authority")
    .description("The community's certificate authority: a folder with authority.crt, authority.key and authority.crl.")
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall ca init --folder ca --name "Steel Guild CA"\n  guildhall ca show --folder ca\n\nTo revoke at a running hub: guildhall certificate revoke',
    );
  const verb = (name: string, summary: string, example: string) =>
    ca
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .option('--folder <dir>', "the authority's folder", 'ca')
      .option('--json', 'one JSON object on stdout')
      .addHelpText('after', `\nExample:\n  ${example}`);
  verb('init', 'make a new authority', 'guildhall ca init --folder ca --name "Steel Guild CA"')
    .option('--name <name>', 'its name', 'Guildhall authority')
    .option('--days <days>', 'how long it lasts', daysOf, 3650)
    .option('--crl-days <days>', 'how long its first revocation list lasts', daysOf, 30)
    .action(async (options: InitOptions) => ends(await init(options, world)));
  verb(
    'sign',
    'sign a request that came by other ways',
    'guildhall ca sign acme.csr --folder ca --community community.yaml --member acme --out acme.crt',
  )
    .argument('<csr>', 'the signing request (PEM)')
    .option('--member <id>', 'whom it is for')
    .option('--community <file>', 'a community file that says what the member may be called')
    .option('--domain <domain...>', 'SIP domains it may carry')
    .option('--name <name...>', 'further DNS names it may carry')
    .option('--days <days>', 'how long it lasts', daysOf, 365)
    .option('--out <file>', 'where the chain goes; default: stdout')
    .action(async (request: string, options: SignOptions) => ends(await sign(request, options, world)));
  verb('issue', 'make a key and its certificate, as for the hub', 'guildhall ca issue --folder ca --domain hub.example --out hub')
    .option('--domain <domain...>', 'SIP domains')
    .option('--name <name...>', 'further DNS names')
    .option('--days <days>', 'how long it lasts', daysOf, 365)
    .requiredOption('--out <dir>', 'where certificate.crt and certificate.key go')
    .action(async (options: IssueOptions) => ends(await issue(options, world)));
  verb('crl', 'make the revocation list anew', 'guildhall ca crl --folder ca --revoke 4f1c... --reason keyCompromise')
    .option('--revoke <serial...>', 'serial numbers, or files with certificates, to add')
    .option('--reason <reason>', `one of ${revocationReasons.join(', ')}`, 'unspecified')
    .option('--crl-days <days>', 'how long it lasts', daysOf, 30)
    .action(async (options: ListOptions) => ends(await crl(options, world)));
  verb('show', 'show what there is', 'guildhall ca show --folder ca --json').action(async (options: FolderOptions) =>
    ends(await show(options, world)),
  );
}
