import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, clockMargin, createAuthority, leafOf } from '@guildhall/chassis/authority/authority';
import { authorityPaths, type OpenAuthority, openAuthorityFolder } from '@guildhall/chassis/authority/folder';
import { grantNames, type VettedNames } from '@guildhall/chassis/authority/granted-names';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { type RevocationReason, type RevokedCertificate, readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { plainSerialNumber, serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { readSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { type Certificate, factsOf, sipNames } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';
import { writePrivate } from '../hub/state-folder.js';

/** A certificate that was signed in a folder, as it is kept there. */
export interface SignedHere {
  readonly serial: string;
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly until: string;
  readonly revoked: boolean;
}

const day = 86_400_000;

/** Where a folder keeps what was signed with its key. */
function issuedFolder(folder: string): string {
  return join(folder, 'issued');
}

function cannotWrite(folder: string, thrown: unknown): Fault {
  return new Fault('folder', `cannot write to ${folder}: ${readTrouble(thrown)}`, {
    cure: 'give a folder you may write with --folder',
    cause: thrown,
  });
}

/** Makes an authority in a folder: its certificate, its key (readable by its owner only) and an empty revocation list. Throws a Fault where there is one already. */
export async function makeAuthority(
  folder: string,
  { name, days, crlDays, now }: { readonly name: string; readonly days: number; readonly crlDays: number; readonly now: number },
): Promise<Authority> {
  const paths = authorityPaths(folder);
  const taken = [paths.certificate, paths.key].find((path) => existsSync(path));
  if (taken !== undefined) {
    throw new Fault('exists', `there is an authority already: ${taken}`, {
      cure: 'give another folder with --folder; members trust the one they have',
    });
  }
  const authority = await createAuthority(name, now - clockMargin, now + days * day);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writePrivate(paths.key, authority.key);
    writeFileSync(paths.certificate, authority.pem);
    writeFileSync(paths.list, await listOf(authority, undefined, [], { now, crlDays }));
  } catch (thrown) {
    throw cannotWrite(folder, thrown);
  }
  return authority;
}

/** An authority with its key. Rejects with a Fault that names the cure. */
async function openSigning(folder: string): Promise<OpenAuthority & { readonly signing: Authority }> {
  const open = await openAuthorityFolder(folder);
  if (open.signing !== undefined) return { ...open, signing: open.signing };
  throw new Fault('no-key', `there is no key in ${folder}`, { cure: 'run this where authority.key is kept', exitCode: 3 });
}

/** Signs what a request asks for, as far as the names are vetted, and keeps a copy. Returns the chain, PEM. */
export async function signRequest(
  folder: string,
  request: string,
  vetted: VettedNames,
  { days, now }: { readonly days: number; readonly now: number },
): Promise<{ chain: string; leaf: Certificate }> {
  const { signing } = await openSigning(folder);
  const read = await readSigningRequest(request);
  const granted = grantNames(read, vetted);
  if ('refused' in granted) throw new Fault('name', granted.refused, { cure: granted.cure });
  return sign(folder, signing, { ...granted, spki: read.spki }, { days, now });
}

/** Makes a key and a certificate for it, as for the hub itself. */
export async function issueIdentity(
  folder: string,
  names: { readonly domains: readonly string[]; readonly hosts: readonly string[] },
  { days, now }: { readonly days: number; readonly now: number },
): Promise<{ chain: string; leaf: Certificate; key: string }> {
  const { signing } = await openSigning(folder);
  const key = await newSigningKey();
  const dnsNames = [...new Set([...names.domains, ...names.hosts])];
  return { ...(await sign(folder, signing, { spki: key.spki, sipDomains: names.domains, dnsNames }, { days, now })), key: key.pem };
}

async function sign(
  folder: string,
  signing: Authority,
  names: { readonly spki: Uint8Array; readonly sipDomains: readonly string[]; readonly dnsNames: readonly string[] },
  { days, now }: { readonly days: number; readonly now: number },
): Promise<{ chain: string; leaf: Certificate }> {
  const commonName = [...names.sipDomains, ...names.dnsNames].find((name) => name.length <= 64) ?? 'member';
  const pem = await signing.issue({ ...names, commonName, from: now - clockMargin, until: now + days * day });
  const leaf = leafOf(pem);
  try {
    mkdirSync(issuedFolder(folder), { recursive: true, mode: 0o700 });
    writeFileSync(join(issuedFolder(folder), `${serialNumberOf(leaf)}.crt`), pem);
  } catch (thrown) {
    // What is not kept could not be revoked, so it is not handed out.
    throw cannotWrite(folder, thrown);
  }
  return { chain: `${pem}${signing.pem}`, leaf };
}

/** Everything that was signed in a folder, ends nearest first. */
export function signedIn(folder: string, list: OpenAuthority['list']): SignedHere[] {
  const revoked = new Set(list?.read.revoked.map(({ serial }) => serial));
  const files = existsSync(issuedFolder(folder)) ? readdirSync(issuedFolder(folder)).filter((name) => name.endsWith('.crt')) : [];
  return files
    .map((name) => {
      const leaf = leafOf(readFileSync(join(issuedFolder(folder), name), 'latin1'));
      const facts = factsOf([leaf], true, '');
      const serial = serialNumberOf(leaf);
      const names = facts === undefined ? [] : sipNames(facts);
      return { serial, names, until: new Date(leaf.validTo).toISOString(), revoked: revoked.has(serial) };
    })
    .toSorted((one, other) => (one.until < other.until ? -1 : 1));
}

/** A serial number as somebody wrote it, or that of the certificate in a file. Throws a Fault `usage`. */
export function serialOf(given: string, read: (path: string) => string): string {
  if (/^[0-9a-fA-F:]{2,64}$/.test(given)) return plainSerialNumber(given.replaceAll(':', ''));
  try {
    return serialNumberOf(leafOf(read(given)));
  } catch (cause) {
    throw new Fault('usage', `${given} is neither a serial number nor a file with a certificate`, {
      cure: 'see guildhall ca show for the serial numbers',
      exitCode: 2,
      cause,
    });
  }
}

/** Makes the revocation list of a folder anew, with these added. Returns how many it names. */
export async function renewList(
  folder: string,
  serials: readonly string[],
  { reason, crlDays, now }: { readonly reason: RevocationReason; readonly crlDays: number; readonly now: number },
): Promise<{ revoked: number; until: number }> {
  const { signing, list } = await openSigning(folder);
  const added = serials.map((serial) => ({ serial, at: now, reason }));
  const pem = await listOf(signing, list, added, { now, crlDays });
  try {
    writeFileSync(authorityPaths(folder).list, pem);
  } catch (thrown) {
    throw cannotWrite(folder, thrown);
  }
  const [made] = readRevocationLists(pem);
  return { revoked: made?.revoked.length ?? 0, until: made?.nextUpdate ?? now };
}

async function listOf(
  signing: Authority,
  list: OpenAuthority['list'],
  added: readonly RevokedCertificate[],
  { now, crlDays }: { readonly now: number; readonly crlDays: number },
): Promise<string> {
  const known = new Map(list?.read.revoked.map((one) => [one.serial, one]));
  for (const one of added) if (!known.has(one.serial)) known.set(one.serial, one);
  const seconds = BigInt(Math.floor(now / 1000));
  const next = (list?.read.number ?? 0n) + 1n;
  return signing.revocationList({
    number: next > seconds ? next : seconds,
    thisUpdate: now,
    nextUpdate: now + crlDays * day,
    revoked: [...known.values()],
  });
}
