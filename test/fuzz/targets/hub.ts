import type { Hub } from '@guildhall/ingress/admit';
import { hubNames } from '@guildhall/ingress/hub';
import { encodeRouteToken, type Usage } from '@guildhall/ingress/route-token';
import { createTokenKeyRing } from '@guildhall/ingress/token-keys';
import { TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';

const ring = createTokenKeyRing();
ring.learn(TokenKeys.encode({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] }).finish());

/** Who owns which domain in these targets. */
export const domainOwners: ReadonlyMap<string, string> = new Map([
  ['acme.example', 'acme'],
  ['sip.acme.example', 'acme'],
  ['bolt.example', 'bolt'],
]);

const names = hubNames('hub.example', [{ config: { name: 'members', host: '127.0.0.1', port: 5061 }, port: 5061 }]);

/** A hub of two members, as `admit` sees it. */
export const sampleHub: Hub = {
  viaHosts: names.viaHosts,
  isHere: names.isHere,
  speaksFor: (member, domain) => domainOwners.get(domain) === member,
  readToken: ring.read,
};

const usages: readonly Usage[] = ['I', 'S', 'N', 'R', 'X'];

/** Good route tokens: every usage, both ways, and one between others. */
export const goodTokens: readonly string[] = [
  ...usages.map((usage) => encodeRouteToken({ keyId: 'k1', caller: 'acme', callee: 'bolt', usage }, ring.mac) ?? ''),
  ...usages.map((usage) => encodeRouteToken({ keyId: 'k1', caller: 'bolt', callee: 'acme', usage }, ring.mac) ?? ''),
  encodeRouteToken({ keyId: 'k1', caller: 'bolt', callee: 'cliff', usage: 'I' }, ring.mac) ?? '',
];

/** Reads a token as ingress does. */
export const readToken = ring.read;
