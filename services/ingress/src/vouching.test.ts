import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Issuer, issuer } from './certificates.stage.js';
import { vouching } from './vouching.js';

const read = (pem: string) => new X509Certificate(pem);
const now = Date.now();

describe('who vouches for a chain', () => {
  let community: Issuer;
  let other: Issuer;
  let between: Issuer;
  let anchors: X509Certificate[];
  beforeAll(async () => {
    community = await issuer('Steel Guild CA');
    other = await issuer('Other CA');
    between = await community.below('Steel Guild Issuing CA');
    anchors = [read(community.cert), read(other.cert)];
  });
  const print = (...issuers: Issuer[]) => issuers.map((one) => read(one.cert).fingerprint256);
  const chain = async (by: Issuer, ...rest: Issuer[]) => [
    read((await by.issue({ cn: 'x', dns: ['acme.example'] })).cert),
    ...rest.map((one) => read(one.cert)),
  ];

  it('nobody for nothing, for a stranger, for a stranger of the same name, or where a link is missing', async () => {
    const twin = await issuer('Steel Guild CA');
    for (const certificates of [[], await chain(await issuer('x')), await chain(twin, twin), await chain(between)]) {
      expect(vouching(certificates, anchors, now)).toEqual({ possible: [], sound: [] });
    }
  });

  it('an anchor directly, through what was sent, and as itself', async () => {
    const found = print(community);
    expect(vouching(await chain(community), anchors, now)).toEqual({ possible: found, sound: found });
    expect(vouching(await chain(between, between), anchors, now)).toEqual({ possible: found, sound: found });
    expect(vouching(await chain(between, between, community), anchors, now)).toEqual({ possible: found, sound: found });
    expect(vouching([read(other.cert)], anchors, now)).toEqual({ possible: print(other), sound: print(other) });
  });

  it('not soundly through a certificate that is out of date', async () => {
    const certificates = await chain(between, between);
    const later = now + 3 * 86_400_000;
    expect(vouching(certificates, anchors, later)).toEqual({ possible: print(community), sound: [] });
  });

  it('not soundly through one that is restricted to certain names', async () => {
    const restricted = await community.below('Acme CA', 'acme.example');
    expect(vouching(await chain(restricted, restricted), anchors, now)).toEqual({ possible: print(community), sound: [] });
  });

  it('every anchor with the same name and key', async () => {
    // Two certificates for one authority: both roots may be meant, so both are told.
    const renewed = await community.below('Steel Guild CA');
    const { possible } = vouching(await chain(renewed, renewed), [...anchors, read(renewed.cert)], now);
    expect(new Set(possible)).toEqual(new Set(print(community, renewed)));
  });
});
