import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { factsOf, sipNames } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { durationMs } from '@guildhall/chassis/units';
import { printable } from '@guildhall/proto/sip/escape';
import type { Command } from 'commander';
import { readTrouble } from '../community/certificate-check.js';
import { shownInstant } from '../instant-text.js';
import type { World } from '../world.js';

interface HubOptions {
  readonly hubName?: string;
  readonly ca?: string;
  readonly json?: true;
}

interface JoinOptions extends HubOptions {
  readonly hub: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly domain?: string[];
  readonly name?: string[];
  readonly out: string;
  readonly key?: string;
}

interface RenewOptions extends HubOptions {
  readonly folder: string;
  readonly within?: string;
  readonly newKey?: true;
  readonly hub?: string;
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (thrown) {
    throw new Fault('file', `cannot read the ${what} ${path}: ${readTrouble(thrown)}`, {
      cure: 'check the path',
      exitCode: 2,
      cause: thrown,
    });
  }
}

function tokenOf({ token, tokenFile }: JoinOptions, cwd: string): string {
  if ((token === undefined) === (tokenFile === undefined)) {
    throw new Fault('usage', 'give the enrolment token', {
      cure: 'with --token-file FILE (- reads it from stdin, so that nobody sees it in the list of processes) or with --token',
      exitCode: 2,
    });
  }
  return (token ?? readText(tokenFile === '-' ? '-' : resolve(cwd, tokenFile ?? ''), 'token')).trim();
}

function trustOf({ ca }: HubOptions, cwd: string): string[] {
  return ca === undefined ? [] : [readText(resolve(cwd, ca), 'authority')];
}

function about(leaf: X509Certificate): { names: readonly string[]; until: string; serial: string } {
  const facts = factsOf([leaf], true, '');
  return {
    names: facts === undefined ? [] : sipNames(facts),
    until: new Date(leaf.validTo).toISOString(),
    serial: leaf.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
  };
}

/** `guildhall join`: a member's key, its certificate from the hub, and whom to trust. Resolves to 0. */
export async function join(options: JoinOptions, { terminal, cwd }: World): Promise<number> {
  // Loaded only here: who joins seldom does anything else, and the certificate maker costs a third of a second.
  const { joinHub } = await import('./join-hub.js');
  const { files, leaf } = await joinHub({
    hub: options.hub,
    hubName: options.hubName,
    token: tokenOf(options, cwd),
    domains: (options.domain ?? []).map((domain) => domain.toLowerCase()),
    names: (options.name ?? []).map((name) => name.toLowerCase()),
    folder: resolve(cwd, options.out),
    key: options.key === undefined ? undefined : resolve(cwd, options.key),
    trust: trustOf(options, cwd),
  });
  const { names, until, serial } = about(leaf);
  if (options.json) terminal.out(JSON.stringify({ ok: true, serial, names, until, ...files }));
  else {
    terminal.out(`joined as ${printable(names.join(', '), 400)}, until ${shownInstant(until)}`);
    for (const [what, path] of Object.entries(files)) terminal.out(`  ${what.padEnd(12)} ${path}`);
    terminal.talk(`renew it in time: guildhall renew --folder ${options.out} --within 30d (good for a daily timer)`);
  }
  return 0;
}

/** `guildhall renew`: another certificate with the one in use. Resolves to 0, also when it was not due. */
export async function renew(options: RenewOptions, { terminal, cwd, now }: World): Promise<number> {
  const within = options.within === undefined ? Number.POSITIVE_INFINITY : durationMs(options.within);
  if (within === undefined)
    throw new Fault('usage', `--within ${options.within} is no time span`, { cure: 'write one such as 30d', exitCode: 2 });
  const { renewCertificate } = await import('./renew-certificate.js');
  const { renewed, files, leaf } = await renewCertificate(
    {
      folder: resolve(cwd, options.folder),
      within,
      newKey: options.newKey === true,
      hub: options.hub,
      hubName: options.hubName,
      trust: trustOf(options, cwd),
    },
    now(),
  );
  const { names, until, serial } = about(leaf);
  if (options.json) terminal.out(JSON.stringify({ ok: true, renewed, serial, names, until, certificate: files.certificate }));
  else
    terminal.out(
      renewed
        ? `renewed ${files.certificate}, until ${shownInstant(until)}`
        : `not due: ${files.certificate} lasts until ${shownInstant(until)}`,
    );
  return 0;
}

/** Adds `join` and `renew` to the command line. */
export function addJoin(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('join')
    .summary('join a community as a member')
    .description(
      'Makes a key and gets its certificate from the hub with the enrolment token that its operator sent. The hub is known by the token: nothing secret is sent before.',
    )
    .requiredOption('--hub <url>', 'the enrolment door, https://HOST:PORT')
    .option('--token-file <file>', 'the enrolment token; - reads it from stdin')
    .option('--token <token>', 'the same as text (others may see it in the list of processes)')
    .option('--domain <domain...>', 'your SIP domains; default: all that the hub has of you')
    .option('--name <name...>', 'names of your proxies')
    .option('--out <dir>', 'where key and certificates go', '.')
    .option('--key <file>', 'use this key instead of a new one (PEM)')
    .option('--hub-name <name>', "the name in the hub's certificate, if it is not the host of --hub")
    .option('--ca <file>', "who vouches for the door's certificate, besides the hub's authority and the system's")
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  guildhall join --hub https://hub.example:5080 --token-file token --domain acme.example --out /etc/acme-sip
  pass guild-token | guildhall join --hub https://hub.example:5080 --token-file - --name sip.acme.example --domain acme.example

The same with openssl and curl (compare the fingerprint with the last part of the token):
  TOKEN=$(cat token)
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout certificate.key -out request.pem -subj /CN=acme.example
  curl -ks https://hub.example:5080/v1/authority.crt -o authority.crt
  openssl x509 -in authority.crt -outform DER | sha256sum
  curl -sS --cacert authority.crt -H "Authorization: Bearer $TOKEN" --data-binary @request.pem https://hub.example:5080/v1/enrol -o certificate.crt -w '%{http_code}'`,
    )
    .action(async (options: JoinOptions) => ends(await join(options, world)));
  program
    .command('renew')
    .summary("renew a member's certificate")
    .description('Gets another certificate for the same names, with the one in use. Run it daily with --within.')
    .option('--folder <dir>', 'what guildhall join wrote', '.')
    .option('--within <span>', 'only if less than this is left, such as 30d')
    .option('--new-key', 'make a new key too')
    .option('--hub <url>', 'the enrolment door, if it has moved')
    .option('--hub-name <name>', "the name in the hub's certificate")
    .option('--ca <file>', "who vouches for the door's certificate, besides those in the folder")
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall renew --folder /etc/acme-sip\n  guildhall renew --folder /etc/acme-sip --within 30d --new-key',
    )
    .action(async (options: RenewOptions) => ends(await renew(options, world)));
}
