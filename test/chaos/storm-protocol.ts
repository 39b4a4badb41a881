/** One member of a storm: files of its certificate and key. */
export interface StormMember {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What the child that plays many members is told. */
export type StormOrder =
  /** Who there is, and where the hub listens on 127.0.0.1. `caFile`: the authority behind the hub's certificate. */
  | {
      readonly kind: 'enlist';
      readonly members: readonly StormMember[];
      readonly caFile: string;
      readonly port: number;
      readonly serverName: string;
    }
  /** All drop the connection they have, and all connect at once: members in turn from these addresses of this machine. */
  | { readonly kind: 'storm'; readonly addresses: readonly string[]; readonly patience: number };

/** What it answers. */
export type StormAnswer =
  | { readonly kind: 'enlist' }
  | { readonly kind: 'storm'; readonly found: StormFindings }
  | { readonly kind: 'failed'; readonly why: string };

/** What came of one storm. Times in ms from its beginning. */
export interface StormFindings {
  /** Members with a connection on which the hub answers. */
  readonly back: number;
  readonly lastBack: number;
  readonly medianBack: number;
  /** Connections that were tried, and that the hub closed before it answered. */
  readonly tries: number;
  readonly closed: number;
}
