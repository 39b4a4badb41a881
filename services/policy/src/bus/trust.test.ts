import { MemberStatus, TrustPage } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { trustPage } from './trust.js';

const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const large = 400 * 1024;

const membership = sampleMembership({
  members: `
    - { id: bolt, domains: [bolt.example], status: quarantined, statusReason: loops }
    - { id: acme, domains: [acme.example], pins: [${'ab'.repeat(32)}], trust: { ca: [acme.crt] }, acceptCommonName: true,
        proxies: [{ host: sip.acme.example }, { host: 10.0.0.3, name: edge.acme.example }] }
    - { id: crane, domains: [crane.example], status: pending }
    - { id: dull, domains: [dull.example], status: suspended }
  `,
  pem: new Map([
    ['ca.crt', certificate('CA')],
    ['acme.crt', certificate('ACME')],
  ]),
});

describe('trustPage', () => {
  it('tells that an id is no member', () => {
    const page = trustPage(membership, { members: ['gone', 'acme', 'gone', '__proto__'], after: '' }, large);
    expect(page.members.map((member) => [member.id, member.status])).toEqual([
      ['__proto__', MemberStatus.UNKNOWN],
      ['acme', MemberStatus.ACTIVE],
      ['gone', MemberStatus.UNKNOWN],
    ]);
  });

  it('has everybody in order, with the state each is in', () => {
    const page = trustPage(membership, { members: [], after: '' }, large);
    expect([page.version, page.anchors, page.next]).toEqual([7n, [certificate('CA')], '']);
    expect(page.members.map((member) => [member.id, member.status, member.statusReason, member.dialsOnly])).toEqual([
      ['acme', MemberStatus.ACTIVE, '', false],
      ['bolt', MemberStatus.QUARANTINED, 'loops', true],
      ['crane', MemberStatus.PENDING, '', true],
      ['dull', MemberStatus.SUSPENDED, '', true],
    ]);
    expect(page.members[0]).toEqual({
      id: 'acme',
      status: MemberStatus.ACTIVE,
      statusReason: '',
      statusUntil: '',
      speaksForUnknown: false,
      microsoft: false,
      domains: ['acme.example'],
      names: ['acme.example', 'sip.acme.example', 'edge.acme.example'],
      pins: ['ab'.repeat(32)],
      anchors: [certificate('ACME')],
      dialsOnly: false,
      acceptCommonName: true,
    });
  });

  it.each([
    ['', ['acme', 'bolt', 'crane', 'dull']],
    ['acme', ['bolt', 'crane', 'dull']],
    ['b', ['bolt', 'crane', 'dull']],
    ['boltx', ['crane', 'dull']],
    ['dull', []],
    ['zzz', []],
  ])('goes on after %j', (after, ids) => {
    expect(trustPage(membership, { members: [], after }, large).members.map((member) => member.id)).toEqual(ids);
  });

  it('gives one member a page rather than none', () => {
    const page = trustPage(membership, { members: [], after: '' }, 1);
    expect([page.members.map((member) => member.id), page.next]).toEqual([['acme'], 'acme']);
    expect(trustPage(membership, { members: [], after: 'crane' }, 1).next).toBe('');
  });

  it('keeps pages below their size and leaves nobody out', () => {
    const members = Array.from({ length: 500 }, (_, at) => `- { id: m${at}, domains: [m${at}.example] }`).join('\n  ');
    const many = sampleMembership({ members: `\n  ${members}` });
    const seen: string[] = [];
    let after = '';
    do {
      const page = trustPage(many, { members: [], after }, 4096);
      expect(TrustPage.encode(page).finish().length).toBeLessThanOrEqual(4096);
      seen.push(...page.members.map((member) => member.id));
      after = page.next;
    } while (after !== '');
    expect(seen).toEqual([...many.ids]);
    expect(seen).toHaveLength(500);
  });
});
