import type { Message } from '@guildhall/proto/sip/message';

/** What a reply carries beyond what it copies. `headers` are whole lines; `type` is the body's, default text/plain. */
export interface ReplyOptions {
  readonly phrase?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly type?: string;
}

/** A request that came in, and how to answer it on the connection it came in on. */
export interface Arrival {
  readonly request: Message;
  /** Writes a response; To gets this member's tag where it has none, Record-Route is copied, Contact is added. Returns what was sent. */
  reply(status: number, options?: ReplyOptions): Message;
  /** Writes any bytes (latin1) on that connection. */
  raw(text: string): void;
}

/** A request to send. What is not given is made up: From `sip:user@domain` with a tag, To, Call-ID, CSeq, Via, Max-Forwards 70. */
export interface Outgoing {
  readonly method: string;
  /** Request-URI, and To unless `to` says otherwise. */
  readonly uri: string;
  /** Address of record, e.g. `sip:ada@acme.example`; default `sip:<id>@<domain>`. */
  readonly from?: string;
  readonly to?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly maxForwards?: number;
  /** Route values in order. */
  readonly route?: readonly string[];
  /** More header lines, in order. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Milliseconds to wait for the final response; default 10000. */
  readonly wait?: number;
  /** `proxy`: on a connection that the hub opened to this member (RFC 5923); default `hub`, on the one this member opened. */
  readonly wire?: 'hub' | 'proxy';
}

/** A request under way. `responses` grows as they come. */
export interface Ongoing {
  readonly request: Message;
  readonly responses: readonly Message[];
  readonly done: Promise<Exchange>;
  /** Sends the CANCEL of an INVITE and settles at the CANCEL's own answer. */
  cancel(): Promise<Exchange>;
}

/** A request sent and what came back. `final` is absent when none came in time or the connection ended (then `failure` says which). */
export interface Exchange {
  readonly request: Message;
  readonly responses: readonly Message[];
  readonly final: Message | undefined;
  readonly failure: string | undefined;
  /** Milliseconds from sending to the final response. */
  readonly took: number;
}

/** One message that went over a wire of this member. `at` is monotonic milliseconds. */
export interface Sight {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly wire: 'hub' | 'proxy';
  readonly message: Message;
}
