import { hash } from 'node:crypto';

/**
 * The names of everything that spans say, and nothing else may spell one. Those of OpenTelemetry's conventions as they stand (messaging and RPC are
 * not final), `sip.` where there are none, `guildhall.` for what only a hub has. Never a user, never anything of a body; a Call-ID only as its hash.
 */
export const attributes = {
  sipMethod: 'sip.method',
  sipStatus: 'sip.response.status_code',
  sipEvent: 'sip.event',
  sipCallId: 'sip.call_id.hash',
  sipFromDomain: 'sip.from.domain',
  sipToDomain: 'sip.to.domain',
  requestBytes: 'sip.request.size',
  responseBytes: 'sip.response.size',

  /** Member ids: who asked, and where it went or was to go. */
  peer: 'guildhall.peer',
  target: 'guildhall.target',
  /** Code of the reason table, and what decided. No sentence: that of a rule may name a user. */
  reason: 'guildhall.reason',
  rule: 'guildhall.rule',
  verdict: 'guildhall.verdict',
  membership: 'guildhall.membership.version',
  /** `far` or `hub`. */
  answeredBy: 'guildhall.answered_by',
  relay: 'guildhall.relay',
  /** Microseconds from the arrival at the relay until it was written, and from there to the answer. */
  linkWait: 'guildhall.link.wait_us',
  far: 'guildhall.link.answer_us',
  tries: 'guildhall.link.tries',

  serverAddress: 'server.address',
  serverPort: 'server.port',
  clientAddress: 'client.address',
  clientPort: 'client.port',
  errorType: 'error.type',

  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingTemplate: 'messaging.destination.template',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',

  rpcSystem: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  rpcStatus: 'rpc.response.status_code',
} as const;

/** The methods that RFCs registered. */
const methods: ReadonlySet<string> = new Set(
  'ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE'.split(' '),
);

/** A method as spans name it: what a peer may have made up is "other", so that nobody makes names. */
export function methodName(method: string): string {
  return methods.has(method) ? method : 'other';
}

/** What stands for a Call-ID: the same for the same one, and nothing that it could be read from. */
export function callIdHash(callId: string): string {
  return hash('sha256', Buffer.from(callId, 'latin1'), 'base64url').slice(0, 22);
}

/** What a span says, by the names above. A map: an object that grows by names nobody foresaw costs ten times as much. */
export type SpanAttributes = Map<string, string | number>;

/** Adds what is not empty. */
export function tell(told: SpanAttributes, name: string, value: string): void {
  if (value !== '') told.set(name, value);
}

/** Adds "host:port"; nothing for what is no such thing. */
export function tellAddress(told: SpanAttributes, which: 'server' | 'client', address: string): void {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port)) return;
  const host = address.startsWith('[') ? address.slice(1, at - 1) : address.slice(0, at);
  told.set(which === 'server' ? attributes.serverAddress : attributes.clientAddress, host);
  told.set(which === 'server' ? attributes.serverPort : attributes.clientPort, port);
}
