import { sipNames } from '@guildhall/chassis/certificate';
import { refusedCertificate, type TurnedAwayTeller } from '@guildhall/chassis/turned-away';
import type { CloseReason } from '@guildhall/proto/reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { PeerFacts, ShownLeaf } from './peer.js';
import type { TrustTable } from './trust.js';

/** Tells why a connection was refused or put out: `source` is its far end, `detail` what exactly was wrong. */
export type TurnAway = (reason: CloseReason, source: string, detail: string, facts: PeerFacts | undefined) => void;

/**
 * Every refusal is counted and logged (`log`), recorded with the member whose certificate it seems to be (`record`), and told to policy for those who
 * ask why. `wall` is the time of day, ms.
 */
export function turningAway(
  log: TurnAway,
  teller: TurnedAwayTeller,
  trust: () => TrustTable | undefined,
  wall: () => number,
  record: (reason: CloseReason, source: string, detail: string, member: string) => void,
): TurnAway {
  return (reason, source, detail, facts) => {
    const member = whose(facts?.certificate, trust());
    log(reason, source, detail, facts);
    record(reason, source, detail, member);
    teller.note({
      when: new Date(wall()).toISOString(),
      reason,
      source,
      detail: printable(detail, 400),
      member,
      ...refusedCertificate(facts?.certificate, printable),
    });
  };
}

/** The one member whose key or name it bears, rightly or not; '' where there is none, or several. */
function whose(certificate: ShownLeaf | undefined, trust: TrustTable | undefined): string {
  if (certificate === undefined || trust === undefined) return '';
  const names = [...sipNames(certificate), certificate.commonName.toLowerCase(), ...wildcardDomains(certificate)];
  const members = new Set(trust.pins.get(certificate.spkiSha256) ?? names.flatMap((name) => trust.names.get(name) ?? []));
  const [one = '', another] = members;
  return another === undefined ? one : '';
}

/** What a wildcard stands below. */
function wildcardDomains({ dnsNames }: ShownLeaf): string[] {
  return dnsNames.filter((name) => name.startsWith('*.')).map((name) => name.slice(2).toLowerCase());
}
