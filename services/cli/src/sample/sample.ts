import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@guildhall/chassis/fault';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { renderProblem } from '@guildhall/proto/community/problem';
import type { CommunityFile, CommunityMember } from '@guildhall/proto/community/schema';
import { identityTroubles } from '../community/certificate-check.js';
import type { LoadedCommunity } from '../community/community-file.js';
import { type StateFolder, writePrivate } from '../hub/state-folder.js';
import type { SampleAuthority, SampleIdentity, SampleNames } from './sample-authority.js';

/** The sample community in a state folder. */
export interface Sample {
  /** Path of the community file, the user's to edit. */
  readonly file: string;
  readonly community: CommunityFile;
}

/** Sample certificates are made anew when less than this is left of them, in ms. */
const renewBefore = 7 * 24 * 60 * 60 * 1000;

/** The files of one identity in a folder. */
function filesOf(folder: string, name: string): { cert: string; key: string } {
  return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

function readIdentity(files: { cert: string; key: string }): SampleIdentity {
  return { certificate: readFileSync(files.cert, 'latin1'), key: readFileSync(files.key, 'latin1') };
}

function isGood(files: { cert: string; key: string }, now: Date): boolean {
  return existsSync(files.cert) && identityTroubles(files.cert, files.key, new Date(now.getTime() + renewBefore)).length === 0;
}

async function ensureAuthority(folder: string, now: Date): Promise<SampleAuthority> {
  const files = filesOf(folder, 'ca');
  // Loaded only here: who merely uses a sample certificate needs no certificate maker.
  const { createSampleAuthority, readSampleAuthority } = await import('./sample-authority.js');
  if (isGood(files, now)) return readSampleAuthority(readIdentity(files), now);
  const authority = await createSampleAuthority('Guildhall sample authority', now);
  writeIdentity(files, authority);
  return authority;
}

function writeIdentity(files: { cert: string; key: string }, identity: SampleIdentity): void {
  writePrivate(files.key, identity.key);
  writePrivate(files.cert, identity.certificate);
}

/** Issues an identity unless a good one of this authority, for all these names, is there. */
async function ensureIdentity(folder: string, name: string, names: SampleNames, authority: SampleAuthority, now: Date): Promise<void> {
  const files = filesOf(folder, name);
  if (isGood(files, now)) {
    const present = new X509Certificate(readFileSync(files.cert));
    const issued = present.verify(new X509Certificate(authority.certificate).publicKey);
    if (issued && names.domains.every((domain) => present.subjectAltName?.split(', ').includes(`URI:sip:${domain}`))) return;
  }
  writeIdentity(files, await authority.issue(names));
}

function namesOf(member: CommunityMember): SampleNames {
  const hosts = member.proxies.flatMap((proxy) => (proxy.name === undefined ? [proxy.host] : [proxy.name, proxy.host]));
  return { commonName: member.id, domains: member.domains, hosts };
}

/** Reads the file of the sample; its certificates may be missing still. Throws a Fault with its problems. */
function readSample(file: string): CommunityFile {
  const { file: community, problems } = inspectCommunity(readFileSync(file, 'utf8'));
  if (community !== undefined) return community;
  throw new Fault(
    'community',
    `the sample community has problems\n${problems.map((problem) => `  ${renderProblem(file, problem)}`).join('\n')}`,
    {
      cure: `correct what is named above, or delete ${file} to get a fresh one`,
      exitCode: 2,
    },
  );
}

/** The text of the sample community of deploy/, pointing editors at its schema from anywhere. */
function sampleText(): string {
  const deploy = new URL('../../../../deploy/', import.meta.url);
  const text = readFileSync(new URL('community.yaml', deploy), 'utf8');
  return text.replace('$schema=./', () => `$schema=${fileURLToPath(deploy)}`);
}

/**
 * Makes the sample community in the state folder, or takes the one that is there with the user's changes: missing and
 * ending certificates of the hub and of every member are issued by its throw-away authority.
 */
export async function ensureSample(state: StateFolder, now: Date, text = sampleText): Promise<Sample> {
  const folder = state.sample;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'community.yaml');
  if (!existsSync(file)) writePrivate(file, text());
  const community = readSample(file);
  const authority = await ensureAuthority(folder, now);
  const { hub } = community;
  // A certificate the user put in place of the sample's stays.
  if (resolve(folder, hub.certificate.cert) === filesOf(folder, 'hub').cert) {
    await ensureIdentity(folder, 'hub', { commonName: hub.domain, domains: [hub.domain] }, authority, now);
  }
  for (const member of community.members) await ensureIdentity(folder, member.id, namesOf(member), authority, now);
  return { file, community };
}

/** Whether a community trusts the authority of the sample in this state folder, so that the sample's certificates open its hub. */
export function trustsSample(state: StateFolder, loaded: Pick<LoadedCommunity, 'community' | 'resolve'>): boolean {
  try {
    const own = readFileSync(filesOf(state.sample, 'ca').cert, 'latin1').trim();
    return loaded.community.hub.trust.ca.some((file) => readFileSync(loaded.resolve(file), 'latin1').includes(own));
  } catch {
    return false;
  }
}

/** Certificate, key and authority with which a sample member shows itself. Throws a Fault `no-sample-identity`. */
export function sampleIdentity(state: StateFolder, memberId: string): SampleIdentity & { readonly ca: string } {
  try {
    return { ...readIdentity(filesOf(state.sample, memberId)), ca: readFileSync(filesOf(state.sample, 'ca').cert, 'latin1') };
  } catch (thrown) {
    throw new Fault('no-sample-identity', `there is no sample certificate of ${memberId} in ${state.sample}`, {
      cure: 'run guildhall up once with that state folder, or give --certificate, --key and --ca',
      cause: thrown,
    });
  }
}
