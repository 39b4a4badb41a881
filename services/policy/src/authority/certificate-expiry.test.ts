import { IssuedCertificate } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { describe, expect, it } from 'vitest';
import type { EndingFact } from './authority-events.js';
import { createExpiryWatch, daysLeft, endingSoon } from './certificate-expiry.js';

const day = 86_400_000;
const now = Date.parse('2030-06-01T12:00:00Z');
const issued = (serial: string, days: number, rest: { member?: string; names?: string[]; revoked?: string } = {}) =>
  IssuedCertificate.fromPartial({
    serial,
    member: 'acme',
    names: ['acme.example'],
    validUntil: new Date(now + days * day).toISOString(),
    ...rest,
  });

describe('what ends soon', () => {
  it.each<[what: string, certificates: IssuedCertificate[], serials: string[]]>([
    ['nothing', [], []],
    ['one with 29 days left', [issued('a', 29.5)], ['a']],
    ['not one with 30', [issued('a', 30)], []],
    ['one that has ended', [issued('a', -1)], ['a']],
    ['not a revoked one', [issued('a', 3, { revoked: '2030-01-01T00:00:00Z' })], []],
    ['not one that another takes the place of', [issued('a', 3), issued('b', 300)], []],
    ['but not another that is revoked', [issued('a', 3), issued('b', 300, { revoked: 'x' })], ['a']],
    ['nor one with fewer names', [issued('a', 3, { names: ['acme.example', 'sip.acme.example'] }), issued('b', 300)], ['a']],
    ['nor one of another member', [issued('a', 3), issued('b', 300, { member: 'bolt' })], ['a']],
    ['nor one that ends at the same time', [issued('a', 3), issued('b', 3)], ['a', 'b']],
  ])('%s', (_what, certificates, serials) => {
    expect(endingSoon(certificates, [], now, 30).map(({ serial }) => serial)).toEqual(serials);
  });

  it('is told once a day each, the own ones too', () => {
    const told: string[] = [];
    const watch = createExpiryWatch(30, ({ holder, serial, days }: EndingFact) => told.push(`${holder} ${serial} ${days}`));
    const own = [{ holder: 'hub' as const, serial: 'h', validTo: now + 2 * day }];
    for (const hours of [0, 1, 11, 12, 13, 36]) watch([issued('a', 5)], own, now + (hours * day) / 24);
    expect(told).toEqual(['member a 5', 'hub h 2', 'member a 4', 'hub h 1', 'member a 3', 'hub h 0']);
  });

  it('is measured by the certificate that lasts longest', () => {
    const certificates = [issued('a', 5), issued('b', 50), issued('c', 500, { revoked: 'x' }), issued('d', -2, { member: 'bolt' })];
    expect(daysLeft(certificates, [], now)).toEqual([
      { holder: 'member', member: 'bolt', serial: 'd', days: -2 },
      { holder: 'member', member: 'acme', serial: 'b', days: 50 },
    ]);
    const many = Array.from({ length: 3000 }, (_, at) => issued(`s${at}`, 3000 - at, { member: `m${at}` }));
    const shown = daysLeft(many, [], now).map(({ days }) => days);
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([1000, 1, 1000]);
  });
});
