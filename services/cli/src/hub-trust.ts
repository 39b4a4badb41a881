import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainEndsIn, factsOf, parseAnchors } from '@guildhall/chassis/certificate';
import { isPemText } from '@guildhall/proto/community/entries';
import type { LoadedCommunity } from './community-file.js';
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

/** The folder of a state's own certificate authority, where guildhall ca init puts one; undefined without. */
export function stateAuthority(state: StateFolder): string | undefined {
  const folder = join(state.path, 'authority');
  return existsSync(join(folder, 'authority.crt')) ? folder : undefined;
}

/** The operator's token file of a state folder; policy makes it. */
export function operatorTokenFile(state: StateFolder): string {
  return join(state.path, 'operator.token');
}

/**
 * Notes which authorities vouch for the hub's own certificate: those the community names, the state's own, and what stands behind the
 * certificate in its file. Where none of them does, it is one of a public authority.
 */
export function noteApiDoor({ community, resolve }: LoadedCommunity, state: StateFolder, now: Date): ApiDoor {
  const { certificate, trust, domain } = community.hub;
  const shown = pemOf(readFileSync(resolve(certificate.cert), 'latin1'));
  const authority = stateAuthority(state);
  const files = [
    ...trust.ca.map((file) => (isPemText(file) ? file : resolve(file))),
    ...(authority === undefined ? [] : [join(authority, 'authority.crt')]),
  ];
  const anchors = [...files.flatMap((file) => pemOf(isPemText(file) ? file : readFileSync(file, 'latin1'))), ...shown.slice(1)];
  const facts = factsOf(parseAnchors([shown.join('\n')]), true, '');
  const vouched = facts !== undefined && (facts.selfSigned || chainEndsIn(facts, parseAnchors(anchors), now.getTime()));
  const ca = join(state.run, 'api-authorities.pem');
  if (vouched) writePrivate(ca, `${[...anchors, ...(facts.selfSigned ? shown.slice(0, 1) : [])].join('\n')}\n`);
  return { ca: vouched ? ca : '', name: domain, tokenFile: operatorTokenFile(state) };
}

/** The certificates of a PEM text, one each. */
function pemOf(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
}
