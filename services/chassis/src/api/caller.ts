/** What a caller of the API may be: the hub's operators, one member, someone who only looks, or nobody known. */
export type Scope = 'operator' | 'member' | 'dashboard' | 'nobody';

/** Who asks something of the API, as the shell found out. Handlers decide by `scope` and `member` what somebody sees of it. */
export interface Caller {
  readonly scope: Scope;
  /** Id of the member with the scope `member`; empty with every other. */
  readonly member: string;
  /** The credentials in a few words: "token x3k9", "certificate of acme", "the operator's token file", "nobody". */
  readonly by: string;
  /** "address:port" it called from. */
  readonly source: string;
  /** The client certificate it showed, good or not, if it showed one. */
  readonly certificate?: CallerCertificate;
}

/** A client certificate as it was shown. Its chain, names and revocation are judged for `scope` and nothing else. */
export interface CallerCertificate {
  /** DER. */
  readonly raw: Buffer;
  /** SHA-256 of its public key (SPKI), lower-case hex. */
  readonly spki: string;
}

/** Scope and credentials for a history and a log: "operator (token x3k9)", "member acme (certificate of acme)". */
export function whoIs({ scope, member, by }: Caller): string {
  if (scope === 'nobody') return 'nobody';
  return `${scope === 'member' ? `member ${member}` : scope} (${by})`;
}
