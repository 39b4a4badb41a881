import type { Token } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';

/** What a token is to be. */
export interface TokenOrder {
  readonly kind: 'access' | 'enrolment';
  /** "operator", "member:<id>" or "dashboard"; of an enrolment token "enrol:<id>". */
  readonly scope: string;
  readonly note: string;
  /** Who has it made, as `whoIs` tells. */
  readonly createdBy: string;
  /** ms until it ends; 0: 365 days, of an enrolment token 7. */
  readonly expiresMs: number;
  /** DNS names that may be enrolled with it besides those of the member's proxies. */
  readonly names?: readonly string[];
  /** SHA-256 of the authority's certificate, lower-case hex: the last part of an enrolment token, so that its holder knows the hub. */
  readonly authoritySha256?: string;
}

/** A token as it is kept, without its secret. */
export interface KeptToken {
  readonly token: Token;
  /** As ordered. */
  readonly names: readonly string[];
  /** Of an enrolment token: whom it enrols; of an access token of a member: that member. Else empty. */
  readonly member: string;
}

/** The tokens of the bucket `access-tokens`. All reject with an ApiFault. */
export interface AccessTokens {
  /** Makes one. `secret` is the whole text, told this once. */
  create(order: TokenOrder): Promise<{ readonly token: Token; readonly secret: string }>;
  /**
   * The token of a text, if it is whole, of that kind and good (not ended, revoked or used). Refuses (`denied`) with why; who does not
   * know the secret is told only that it is no token of this hub.
   */
  find(text: string, kind: TokenOrder['kind']): Promise<KeptToken>;
  /** The same for an access token of which only its id and the SHA-256 of its secret are known. */
  findHashed(id: string, hash: Uint8Array): Promise<KeptToken>;
  /** Uses an enrolment token up, by compare-and-set: of two at once one is refused (`denied`). To be called last, once nothing else can refuse. `usedBy`: address of the caller. */
  use(text: string, usedBy: string): Promise<KeptToken>;
  /** By creation, newest last. */
  list(endedToo: boolean): Promise<Token[]>;
  /** Ends one; one that was revoked already is told as it is. `not-found` for an id there is none of. */
  revoke(id: string, why: string, by: string): Promise<Token>;
}
