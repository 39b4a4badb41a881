/** What a test request says; everything has a default. */
export interface RequestWishes {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly maxForwards?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request of alice@acme.example to bob@bolt.example, latin1. */
export function sip(wishes: RequestWishes = {}): string {
  const serial = globalThis.crypto.randomUUID().slice(0, 8);
  const { method = 'MESSAGE', uri = 'sip:bob@bolt.example', body = '' } = wishes;
  const branch = wishes.branch ?? `z9hG4bKtest${serial}`;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.acme.example:5061;branch=${branch};rport`,
    `Max-Forwards: ${wishes.maxForwards ?? 70}`,
    `From: ${wishes.from ?? '<sip:alice@acme.example>;tag=a1'}`,
    `To: ${wishes.to ?? '<sip:bob@bolt.example>'}`,
    `Call-ID: ${wishes.callId ?? `call${serial}@acme.example`}`,
    `CSeq: ${wishes.cseq ?? `1 ${method}`}`,
    ...(wishes.headers ?? []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
