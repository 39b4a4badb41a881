import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { authorityPaths } from '@guildhall/chassis/authority/folder';
import { chainEndsIn, factsOf, parseAnchors } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { isPemText } from '@guildhall/proto/community/entries';
import type { LoadedCommunity } from '../community/community-file.js';
import { type StateFolder, writePrivate } from './state-folder.js';

/** How the other commands on this machine get into the API of a hub that runs with a state folder. */
export interface ApiDoor {
  /** PEM file of the authorities behind its certificate; '': the system's. */
  readonly ca: string;
  /** The name in its certificate. */
  readonly name: string;
  /** File with the operator's token. */
  readonly tokenFile: string;
}

/**
 * The folder of the hub's own certificate authority: the one that is given, else `authority` in the state folder if there is one. Throws a
 * Fault `authority` where the given one holds none.
 */
export function authorityFolder(state: StateFolder, given: string | undefined): string | undefined {
  const folder = given ?? join(state.path, 'authority');
  if (existsSync(authorityPaths(folder).certificate)) return folder;
  if (given === undefined) return undefined;
  throw new Fault('authority', `there is no authority in ${folder}`, {
    cure: `make one with guildhall ca init --folder ${folder}, or name another with --authority DIR`,
    exitCode: 2,
  });
}

/** The operator's token file of a state folder; policy makes it. */
export function operatorTokenFile(state: StateFolder): string {
  return join(state.path, 'operator.token');
}

/**
 * Notes which authorities vouch for the hub's own certificate: those the community names, the hub's own, and what stands behind the
 * certificate in its file. Where none of them does, it is one of a public authority.
 */
export function noteApiDoor(
  { community, resolve }: LoadedCommunity,
  state: StateFolder,
  authority: string | undefined,
  now: Date,
): ApiDoor {
  const { certificate, trust, domain } = community.hub;
  const shown = pemOf(readFileSync(resolve(certificate.cert), 'latin1'));
  const files = [
    ...trust.ca.map((file) => (isPemText(file) ? file : resolve(file))),
    ...(authority === undefined ? [] : [authorityPaths(authority).certificate]),
  ];
  // Of what the hub shows only a root counts: a client builds on nothing less.
  const roots = shown.filter((pem) => factsOf(parseAnchors([pem]), true, '')?.selfSigned === true);
  const anchors = [...files.flatMap((file) => pemOf(isPemText(file) ? file : readFileSync(file, 'latin1'))), ...roots];
  const facts = factsOf(parseAnchors([shown.join('\n')]), true, '');
  const vouched = facts !== undefined && chainEndsIn(facts, parseAnchors(anchors), now.getTime());
  const ca = join(state.run, 'api-authorities.pem');
  if (vouched) writePrivate(ca, `${anchors.join('\n')}\n`);
  return { ca: vouched ? ca : '', name: domain, tokenFile: operatorTokenFile(state) };
}

/** The certificates of a PEM text, one each. */
function pemOf(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
}
