import { X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { newSigningKey, readSigningKey } from '@guildhall/chassis/authority/key';
import { makeSigningRequest } from '@guildhall/chassis/authority/signing-request';
import { factsOf } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';
import { writePrivate } from '../hub/state-folder.js';
import { askDoor, doorAddress } from './hub-door.js';
import { type Enrolment, keptAnchors, leafFor, type MemberFolder, memberFolder } from './join-hub.js';

/** How a member's certificate is renewed. */
export interface Renewing {
  readonly folder: string;
  /** Only if less than this is left of it, ms. */
  readonly within: number;
  /** With a new key instead of the one in use. */
  readonly newKey: boolean;
  /** Instead of what the folder says. */
  readonly hub?: string | undefined;
  readonly hubName?: string | undefined;
  readonly trust?: readonly string[];
}

/** What came of it: `renewed` is false when enough is left. */
export interface Renewed {
  readonly renewed: boolean;
  readonly files: MemberFolder;
  readonly leaf: X509Certificate;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (thrown) {
    throw new Fault('folder', `cannot read ${path}: ${readTrouble(thrown)}`, {
      cure: 'give the folder that guildhall join wrote with --folder',
      exitCode: 2,
      cause: thrown,
    });
  }
}

function isEnrolment(value: unknown): value is Enrolment {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, 'hub') === 'string' && typeof Reflect.get(value, 'hubName') === 'string';
}

function readEnrolment(path: string): Enrolment {
  let value: unknown;
  try {
    value = JSON.parse(read(path));
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
  }
  if (isEnrolment(value)) return value;
  throw new Fault('folder', `${path} does not say where the member was enrolled`, {
    cure: 'give the hub with --hub https://HOST:PORT',
    exitCode: 2,
  });
}

function readLeaf(path: string): X509Certificate {
  try {
    return new X509Certificate(read(path));
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('certificate', `${path} holds no certificate`, { cure: 'join again with a new token', exitCode: 2, cause: thrown });
  }
}

/** Gets a certificate for the same names with the one in use. Throws a Fault; then the files are as they were. */
export async function renewCertificate(renewing: Renewing, now: Date): Promise<Renewed> {
  const files = memberFolder(renewing.folder);
  const leaf = readLeaf(files.certificate);
  if (Date.parse(leaf.validTo) - now.getTime() > renewing.within) return { renewed: false, files, leaf };
  const kept = renewing.hub === undefined ? readEnrolment(files.enrolment) : undefined;
  const door = doorAddress(renewing.hub ?? kept?.hub ?? '', renewing.hubName ?? kept?.hubName);
  const used = read(files.key);
  const key = renewing.newKey ? await newSigningKey() : await readSigningKey(used, files.key);
  const facts = factsOf([leaf], true, '');
  const signingRequest = await makeSigningRequest(key, {
    commonName: facts?.commonName ?? '',
    sipDomains: (facts?.uris ?? []).map((uri) => uri.replace(/^sip:/i, '')),
    dnsNames: facts?.dnsNames ?? [],
  });
  const chain = await askDoor(door, {
    method: 'POST',
    path: '/v1/renew',
    trust: [...keptAnchors(files), ...(renewing.trust ?? [])],
    headers: { 'content-type': 'application/x-pem-file' },
    body: signingRequest,
    identity: { cert: read(files.certificate), key: used },
  });
  const next = leafFor(chain, key);
  // Each file is there whole at any time; a proxy that reads between the two finds a pair that does not fit and keeps what it has.
  if (renewing.newKey) writePrivate(files.key, key.pem);
  const draft = `${files.certificate}.${process.pid}`;
  writeFileSync(draft, chain);
  renameSync(draft, files.certificate);
  return { renewed: true, files, leaf: next };
}
