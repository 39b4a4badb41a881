import type { CertificateFacts } from '../certificate.js';
import type { Caller } from './caller.js';

/** What a call shows of who makes it. */
export interface Credentials {
  /** Values of the metadata, or header, `authorization`. */
  readonly authorization: readonly (string | Buffer)[];
  /** "address:port" it came from. */
  readonly source: string;
  /** The client certificate of its connection. */
  readonly certificate: CertificateFacts | undefined;
}

/** Why somebody is not let in: the sentence, and whether the credentials are no good, nobody can be asked about them, or too many were tried. */
export interface NotLetIn {
  readonly refused: string;
  readonly cure?: string;
  /** Default: 'credentials'. */
  readonly because?: 'credentials' | 'unavailable' | 'limit';
}

/** Who calls, or why that is not known or no good: those are refused even where nobody needs credentials. `hint`: what is wrong with a certificate that helps nobody. */
export type Authenticated = { readonly caller: Caller; readonly hint: string } | NotLetIn;

const bearer = /^bearer +([A-Za-z0-9_]+)$/i;

/** The token of an authorization; undefined where none was sent. */
export function readBearer(authorization: Credentials['authorization']): { readonly token: string } | NotLetIn | undefined {
  const [value, another] = authorization;
  if (value === undefined) return undefined;
  if (another !== undefined) return { refused: 'More than one authorization was sent: send one, "Bearer TOKEN".' };
  const token = typeof value === 'string' ? bearer.exec(value)?.[1] : undefined;
  return token === undefined ? { refused: 'The authorization cannot be read: send "Bearer TOKEN".' } : { token };
}

/** Why who was let in as `before` would not be let in now, or as somebody else; undefined: all is as it was. For what goes on for long. */
export function refusedNow(before: Caller | undefined, found: Authenticated | undefined): NotLetIn | undefined {
  if (found === undefined) return { refused: 'The caller is not known.' };
  if ('refused' in found) return found;
  if (before?.scope === found.caller.scope && before.member === found.caller.member) return undefined;
  return { refused: found.hint === '' ? 'The caller is not who it was when the call began.' : found.hint };
}
