import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Authority, createAuthority, leafOf } from '../authority/authority.js';
import { newSigningKey } from '../authority/key.js';

import { spkiSha256 } from '../certificate.js';
import { serialKey } from '../revocations.js';

/** A certificate and its key, PEM. */
export interface Shown {
  readonly certificate: string;
  readonly key: string;
}

const day = 86_400_000;

/** An authority that began yesterday. */
export function authorityOfToday(name: string): Promise<Authority> {
  return createAuthority(name, Date.now() - day, Date.now() + 365 * day);
}

/** A good certificate of an authority for a domain, unless `order` says otherwise. */
export async function certificateFor(
  authority: Authority,
  domain: string,
  order: { readonly usages?: readonly ('serverAuth' | 'clientAuth')[]; readonly from?: number; readonly until?: number } = {},
): Promise<Shown> {
  const key = await newSigningKey();
  const certificate = await authority.issue({
    spki: key.spki,
    commonName: domain,
    sipDomains: [domain],
    dnsNames: [domain],
    from: Date.now() - day,
    until: Date.now() + 30 * day,
    ...order,
  });
  return { certificate, key: key.pem };
}

/** SHA-256 of its public key, as pins are written. */
export const spkiOf = ({ certificate }: Shown) => spkiSha256(leafOf(certificate));
/** Its serial number, as revocations are looked up by. */
export const serialOf = ({ certificate }: Shown) => serialKey(leafOf(certificate).serialNumber);

/** Writes it into a folder as NAME.crt and NAME.key. */
export function writeShown(folder: string, name: string, { certificate, key }: Shown): { cert: string; key: string } {
  const paths = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  writeFileSync(paths.cert, certificate);
  writeFileSync(paths.key, key, { mode: 0o600 });
  return paths;
}

/** The token in a file. */
export const tokenIn = (path: string) => readFileSync(path, 'latin1').trim();

/** As whom a call is made. */
export interface As {
  /** Values of the metadata `authorization`. */
  readonly authorization?: readonly string[];
  readonly shown?: Shown;
}

/** As whoever holds this token. */
export const bearer = (token: string): As => ({ authorization: [`Bearer ${token}`] });

/** What a client needs of a generated method. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** A client of a port; `ca` absent: in the clear. */
export function openCaller(address: string, ca?: string) {
  const clients: Client[] = [];
  const client = (shown: Shown | undefined): Client => {
    const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
    const channel =
      ca === undefined ? credentials.createInsecure() : credentials.createSsl(pem(ca), pem(shown?.key), pem(shown?.certificate));
    const options: ClientOptions = {
      'grpc.ssl_target_name_override': 'hub.example',
      'grpc.default_authority': 'hub.example',
      'grpc.use_local_subchannel_pool': 1,
    };
    const made = new Client(address, channel, options);
    clients.push(made);
    return made;
  };
  const metadataOf = ({ authorization = [] }: As): Metadata => {
    const metadata = new Metadata();
    for (const value of authorization) metadata.add('authorization', value);
    return metadata;
  };
  return {
    /** One unary call on a connection of its own. Rejects with the ServiceError. */
    ask<Request, Response>(method: Method<Request, Response>, request: Request, as: As = {}): Promise<Response> {
      const { path, requestSerialize, responseDeserialize } = method;
      return new Promise((resolve, reject) => {
        client(as.shown).makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadataOf(as),
          (error: ServiceError | null, response?: Response) => {
            if (error !== null) reject(error);
            else if (response !== undefined) resolve(response);
          },
        );
      });
    },
    /** A stream on a connection of its own. */
    listen<Request, Response>(method: Method<Request, Response>, request: Request, as: As = {}) {
      const { path, requestSerialize, responseDeserialize } = method;
      return client(as.shown).makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadataOf(as));
    },
    /** A client for what neither of them does. */
    client: () => client(undefined),
    close() {
      for (const one of clients.splice(0)) one.close();
    },
  };
}
