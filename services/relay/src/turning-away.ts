import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { refusedCertificate, type TurnedAwayTeller } from '@guildhall/chassis/turned-away';
import type { CloseReason } from '@guildhall/proto/reason';
import { printable } from '@guildhall/proto/sip/escape';
import type { LinkName } from './events.js';

/** A proxy that did not prove who it is, or does not any more. */
export interface Distrusted {
  readonly reason: CloseReason;
  /** What was expected; printable. */
  readonly detail: string;
  readonly facts: CertificateFacts | undefined;
}

/** Tells policy of it, for those who ask why. `wall` is the time of day, ms. */
export function turningAway(teller: TurnedAwayTeller, wall: () => number): (link: LinkName, distrusted: Distrusted) => void {
  return ({ member, address }, { reason, detail, facts }) =>
    teller.note({
      when: new Date(wall()).toISOString(),
      reason,
      source: address,
      detail,
      member,
      ...refusedCertificate(facts, printable),
    });
}
