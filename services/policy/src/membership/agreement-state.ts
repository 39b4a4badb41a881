import type { Agreement } from '@guildhall/proto/gen/guildhall/admin/v1/membership';

/**
 * How an agreement stands: "proposed" while one of the two has not accepted; then "not yet" or "expired" by its dates, "idle"
 * where the model has no agreements, "accepted" while one of the two is not active, and else "in force".
 */
export type AgreementState = 'proposed' | 'not yet' | 'expired' | 'idle' | 'accepted' | 'in force';

/** What the state depends on besides the agreement itself. */
export interface AgreementWorld {
  readonly model: string;
  /** ms since 1970. */
  readonly now: number;
  isActive(member: string): boolean;
}

/** The state of an agreement. */
export function agreementState(agreement: Agreement, { model, now, isActive }: AgreementWorld): AgreementState {
  const { first, second, acceptedBy, validFrom, validUntil } = agreement;
  if (!acceptedBy.includes(first) || !acceptedBy.includes(second)) return 'proposed';
  if (validUntil !== '' && now >= Date.parse(validUntil)) return 'expired';
  if (model !== 'limited-clearinghouse') return 'idle';
  if (validFrom !== '' && now < Date.parse(validFrom)) return 'not yet';
  return isActive(first) && isActive(second) ? 'in force' : 'accepted';
}
