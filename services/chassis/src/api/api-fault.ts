/** What kind of refusal: each is one gRPC status and one HTTP status. */
export type ApiFaultCode = 'invalid' | 'not-found' | 'conflict' | 'denied' | 'unavailable' | 'exists' | 'precondition' | 'limit';

/**
 * A handler's refusal, for the caller to read: one sentence with its cause, and the cure. No secret, no stack, nothing of
 * somebody else's that the caller may not see. Everything else a handler throws is an error of our own and told as such.
 */
export class ApiFault extends Error {
  readonly code: ApiFaultCode;
  readonly cure: string;

  constructor(code: ApiFaultCode, message: string, cure = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ApiFault';
    this.code = code;
    this.cure = cure;
  }
}

/** Cause and cure as one text: "There is no member nix. Cure: see member list." */
export function faultText({ message, cure }: ApiFault): string {
  return cure === '' ? message : `${message} Cure: ${cure}`;
}
