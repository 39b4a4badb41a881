import { encodeRouteToken, type Mac, type Usage } from './route-token.js';

/** Where members see a listener: what goes into a Record-Route. */
export interface Interface {
  readonly host: string;
  readonly port: number;
}

/** A dialog about to be opened through the hub. */
export interface Dialog {
  readonly caller: string;
  readonly callee: string;
  readonly usage: Usage;
  /** The Request-URI is sips. */
  readonly secure: boolean;
  /** Listeners by name on the caller's and the callee's side; '' or an unknown one: the first. */
  readonly from: string;
  readonly to: string;
}

/**
 * The Record-Route value of a dialog, signed with the key `keyId`: one URI, or two where it crosses from one interface to another
 * (RFC 5658), the callee's side on top. Undefined when the key is not known.
 */
export function recordRoute(dialog: Dialog, interfaces: ReadonlyMap<string, Interface>, keyId: string, mac: Mac): string | undefined {
  const { caller, callee, usage } = dialog;
  const token = encodeRouteToken({ keyId, caller, callee, usage }, mac);
  if (token === undefined) return undefined;
  const from = interfaceOf(dialog.from, interfaces);
  const to = interfaceOf(dialog.to, interfaces);
  if (from === undefined || to === undefined) return undefined;
  const uri = ({ host, port }: Interface): string =>
    // RFC 5630 3.1.1: with sips every hop is TLS, and transport=tls says nothing more.
    dialog.secure ? `<sips:${token}@${host}:${port};lr>` : `<sip:${token}@${host}:${port};transport=tls;lr>`;
  return from === to ? uri(to) : `${uri(to)}, ${uri(from)}`;
}

function interfaceOf(name: string, interfaces: ReadonlyMap<string, Interface>): Interface | undefined {
  const named = interfaces.get(name);
  if (named !== undefined) return named;
  for (const first of interfaces.values()) return first;
  return undefined;
}
