import { createHash, type X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSigningKey, readSigningKey, type SigningKey } from '@guildhall/chassis/authority/key';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { parseAnchors } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';
import { writePrivate } from '../hub/state-folder.js';
import { askDoor, certificatesIn, type DoorAddress, doorAddress } from './hub-door.js';

/** The files a member gets by joining. */
export interface MemberFolder {
  /** PEM, readable by its owner only. */
  readonly key: string;
  /** The chain, leaf first. */
  readonly certificate: string;
  /** Every authority that the member's proxy has to trust. */
  readonly authority: string;
  /** Where it was enrolled, for renewing. */
  readonly enrolment: string;
}

/** What a member joins with. */
export interface Joining {
  /** "https://host:port" of the enrolment door. */
  readonly hub: string;
  /** The name the door's certificate carries, where that is not the host of `hub`. */
  readonly hubName?: string | undefined;
  readonly token: string;
  /** SIP domains and names of proxies; neither: whatever the hub allows. */
  readonly domains: readonly string[];
  readonly names: readonly string[];
  /** Where its files go. */
  readonly folder: string;
  /** Path of a key to use instead of a new one. */
  readonly key?: string | undefined;
  /** PEM of who vouches for the door's certificate, besides the hub's authority and the system's. */
  readonly trust?: readonly string[];
}

/** What came of it. */
export interface Joined {
  readonly files: MemberFolder;
  readonly leaf: X509Certificate;
}

/** Where a member was enrolled. */
export interface Enrolment {
  readonly hub: string;
  readonly hubName: string;
}

/** Paths of a member's files. */
export function memberFolder(folder: string): MemberFolder {
  const at = (name: string) => join(folder, name);
  return {
    key: at('certificate.key'),
    certificate: at('certificate.crt'),
    authority: at('authority.crt'),
    enrolment: at('enrolment.json'),
  };
}

/** The SHA-256 of the hub's authority, which is the last part of an enrolment token. Throws a Fault `token`. */
function authorityOf(token: string): string {
  const sha256 = /^gh1_e_[0-9a-f]+_[0-9a-f]+_([0-9a-f]{64})$/.exec(token)?.[1];
  if (sha256 !== undefined) return sha256;
  throw new Fault('token', 'this is no enrolment token', {
    cure: 'give the whole text that begins with gh1_e_, as the operator sent it',
    exitCode: 2,
  });
}

/** The hub's authority, once it is certain that it is the one the token speaks of. Nothing secret was sent by then. */
async function knownAuthority(door: DoorAddress, token: string): Promise<string> {
  const sha256 = authorityOf(token);
  const pem = await askDoor(door, { method: 'GET', path: '/v1/authority.crt', trust: undefined });
  const [certificate] = certificatesIn(pem);
  if (certificate !== undefined && createHash('sha256').update(certificate.raw).digest('hex') === sha256) return certificate.toString();
  throw new Fault('wrong-hub', `the hub at ${door.host}:${door.port} is not the one the token is from: it shows another authority`, {
    cure: 'check the address and the token; somebody may stand between',
  });
}

async function keyFor(path: string, files: MemberFolder): Promise<SigningKey> {
  const given = path !== files.key;
  if (!given && !existsSync(path)) return newSigningKey();
  try {
    return await readSigningKey(readFileSync(path, 'latin1'), path);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('key', `cannot read the key ${path}: ${readTrouble(thrown)}`, { cure: 'check the path', exitCode: 2, cause: thrown });
  }
}

/** The leaf of a chain, if it is for this key. Throws a Fault `bad-answer`. */
export function leafFor(chain: string, key: SigningKey): X509Certificate {
  const [leaf] = certificatesIn(chain);
  if (leaf?.publicKey.export({ type: 'spki', format: 'der' }).equals(key.spki) === true) return leaf;
  throw new Fault('bad-answer', 'the hub sent no certificate for the key', { cure: 'ask the operator of the hub' });
}

function refuseSecond(files: MemberFolder): void {
  if (!existsSync(files.certificate)) return;
  throw new Fault('exists', `there is a certificate in ${files.certificate} already`, {
    cure: 'renew it with guildhall renew --folder DIR, or give another folder with --out',
  });
}

/** Makes a key (or takes the one that is there), proves who the hub is, and gets a certificate with the token. Throws a Fault; then no certificate was written. */
export async function joinHub(joining: Joining): Promise<Joined> {
  const files = memberFolder(joining.folder);
  const door = doorAddress(joining.hub, joining.hubName);
  authorityOf(joining.token);
  refuseSecond(files);
  const key = await keyFor(joining.key ?? files.key, files);
  const authority = await knownAuthority(door, joining.token);
  const trust = [authority, ...(joining.trust ?? [])];
  const anchors = await askDoor(door, { method: 'GET', path: '/v1/anchors.crt', trust });
  const signingRequest = await makeSigningRequest(key, {
    commonName: joining.domains[0] ?? joining.names[0] ?? 'member',
    sipDomains: joining.domains,
    dnsNames: [...joining.domains, ...joining.names],
  });
  try {
    mkdirSync(joining.folder, { recursive: true, mode: 0o700 });
    // Before the token is used up: a certificate without its key is of no use.
    writePrivate(files.key, key.pem);
  } catch (thrown) {
    throw new Fault('folder', `cannot write to ${joining.folder}: ${readTrouble(thrown)}`, {
      cure: 'give a folder you may write with --out',
      cause: thrown,
    });
  }
  const headers = { authorization: `Bearer ${joining.token}`, 'content-type': 'application/x-pem-file' };
  const chain = await askDoor(door, { method: 'POST', path: '/v1/enrol', trust, headers, body: signingRequest });
  const leaf = leafFor(chain, key);
  writeFileSync(files.authority, withAuthority(anchors, authority));
  writeFileSync(files.enrolment, `${JSON.stringify({ hub: joining.hub, hubName: door.name } satisfies Enrolment, null, 2)}\n`);
  writeFileSync(files.certificate, chain);
  return { files, leaf };
}

/** What the hub's proxy may be vouched for by; the hub's own authority is always among them. */
function withAuthority(anchors: string, authority: string): string {
  const known = certificatesIn(anchors).map((anchor) => anchor.toString());
  return [...new Set([authority, ...known])].map((pem) => `${pem.trim()}\n`).join('');
}

/** The anchors that a member's folder holds, PEM. */
export function keptAnchors(files: MemberFolder): string[] {
  return parseAnchors([readFileSync(files.authority, 'latin1')]).map((anchor) => anchor.toString());
}
