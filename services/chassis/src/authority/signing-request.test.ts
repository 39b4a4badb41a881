import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  type Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { newSigningKey } from './key.js';
import { pemBlocks, pemOf } from './pem.js';
import { makeSigningRequest, readSigningRequest } from './signing-request.js';

const label = 'CERTIFICATE REQUEST';
const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function request({ algorithm = p256 as never, extensions = [] as Extension[], name = 'CN=acme.example' } = {}): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new TypeError('no key pair');
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm, extensions }, webcrypto);
  return pemOf(label, made.rawData);
}

const rsa = (modulusLength: number, exponent = [1, 0, 1], hash = 'SHA-256') =>
  ({ name: 'RSASSA-PKCS1-v1_5', hash, modulusLength, publicExponent: Uint8Array.from(exponent) }) as never;
const names = (...items: readonly { type: 'dns' | 'url' | 'ip' | 'email'; value: string }[]) =>
  new SubjectAlternativeNameExtension([...items]);

/** The request with one byte of its DER changed. */
function changed(pem: string, at: (der: Buffer) => number): string {
  const der = pemBlocks(pem, label)[0] ?? Buffer.alloc(0);
  const index = at(der);
  der[index] = (der[index] ?? 0) ^ 0x01;
  return pemOf(label, der);
}

describe('a signing request is refused', () => {
  const good = request();
  it.each<[what: string, pem: () => Promise<string>, says: RegExp]>([
    ['when it is empty', async () => '', /no signing request/],
    ['when it is something else', async () => pemOf('CERTIFICATE', Buffer.from('hello')), /no signing request/],
    ['when it is no DER', async () => pemOf(label, Buffer.from('hello there, this is no DER at all')), /cannot be read/],
    [
      'when it is cut off',
      async () => pemOf(label, (pemBlocks(await good, label)[0] ?? Buffer.alloc(0)).subarray(0, 90)),
      /cannot be read/,
    ],
    ['when it is too large', async () => `${await good}${' '.repeat(33_000)}`, /larger than 32768 bytes/],
    ['when there are two', async () => `${await good}${await good}`, /several signing requests/],
    ['with another signature', async () => changed(await good, (der) => der.length - 3), /signature/],
    ['with other names than were signed', async () => changed(await good, (der) => der.indexOf('acme.example') + 1), /signature/],
    ['with RSA of 1024 bits', () => request({ algorithm: rsa(1024) }), /too weak or unusual: it has 1024 bits/],
    ['with a public exponent of 3', () => request({ algorithm: rsa(2048, [3]) }), /public exponent 3/],
    ['signed with SHA-1', () => request({ algorithm: rsa(2048, [1, 0, 1], 'SHA-1') }), /weak hash/],
    [
      'that asks for an IP address',
      () => request({ extensions: [names({ type: 'ip', value: '192.0.2.1' })] }),
      /"192.0.2.1", a name of the kind ip/,
    ],
    ['that asks for a mail address', () => request({ extensions: [names({ type: 'email', value: 'a@acme.example' })] }), /kind email/],
    [
      'that asks for a user',
      () => request({ extensions: [names({ type: 'url', value: 'sip:ada@acme.example' })] }),
      /"sip:ada@acme.example"/,
    ],
    ['that asks for https', () => request({ extensions: [names({ type: 'url', value: 'https://acme.example' })] }), /https:/],
    ['that asks to be an authority', () => request({ extensions: [new BasicConstraintsExtension(true)] }), /CA:TRUE/],
    [
      'with names twice',
      () => request({ extensions: [names({ type: 'dns', value: 'a.example' }), names({ type: 'dns', value: 'b.example' })] }),
      /twice/,
    ],
    [
      'with too many names',
      () =>
        request({ extensions: [names(...Array.from({ length: 101 }, (_, at) => ({ type: 'dns' as const, value: `n${at}.example` })))] }),
      /more than 100 names/,
    ],
  ])('%s', async (_what, pem, says) => {
    await expect(readSigningRequest(await pem())).rejects.toMatchObject({ code: 'signing-request', message: expect.stringMatching(says) });
  });

  it('whatever single byte of its signed part is changed', async () => {
    const pem = await good;
    const [der = Buffer.alloc(0)] = pemBlocks(pem, label);
    // A SEQUENCE of up to 255 bytes, and in it the signed one of up to 127.
    expect([der[0], der[1], der[3]]).toEqual([0x30, 0x81, 0x30]);
    const places = Array.from({ length: 2 + (der[4] ?? 0) }, (_, at) => 3 + at);
    expect(places.length).toBeGreaterThan(100);
    const results = await Promise.allSettled(places.map((at) => readSigningRequest(changed(pem, () => at))));
    expect(results.flatMap(({ status }, at) => (status === 'fulfilled' ? [places[at]] : []))).toEqual([]);
    expect(results.filter((one) => one.status === 'rejected' && one.reason.code !== 'signing-request')).toEqual([]);
  });
});

describe('a signing request is read', () => {
  it('with its names in lower case and its key', async () => {
    const key = await newSigningKey();
    const pem = await makeSigningRequest(key, {
      commonName: 'Acme, Inc. + friends "x"',
      sipDomains: ['Acme.example'],
      dnsNames: ['acme.example', 'SIP.acme.example', 'acme.example'],
    });
    expect(await readSigningRequest(pem)).toMatchObject({
      commonName: 'Acme, Inc. + friends "x"',
      sipDomains: ['acme.example'],
      dnsNames: ['acme.example', 'sip.acme.example'],
      spki: key.spki,
    });
  });

  it.each<[what: string, algorithm: never]>([
    ['RSA of 2048 bits', rsa(2048)],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as never],
    ['Ed25519', { name: 'Ed25519' } as never],
  ])('with a key of %s', async (_what, algorithm) => {
    expect(await readSigningRequest(await request({ algorithm }))).toMatchObject({
      commonName: 'acme.example',
      sipDomains: [],
      dnsNames: [],
    });
  });
});
