import { createHash } from 'node:crypto';

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

/** What stands for a Call-ID: the same for the same one, and nothing that it could be read from. */
export function callIdHash(callId: string): string {
  return createHash('sha256').update(callId, 'latin1').digest('base64url').slice(0, 22);
}

/** "host:port" as two attributes; none for ''. */
export function addressAttributes(which: 'server' | 'client', address: string): Record<string, string | number> {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port)) return {};
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  return which === 'server'
    ? { [attributes.serverAddress]: host, [attributes.serverPort]: port }
    : { [attributes.clientAddress]: host, [attributes.clientPort]: port };
}
