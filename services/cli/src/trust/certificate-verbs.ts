import { X509Certificate } from 'node:crypto';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { factsOf, sipNames } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import type { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { type Command, Option } from 'commander';
import { type ApiOptions, type ChangeOptions, withApiOptions, withChangeOptions } from '../api/api-options.js';
import { tellDryRun, wholeNumber } from '../api/change-report.js';
import type { HubApi } from '../api/hub-api.js';
import { readNamedPem, writeOpenly } from '../api/own-file.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, factLines, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

interface ListOptions extends ApiOptions {
  readonly member?: string;
  readonly ending?: string;
  readonly revoked?: true;
}

interface RevokeOptions extends ChangeOptions {
  readonly member?: string;
  readonly reason?: string;
}

interface AuthorityOptions extends ApiOptions {
  readonly out?: string;
}

interface RegisterOptions extends ChangeOptions {
  readonly member: string;
}

/** Words of RFC 5280 5.3.1 that an operator has use for. */
const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'];

const dayMs = 86_400_000;

function stateOf(
  { revoked, revocationReason, validUntil }: IssuedCertificate,
  now: Date,
): { text: string; style: 'green' | 'yellow' | 'red' } {
  if (revoked !== '') return { text: `revoked ${shownInstant(revoked)} (${revocationReason})`, style: 'red' };
  const days = Math.floor((Date.parse(validUntil) - now.getTime()) / dayMs);
  if (days < 0) return { text: 'ended', style: 'red' };
  return days <= 30 ? { text: `ends in ${days} days`, style: 'yellow' } : { text: 'good', style: 'green' };
}

function columns(now: Date): readonly Column<IssuedCertificate>[] {
  return [
    { title: 'SERIAL', text: ({ serial }) => serial },
    { title: 'MEMBER', text: ({ member }) => member },
    { title: 'STATE', text: (row) => stateOf(row, now).text, style: (row) => stateOf(row, now).style },
    { title: 'UNTIL', text: ({ validUntil }) => shownInstant(validUntil) },
    { title: 'NAMES', text: ({ names }) => names.join(' ') },
    { title: 'ISSUED BY', text: ({ issuedBy }) => issuedBy },
  ];
}

async function every(api: HubApi, { member = '', ending, revoked }: ListOptions): Promise<IssuedCertificate[]> {
  const endingWithinDays = ending === undefined ? 0 : Number(wholeNumber(ending, '--ending'));
  const found: IssuedCertificate[] = [];
  let after = '';
  do {
    const page = await api.authority.listCertificates({ member, endingWithinDays, revokedToo: revoked === true, after, limit: 0 });
    found.push(...page.certificates);
    after = page.next === after ? '' : page.next;
  } while (after !== '');
  return found;
}

async function list(options: ListOptions, world: World): Promise<number> {
  const { terminal } = world;
  const certificates = await withHub(options, world, (api) => every(api, options));
  if (options.json) terminal.out(jsonLine({ certificates }));
  else for (const line of tableLines(columns(world.now()), certificates, 'no certificates', terminal)) terminal.out(line);
  return 0;
}

async function revoke(serial: string | undefined, options: RevokeOptions, world: World): Promise<number> {
  const { terminal } = world;
  if ((serial === undefined) === (options.member === undefined)) {
    throw new Fault('usage', 'name either a serial number or a member', { cure: 'guildhall certificate list shows both', exitCode: 2 });
  }
  const dryRun = options.dryRun === true;
  const { revoked } = await withHub(options, world, (api) =>
    api.authority.revokeCertificate({
      serial: (serial ?? '')
        .toLowerCase()
        .replaceAll(':', '')
        .replace(/^0+(?=.)/, ''),
      member: options.member ?? '',
      reason: options.reason ?? '',
      why: options.why ?? '',
      dryRun,
    }),
  );
  if (options.json) {
    terminal.out(jsonLine({ dryRun, revoked }));
    return 0;
  }
  for (const { serial: number, member, names } of revoked) {
    const said = styled(dryRun ? 'would revoke' : 'revoked', dryRun ? 'yellow' : 'red', terminal.colorOut);
    terminal.out(`${said} ${terminalText(number, 80)} of ${terminalText(member, 80)} (${terminalText(names.join(' '), 300)})`);
  }
  if (revoked.length === 0) terminal.out('nothing to revoke: it has no good certificate');
  else {
    terminal.talk(dryRun ? 'nothing was changed (--dry-run)' : 'connections that show it close within a second, and it opens none again');
    if (options.reason === 'keyCompromise')
      terminal.talk('its tokens for the API and open invitations stay good: guildhall token list, guildhall token revoke ID');
  }
  return 0;
}

function parsed(certificate: string, from: string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (thrown) {
    throw new Fault('usage', `${from}: its certificate is damaged`, {
      cure: 'get it once more from where it was made',
      exitCode: 2,
      cause: thrown,
    });
  }
}

/** Serial number and names of a certificate. Throws a Fault `usage` for a text that is none. */
function facts(certificate: string, file: string): { serial: string; names: string[] } {
  const leaf = parsed(certificate, file);
  const read = factsOf([leaf], true, '');
  return { serial: serialNumberOf(leaf), names: read === undefined ? [] : [...sipNames(read)] };
}

async function register(file: string, options: RegisterOptions, world: World): Promise<number> {
  const certificate = readNamedPem(file, 'FILE', 'CERTIFICATE', world.cwd);
  if (options.dryRun) {
    await withHub(options, world, (api) => api.membership.getMember({ id: options.member }));
    const { serial, names } = facts(certificate, file);
    return tellDryRun(
      { member: options.member, serial, names },
      `would register ${serial} of ${terminalText(options.member, 80)}`,
      options,
      world,
    );
  }
  const answer = await withHub(options, world, (api) =>
    api.authority.registerCertificate({ member: options.member, certificate, why: options.why ?? '' }),
  );
  const made = answer.certificate;
  if (options.json) world.terminal.out(jsonLine({ certificate: made }));
  else {
    world.terminal.out(
      `${styled('registered', 'green', world.terminal.colorOut)} ${terminalText(made?.serial ?? '', 80)} of ${terminalText(made?.member ?? '', 80)}, until ${shownInstant(made?.validUntil ?? '')}`,
    );
  }
  return 0;
}

/** What everybody may have of the hub's authority; needs no token. */
async function authority(options: AuthorityOptions, world: World): Promise<number> {
  const { terminal } = world;
  const known = await withHub(options, world, (api) => api.authority.getAuthority({}));
  if (known.certificate === '') {
    throw new Fault('no-authority', 'this hub has no certificate authority of its own', {
      cure: 'make one with guildhall ca init, or look at the authorities of the community with guildhall membership export',
    });
  }
  if (options.out !== undefined) {
    writeOpenly(`${options.out}.crt`, known.certificate, world.cwd);
    if (known.revocationList !== '') writeOpenly(`${options.out}.crl`, known.revocationList, world.cwd);
  }
  if (options.json) {
    terminal.out(jsonLine({ ...known }));
    return 0;
  }
  const { subject, fingerprint256, validTo } = parsed(known.certificate, 'the answer');
  const facts = [
    ['subject', subject.replaceAll('\n', ', ')],
    ['sha256', fingerprint256.replaceAll(':', '').toLowerCase()],
    ['until', shownInstant(new Date(validTo).toISOString())],
    ['revocation list', known.revocationListUntil === '' ? 'none' : `until ${shownInstant(known.revocationListUntil)}`],
    ['issues', known.issues ? 'here, for enrolment tokens (guildhall member invite)' : 'elsewhere: its key is offline (guildhall ca sign)'],
  ] as const;
  for (const line of factLines(facts, terminal.colorOut)) terminal.out(line);
  return 0;
}

/** Adds the noun `certificate` to the command line. */
export function addCertificateVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const certificate = program
    .command('certificate')
    .summary('what the hub’s authority issued')
    .description('Certificates that the hub’s own authority issued: which end soon, which are revoked.');
  const listing = certificate
    .command('list')
    .summary('those that were issued, nearest end first')
    .description('Lists the certificates that were issued, nearest end first.')
    .option('--member <id>', 'only those of this member')
    .option('--ending <days>', 'only those that end within so many days')
    .option('--revoked', 'those that are revoked as well');
  withApiOptions(listing)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall certificate list --ending 30\n  guildhall certificate list --member acme --revoked --json',
    )
    .action(async (options: ListOptions) => ends(await list(options, world)));
  const revoking = certificate
    .command('revoke')
    .summary('make one or all of a member’s worthless')
    .description('Revokes a certificate, or all of a member’s: connections that show it close within a second.')
    .argument('[serial]', 'its serial number, hex')
    .option('--member <id>', 'instead: all certificates of this member')
    .addOption(new Option('--reason <word>', 'a word of RFC 5280; stands in the revocation list').choices(reasons));
  withChangeOptions(revoking)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall certificate revoke 3f9a21 --reason keyCompromise --why "laptop stolen"\n  guildhall certificate revoke --member acme --dry-run',
    )
    .action(async (serial: string | undefined, options: RevokeOptions) => ends(await revoke(serial, options, world)));
  const registering = certificate
    .command('register')
    .summary('make one known that was signed offline')
    .description(
      'Makes a certificate known that was signed elsewhere with the authority’s key (guildhall ca sign), so that it can be seen and revoked.',
    )
    .argument('<file>', 'the certificate (PEM)')
    .requiredOption('--member <id>', 'whose it is');
  withChangeOptions(registering)
    .addHelpText('after', '\nExamples:\n  guildhall certificate register acme.crt --member acme')
    .action(async (file: string, options: RegisterOptions) => ends(await register(file, options, world)));
  const asking = certificate
    .command('authority')
    .summary('the hub’s authority and its revocation list')
    .description(
      'Shows the hub’s own authority, which everybody may know: its fingerprint to compare, its certificate and revocation list as files.',
    )
    .option('--out <name>', 'write NAME.crt and NAME.crl');
  withApiOptions(asking)
    .addHelpText('after', '\nExamples:\n  guildhall certificate authority\n  guildhall certificate authority --out /etc/kamailio/guild')
    .action(async (options: AuthorityOptions) => ends(await authority(options, world)));
}
