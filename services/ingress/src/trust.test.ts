import { MemberStatus } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { trustMember } from './neighbours.stage.js';
import { mergeTrust, ownerOfDomain, speaksForDomain, type TrustSource, trustTable } from './trust.js';

const read = (pem: string) => {
  if (pem.includes('broken')) throw new TypeError('no certificate');
  return pem.split('+').map((one) => ({ fingerprint: `fp-${one}`, pem: one }));
};
const source = (members: TrustSource['members'], anchors: string[] = ['root']): TrustSource => ({ version: 1n, anchors, members });
const table = (given: TrustSource) => trustTable(given, read, () => undefined);

describe('the owner of a domain', () => {
  const trust = table(
    source([trustMember('acme', { domains: ['acme.example', 'example.com'] }), trustMember('bolt', { domains: ['eu.example.com'] })]),
  );
  it.each([
    ['', undefined],
    ['example', undefined],
    ['nacme.example', undefined],
    ['acme.example.evil', undefined],
    ['com', undefined],
    ['__proto__', undefined],
    [`${'a.'.repeat(200)}acme.example`, undefined],
    ['acme.example', 'acme'],
    ['mail.acme.example', 'acme'],
    ['a.b.acme.example', 'acme'],
    // The nearest domain above counts: a member's domain may lie below another's.
    ['eu.example.com', 'bolt'],
    ['x.eu.example.com', 'bolt'],
    ['us.example.com', 'acme'],
  ])('%s is %s', (domain, owner) => {
    expect(ownerOfDomain(trust, domain)).toBe(owner);
  });
});

describe('who may say that it is somebody of a domain', () => {
  const trust = table(
    source([
      trustMember('acme', { domains: ['acme.example'] }),
      trustMember('south', { domains: ['south.example'], speaksForUnknown: true }),
    ]),
  );
  it.each([
    ['acme', 'elsewhere.test', false],
    ['acme', 'south.example', false],
    ['gone', 'elsewhere.test', false],
    ['south', 'acme.example', false],
    ['south', 'sales.acme.example', false],
    ['south', 'hub.example', false],
    ['south', '192.0.2.1', false],
    ['south', '', false],
    ['south', 'elsewhere.test', true],
    ['south', 'below.south.example', true],
    ['acme', 'sales.acme.example', true],
  ])('%s of %s: %s', (member, domain, may) => {
    expect(speaksForDomain(trust, member, domain, 'hub.example')).toBe(may);
  });
});

describe('the trust table', () => {
  it('has the authorities of discovery vouch for discovered partners, and for no other', () => {
    const bounds = { requestsPerSecond: 20, contacts: 1_000, suspectRequestsPerSecond: 1 };
    const members = [trustMember('acme'), trustMember('met', { bounds, anchors: ['not-its-own'] })];
    const trust = table({ ...source(members), discovery: { anchors: ['world'] } });
    expect([...trust.discoveryAnchors]).toEqual(['fp-world']);
    expect([...(trust.members.get('met')?.anchors ?? [])]).toEqual(['fp-world']);
    expect([...(trust.members.get('acme')?.anchors ?? [])]).toEqual([]);
    expect(trust.members.get('met')?.bounds).toEqual(bounds);
    expect([...trust.communityAnchors]).toEqual(['fp-root']);
    expect(trust.anchorPems).toEqual(['root', 'world']);
  });

  it('leaves out who is no member, and lets a broken authority vouch for nobody', () => {
    const broken: string[] = [];
    const members = [
      trustMember('ghost', { status: MemberStatus.UNKNOWN }),
      trustMember('acme', { anchors: ['broken'] }),
      trustMember('bolt', { anchors: ['own+root', 'second'] }),
    ];
    const trust = trustTable(source(members, ['root', 'broken']), read, (member) => broken.push(member));
    expect([...trust.members.keys()]).toEqual(['acme', 'bolt']);
    expect(broken).toEqual(['', 'acme']);
    expect([...(trust.members.get('acme')?.anchors ?? [])]).toEqual([]);
    expect([...(trust.members.get('bolt')?.anchors ?? [])]).toEqual(['fp-own', 'fp-root', 'fp-second']);
    expect([...trust.communityAnchors]).toEqual(['fp-root']);
    expect(trust.anchorPems).toEqual(['root', 'own', 'second']);
  });

  it('knows every member that claims a name or a key', () => {
    const trust = table(
      source([trustMember('acme', { names: ['n', 'n'], pins: ['p'] }), trustMember('bolt', { names: ['n'], pins: ['p'] })]),
    );
    expect(trust.names.get('n')).toEqual(['acme', 'bolt']);
    expect(trust.pins.get('p')).toEqual(['acme', 'bolt']);
  });
});

describe('a partial answer', () => {
  it('replaces who was asked about, forgets who is gone, and touches nobody else', () => {
    const known = source([trustMember('acme'), trustMember('bolt'), trustMember('cliff')]);
    const answer = { version: 2n, anchors: ['new'], members: [trustMember('bolt', { dialsOnly: true }), trustMember('stranger')] };
    const merged = mergeTrust(known, ['bolt', 'cliff'], answer);
    expect(merged).toMatchObject({ version: 2n, anchors: ['new'] });
    expect(merged.members.map((member) => [member.id, member.dialsOnly])).toEqual([
      ['acme', false],
      ['bolt', true],
    ]);
  });
});
