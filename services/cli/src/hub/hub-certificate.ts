import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { factsOf, sipNames } from '@guildhall/chassis/certificate';
import { Fault } from '@guildhall/chassis/fault';
import { printable } from '@guildhall/proto/sip/escape';

/**
 * Whether the hub's certificate carries `name`: as `URI:sip:<name>` or `DNS:<name>`, never by wildcard (RFC 5922 7.2).
 * Node's own check knows nothing of SIP URIs. For `checkServerIdentity`: undefined when it does, else the Error to fail with.
 */
export function checkHubName(name: string, shown: PeerCertificate): Error | undefined {
  if (isIP(name) !== 0 && checkServerIdentity(name, shown) === undefined) return undefined;
  const facts = factsOf([new X509Certificate(shown.raw)], true, '');
  const names = facts === undefined ? [] : sipNames(facts);
  if (names.includes(name.toLowerCase())) return undefined;
  const said = names.length === 0 ? 'names no SIP domain' : `is for ${printable(names.join(', '))}`;
  return Object.assign(new Error(`its certificate ${said}, not for ${name}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** What an operator does about a hub that could not be talked to, told by the code of Node's error. */
function cureOf(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'give the name that the certificate carries with --name, or the hub a certificate with URI:sip:DOMAIN or DNS:DOMAIN';
  }
  if (/SELF_SIGNED|UNABLE_TO_|CERT_/.test(code)) return "give the authority that signed the hub's certificate with --ca";
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code)) {
    return 'check that the hub runs (guildhall up) and that the address is one of its listeners';
  }
  return 'guildhall doctor, with the same --hub, --certificate and --key, tells what the hub makes of them';
}

/** The Fault `not-sent` for a connection to the hub that did not come about, or that ended without an answer. */
export function notSent(hub: { readonly host: string; readonly port: number }, thrown: unknown): Fault {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault('not-sent', `no answer from the hub at ${hub.host}:${hub.port}: ${why}`, {
    cure: cureOf(codeOf(thrown)),
    cause: thrown,
  });
}
