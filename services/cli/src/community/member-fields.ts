import { splitCertificates, splitRevocationLists } from '@guildhall/proto/community/entries';
import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { type Command, Option } from 'commander';
import { type EntryChangeOptions, gathered } from '../api/api-options.js';
import { editedList, edits } from '../api/list-edit.js';
import { readNamedPem } from '../api/own-file.js';
import { instantOf } from '../instant-text.js';
import type { World } from '../world.js';
import { proxyKey, readProxy } from './proxy-text.js';

type Texts = readonly string[];

/** What may be said of a member on the command line. */
export interface MemberOptions extends EntryChangeOptions {
  readonly name?: string;
  readonly role?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly until?: string;
  readonly domain?: Texts;
  readonly addDomain?: Texts;
  readonly dropDomain?: Texts;
  readonly group?: Texts;
  readonly addGroup?: Texts;
  readonly dropGroup?: Texts;
  readonly proxy?: Texts;
  readonly addProxy?: Texts;
  readonly dropProxy?: Texts;
  readonly lookup?: string;
  readonly pin?: Texts;
  readonly addPin?: Texts;
  readonly dropPin?: Texts;
  readonly authority?: Texts;
  readonly addAuthority?: Texts;
  readonly dropAuthority?: Texts;
  readonly crl?: Texts;
  readonly acceptCommonName?: boolean;
  readonly interface?: string;
  readonly dialect?: string;
  readonly below?: Texts;
}

/** A member as a new one begins. */
export const blankMember: Member = Member.fromPartial({ role: 'member', status: 'active', dialect: 'standard' });

const lists = ['domain', 'group', 'proxy', 'pin', 'authority'] as const;

const about: Readonly<Record<(typeof lists)[number], readonly [value: string, text: string]>> = {
  domain: ['<domain>', 'a SIP domain of its'],
  group: ['<group>', 'a group it is in, for rules'],
  proxy: ['<host:port>', 'where the hub reaches it; ",name=NAME,priority=N,weight=N" may follow'],
  pin: ['<sha256>', 'a key (SPKI) that is accepted as this member whatever its certificate says'],
  authority: ['<file>', 'an authority (PEM) that vouches for this member only'],
};

/** Adds the options about a member's fields; with `changing` those that add to a list and drop from it. */
export function withMemberOptions(command: Command, changing: boolean): Command {
  command
    .option('--name <text>', 'what people call it')
    .addOption(new Option('--role <role>').choices(['member', 'internal', 'partner', 'clearinghouse']));
  for (const name of lists) {
    const [value, text] = about[name];
    const whole = changing ? `${text}; repeat it, replaces all` : `${text}; repeat it for more`;
    command.option(`--${name} ${value}`, whole, gathered);
    if (changing) command.option(`--add-${name} ${value}`, 'one more', gathered).option(`--drop-${name} ${value}`, 'one less', gathered);
  }
  command
    .option('--lookup <domain>', `instead of proxies: found by DNS under this domain${changing ? '; "none" ends that' : ''}`)
    .option('--crl <file>', 'a revocation list (PEM) of its own authority; repeat it for more', gathered)
    .option('--interface <listener>', 'the listener it is served by; default: the first')
    .addOption(new Option('--dialect <dialect>', 'microsoft: refusals carry ms-diagnostics-public').choices(['standard', 'microsoft']))
    .option('--below <member>', 'a member below whose domain one of its own lies, on purpose; repeat it for more', gathered)
    .option('--accept-common-name', 'take the common name of a certificate without alternative names');
  if (changing) command.option('--no-accept-common-name', 'do not');
  else {
    command
      .addOption(new Option('--status <status>').choices(['active', 'pending', 'suspended', 'quarantined']))
      .option('--reason <text>', 'why it is not active: its people read it in the answers they get')
      .option('--until <time>', 'when it becomes active by itself');
  }
  return command;
}

function pems(
  files: Texts | undefined,
  option: string,
  label: string,
  split: (pem: string) => string[],
  world: World,
): string[] | undefined {
  return files?.flatMap((file) => split(readNamedPem(file, option, label, world.cwd)));
}

/** "none" takes a value away. */
function orNone(given: string | undefined, before: string): string {
  if (given === undefined) return before;
  return given === 'none' ? '' : given;
}

const lower = (texts: Texts | undefined) => texts?.map((text) => text.toLowerCase());
const itself = (text: string) => text;

/** The member after what the options say. Throws a Fault `usage` for a text that cannot be used. */
export function changedMember(before: Member, options: MemberOptions, world: World): Member {
  const certificates = (files: Texts | undefined, option: string) => pems(files, option, 'CERTIFICATE', splitCertificates, world);
  const { reason, until, status } = options;
  const proxies = {
    only: options.proxy?.map(readProxy),
    add: options.addProxy?.map(readProxy),
    drop: options.dropProxy?.map(readProxy),
  };
  const pins = { only: lower(options.pin), add: lower(options.addPin), drop: lower(options.dropPin) };
  const domains = { only: lower(options.domain), add: lower(options.addDomain), drop: lower(options.dropDomain) };
  const anchors = {
    only: certificates(options.authority, '--authority'),
    add: certificates(options.addAuthority, '--add-authority'),
    drop: certificates(options.dropAuthority, '--drop-authority'),
  };
  const groups = { only: options.group, add: options.addGroup, drop: options.dropGroup };
  return {
    ...before,
    name: options.name ?? before.name,
    role: options.role ?? before.role,
    status: status ?? before.status,
    statusReason: reason ?? before.statusReason,
    statusUntil: until === undefined ? before.statusUntil : instantOf(until, '--until', world.now()),
    domains: editedList(before.domains, domains, itself, 'domains'),
    groups: editedList(before.groups, groups, itself, 'groups'),
    proxies: editedList(before.proxies, proxies, proxyKey, 'proxies'),
    pins: editedList(before.pins, pins, itself, 'pins'),
    anchors: editedList(before.anchors, anchors, itself, 'authorities'),
    revocationLists: pems(options.crl, '--crl', 'X509 CRL', splitRevocationLists, world) ?? before.revocationLists,
    lookup: orNone(options.lookup, before.lookup),
    acceptCommonName: options.acceptCommonName ?? before.acceptCommonName,
    interface: orNone(options.interface, before.interface),
    dialect: options.dialect ?? before.dialect,
    below: options.below === undefined ? before.below : [...options.below],
  };
}

/** Whether the options touch only what a member may change of itself: proxies, lookup, pins, authorities and their revocation lists. */
export function touchesTrustOnly(options: MemberOptions): boolean {
  const own = [
    { only: options.proxy, add: options.addProxy, drop: options.dropProxy },
    { only: options.pin, add: options.addPin, drop: options.dropPin },
    { only: options.authority, add: options.addAuthority, drop: options.dropAuthority },
    { only: options.crl },
    { only: options.lookup === undefined ? undefined : [options.lookup] },
  ];
  return own.some(edits) && !touchesOther(options);
}

function touchesOther(options: MemberOptions): boolean {
  const texts = [options.name, options.role, options.status, options.reason, options.until, options.interface, options.dialect];
  const domains = { only: options.domain, add: options.addDomain, drop: options.dropDomain };
  const groups = { only: options.group, add: options.addGroup, drop: options.dropGroup };
  return (
    texts.some((text) => text !== undefined) ||
    options.acceptCommonName !== undefined ||
    edits({ only: options.below }) ||
    edits(domains) ||
    edits(groups)
  );
}

/** Whether the options say anything about the member at all. */
export function touchesAnything(options: MemberOptions): boolean {
  return touchesTrustOnly(options) || touchesOther(options);
}
