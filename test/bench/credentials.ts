import { type Authority, type Identity as Issued, openSafe } from '../stage/certificates.js';
import type { Identity } from './load-protocol.js';

/** The names of the bench's community. */
export const hubDomain = 'hub.example';
export const senderDomain = 'a.example';
export const answererDomain = 'b.example';

/** Throw-away certificates of one bench: the hub's as files, the two members' as text. */
export interface Credentials {
  readonly authority: Authority;
  readonly authorityFile: string;
  readonly hub: Issued;
  readonly sender: Identity;
  readonly answerer: Identity;
  /** The certificate of a further member, made when it is asked for first. */
  member(domain: string): Promise<Identity>;
  /** Removes the files. */
  close(): void;
}

/** Makes an authority and a certificate for the hub and each member. */
export async function openCredentials(): Promise<Credentials> {
  const safe = openSafe();
  const authority = await safe.authority('bench');
  const issue = (domain: string): Promise<Issued> => authority.issue({ name: domain, dns: [domain], uris: [`sip:${domain}`] });
  const others = new Map<string, Promise<Identity>>();
  return {
    member(domain) {
      const found = others.get(domain) ?? issue(domain).then((issued) => memberIdentity(domain, authority, issued));
      others.set(domain, found);
      return found;
    },
    authority,
    authorityFile: authority.certFile,
    hub: await issue(hubDomain),
    sender: memberIdentity(senderDomain, authority, await issue(senderDomain)),
    answerer: memberIdentity(answererDomain, authority, await issue(answererDomain)),
    close: () => safe.close(),
  };
}

function memberIdentity(domain: string, authority: Authority, issued: Issued): Identity {
  return { domain, cert: issued.cert, key: issued.key, ca: authority.cert };
}
