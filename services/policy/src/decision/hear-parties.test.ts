import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { doorOf } from '../bus/door.js';
import { trustPage } from '../bus/trust.js';
import { decide } from './decide.js';
import { type SampleParts, sampleMembership } from './sample-membership.js';

const ca = '-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n';
const world = '-----BEGIN CERTIFICATE-----\nWORLD\n-----END CERTIFICATE-----\n';
const pem = new Map([
  ['ca.crt', ca],
  ['world.crt', world],
]);
const discovery = 'discovery: { trust: { ca: [world.crt] }, contacts: 7 }';

/** "peer domain > target": the target is a domain, or a member when it begins with "@". */
function ask(text: string): Ask {
  const [sender = '', target = ''] = text.split(' > ');
  const [peer = '', fromDomain = ''] = sender.split(' ');
  return {
    peer,
    fromDomain,
    target: target.startsWith('@') ? { $case: 'toMember', value: target.slice(1) } : { $case: 'toDomain', value: target },
    method: 'MESSAGE',
    event: '',
  };
}

function outcome(parts: SampleParts, text: string): string {
  const { action, code, target } = decide(sampleMembership({ pem, ...parts }), ask(text), 0);
  return action === 'refuse' ? code : `${action} to ${target?.id}`;
}

const community: SampleParts = {
  community: `defaultRoute: south, ${discovery}`,
  members: `
    - { id: acme, domains: [acme.example] }
    - { id: bolt, domains: [bolt.example] }
    - { id: south, domains: [south.example], role: clearinghouse }
    - { id: east, domains: [east.example], role: clearinghouse }
    - { id: met, domains: [met.test], role: discovered, lookup: met.test }
    - { id: seen, domains: [seen.test], role: discovered, lookup: seen.test }
  `,
};

describe('what is for a domain of nobody', () => {
  it.each([
    ['acme acme.example > hub.example', 'unknown-domain'],
    ['acme acme.example > ', 'unknown-domain'],
    ['acme acme.example > 192.0.2.1', 'unknown-domain'],
    ['acme acme.example > NOBODY.test', 'unknown-domain'],
    ['acme acme.example > @gone', 'unknown-domain'],
    // Never back to where it came from.
    ['south elsewhere.test > nobody.test', 'unknown-domain'],
    ['acme acme.example > nobody.test', 'forward to south'],
    ['acme acme.example > sub.hub.example', 'forward to south'],
    ['east elsewhere.test > nobody.test', 'forward to south'],
    ['acme acme.example > bolt.example', 'forward to bolt'],
  ])('%s: %s', (text, expected) => {
    expect(outcome(community, text)).toBe(expected);
  });

  it('is refused where there is no default route, or it is not active', () => {
    const { members = '' } = community;
    expect(outcome({ members }, 'acme acme.example > nobody.test')).toBe('unknown-domain');
    const suspended = members.replace('role: clearinghouse }', 'role: clearinghouse, status: suspended }');
    expect(outcome({ ...community, members: suspended }, 'acme acme.example > nobody.test')).toBe('target-not-active');
  });
});

describe('who may speak for a domain of nobody', () => {
  it.each([
    ['acme elsewhere.test > bolt.example', 'from-not-yours'],
    ['met elsewhere.test > bolt.example', 'from-not-yours'],
    ['south acme.example > bolt.example', 'from-not-yours'],
    ['south met.test > bolt.example', 'from-not-yours'],
    ['south east.example > bolt.example', 'from-not-yours'],
    ['south hub.example > bolt.example', 'from-not-yours'],
    ['south  > bolt.example', 'from-not-yours'],
    ['south 192.0.2.1 > bolt.example', 'from-not-yours'],
    ['south elsewhere.test > bolt.example', 'forward to bolt'],
    ['south south.example > bolt.example', 'forward to bolt'],
    // In a dialog that acme opened, whoever is behind the clearinghouse speaks too, and nobody else.
    ['acme elsewhere.test > @south', 'forward to south'],
    ['acme elsewhere.test > @bolt', 'from-not-yours'],
    ['south acme.example > @acme', 'forward to acme'],
    ['south acme.example > @bolt', 'from-not-yours'],
  ])('%s: %s', (text, expected) => {
    expect(outcome(community, text)).toBe(expected);
  });
});

describe('discovered partners', () => {
  it.each([
    ['met met.test > seen.test', 'not-a-partner'],
    ['met met.test > south.example', 'not-a-partner'],
    ['met met.test > nobody.test', 'not-a-partner'],
    ['south elsewhere.test > met.test', 'not-a-partner'],
    ['met met.test > acme.example', 'forward to acme'],
    ['acme acme.example > met.test', 'forward to met'],
  ])('%s: %s', (text, expected) => {
    expect(outcome(community, text)).toBe(expected);
  });

  it('are nobody any more when discovery is switched off', () => {
    const { members = '' } = community;
    expect(outcome({ members }, 'acme acme.example > met.test')).toBe('target-not-active');
    expect(outcome({ members }, 'met met.test > acme.example')).toBe('peer-not-active');
  });

  it('are vouched for by the authorities of discovery only, and held to its bounds', () => {
    const membership = sampleMembership({ pem, ...community });
    expect(doorOf(membership, 'met')).toMatchObject({ open: true, anchors: [world], lookup: 'met.test', stranger: true, proxies: [] });
    expect(doorOf(membership, 'acme')).toMatchObject({ open: true, anchors: [ca], stranger: false });
    const page = trustPage(membership, { members: [], after: '' }, 400_000);
    expect(page.discovery).toEqual({ anchors: [world] });
    expect(
      page.members.map(({ id, bounds, speaksForUnknown, anchors, dialsOnly }) => [
        id,
        bounds?.contacts,
        speaksForUnknown,
        anchors,
        dialsOnly,
      ]),
    ).toEqual([
      ['acme', undefined, false, [], true],
      ['bolt', undefined, false, [], true],
      ['east', undefined, true, [], true],
      ['met', 7, false, [], false],
      ['seen', 7, false, [], false],
      ['south', undefined, true, [], true],
    ]);
    expect(trustPage(membership, { members: [], after: 'met' }, 400_000).discovery).toBeUndefined();
  });
});

describe('the direct model', () => {
  const direct: SampleParts = {
    model: 'direct',
    community: 'defaultRoute: south',
    members: `
      - { id: desk, domains: [desk.acme.example], role: internal }
      - { id: mail, domains: [mail.acme.example], role: internal }
      - { id: bolt, domains: [bolt.example], role: partner }
      - { id: crow, domains: [crow.example], role: partner, lookup: crow.example }
      - { id: south, domains: [south.example], role: clearinghouse }
    `,
  };
  it.each([
    ['desk desk.acme.example > mail.acme.example', 'not-a-partner'],
    ['bolt bolt.example > crow.example', 'not-a-partner'],
    ['bolt bolt.example > nobody.test', 'not-a-partner'],
    ['south elsewhere.test > bolt.example', 'not-a-partner'],
    ['desk desk.acme.example > bolt.example', 'forward to bolt'],
    ['crow crow.example > desk.acme.example', 'forward to desk'],
    ['desk desk.acme.example > nobody.test', 'forward to south'],
    ['south elsewhere.test > desk.acme.example', 'forward to desk'],
  ])('%s: %s', (text, expected) => {
    expect(outcome(direct, text)).toBe(expected);
  });
});

describe('a redirect agreement with a partner found by DNS', () => {
  it('names it without a port', () => {
    const parts: SampleParts = {
      model: 'limited-clearinghouse',
      members:
        '[{ id: acme, domains: [acme.example], proxies: [{ host: 10.0.0.1 }] }, { id: crow, domains: [crow.example], lookup: sip.crow.example }]',
      agreements: '[{ members: [acme, crow], mode: redirect }]',
    };
    const { action, contacts } = decide(sampleMembership({ pem, ...parts }), ask('acme acme.example > crow.example'), 0);
    expect([action, contacts]).toEqual(['redirect', ['sip:sip.crow.example;transport=tls']]);
    expect(outcome(parts, 'crow crow.example > acme.example')).toBe('redirect to acme');
    expect(outcome(parts, 'crow crow.example > @acme')).toBe('forward to acme');
  });
});
