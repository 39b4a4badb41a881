import { readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { parseAnchors, spkiSha256 } from '@guildhall/chassis/certificate';
import type { RevokedBy } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { readNamedPem } from '../api/own-file.js';
import type { World } from '../world.js';
import type { Finding } from './doctor-findings.js';

const step = 'revocation';

/** What the revocation lists of these files say, as far as the authorities have signed them. */
export async function revokedByFiles(
  paths: readonly string[],
  authorities: string | undefined,
  world: World,
): Promise<{ lists: RevokedBy[]; findings: Finding[] }> {
  const anchors = authorities === undefined ? [] : parseAnchors([authorities]);
  const lists: RevokedBy[] = [];
  const findings: Finding[] = [];
  for (const path of paths) {
    const told = (said: string): Finding => ({ step, state: 'problem', said: `${path}: ${said}`, cure: 'give a revocation list of --ca' });
    try {
      for (const list of readRevocationLists(readNamedPem(path, '--crl', 'X509 CRL', world.cwd))) {
        let signed = false;
        for (const anchor of anchors) {
          if (!(await list.signedBy(anchor))) continue;
          signed = true;
          const serials = list.revoked.map(({ serial }) => Buffer.from(serial.length % 2 === 0 ? serial : `0${serial}`, 'hex'));
          lists.push({ issuer: Buffer.from(spkiSha256(anchor), 'hex'), serials });
        }
        if (!signed) findings.push(told('it is not signed by an authority of --ca'));
        else if (list.nextUpdate < world.now().getTime())
          findings.push({
            step,
            state: 'unknown',
            said: `${path}: its next list is overdue since ${new Date(list.nextUpdate).toISOString()}`,
          });
      }
    } catch (thrown) {
      findings.push(told(thrown instanceof Error ? thrown.message : 'it cannot be read'));
    }
  }
  return { lists, findings };
}
