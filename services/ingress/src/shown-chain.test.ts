import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { issuer } from './certificates.stage.js';
import { mayBeRevoked, parseShown, shownChain } from './shown-chain.js';

const read = (pem: string) => new X509Certificate(pem);

it('a chain is kept in bytes, but for authorities that are here anyway, and is the same when it is parsed again', async () => {
  const community = await issuer('Steel Guild CA');
  const anchor = read(community.cert);
  const leaf = read((await community.issue({ cn: 'x', dns: ['acme.example'] })).cert);
  const shown = shownChain([leaf, anchor], [anchor]);
  expect(shown.certificates.map((one) => Buffer.isBuffer(one))).toEqual([true, false]);
  const [again, same] = parseShown(shown);
  expect([again?.fingerprint256, same]).toEqual([leaf.fingerprint256, anchor]);
  expect(shownChain([leaf, anchor], []).certificates.every((one) => Buffer.isBuffer(one))).toBe(true);
});

it('a chain may be revoked when a list holds the number of any certificate in it', async () => {
  const community = await issuer('Steel Guild CA');
  const chain = [read((await community.issue({ cn: 'x', dns: ['acme.example'] })).cert), read(community.cert)];
  const shown = shownChain(chain, []);
  const lists = (...serials: string[]) => ({
    version: 1n,
    size: serials.length,
    bySerial: new Map(serials.map((one) => [one, new Set<string>()])),
  });
  expect([mayBeRevoked(shown, lists()), mayBeRevoked(shown, lists('abc'))]).toEqual([false, false]);
  for (const { serialNumber } of chain) expect(mayBeRevoked(shown, lists(serialNumber.toLowerCase().replace(/^0+/, '')))).toBe(true);
});
