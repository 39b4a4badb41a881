import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { type SampleParts, sampleMembership } from './sample-membership.js';

const now = Date.parse('2026-06-01T00:00:00Z');

const members = `
  - { id: acme, name: Acme, domains: [acme.example, acme.test], groups: [mills] }
  - { id: bolt, name: Bolt, domains: [bolt.example], proxies: [{ host: 10.0.0.2, port: 6071, priority: 2 }, { host: sip.bolt.example, weight: 5 }, { host: "2001:db8::2" }] }
  - { id: sales, below: [acme], domains: [sales.acme.example], interface: inside }
  - { id: dull, domains: [dull.example], status: suspended, statusReason: the fee is due }
  - { id: new, domains: [new.example], status: pending }
  - { id: sick, domains: [sick.example], status: quarantined }
`;

/** "peer domain > target METHOD event": the target is a domain, or a member when it begins with "@". */
function ask(text: string): Ask {
  const [sender = '', receiver = ''] = text.split(' > ');
  const [peer = '', fromDomain = ''] = sender.split(' ');
  const [target = '', method = 'MESSAGE', event = ''] = receiver.split(' ');
  return {
    peer,
    fromDomain,
    target: target.startsWith('@') ? { $case: 'toMember', value: target.slice(1) } : { $case: 'toDomain', value: target },
    method,
    event,
  };
}

function verdict(parts: SampleParts, text: string, at = now): string {
  const { action, code, rule } = decide(sampleMembership({ members, ...parts }), ask(text), at);
  return `${action} ${code} (${rule})`;
}

function sentence(parts: SampleParts, text: string): string {
  return decide(sampleMembership({ members, ...parts }), ask(text), now).sentence;
}

describe('decide refuses in a clearinghouse', () => {
  it.each([
    [' acme.example > bolt.example', 'unknown-peer (membership)'],
    ['crane crane.example > bolt.example', 'unknown-peer (membership)'],
    ['__proto__ acme.example > bolt.example', 'unknown-peer (membership)'],
    ['dull dull.example > bolt.example', 'peer-not-active (status of dull)'],
    ['new new.example > bolt.example', 'peer-not-active (status of new)'],
    ['sick sick.example > bolt.example', 'peer-not-active (status of sick)'],
    ['acme bolt.example > bolt.example', 'from-not-yours (membership)'],
    ['acme  > bolt.example', 'from-not-yours (membership)'],
    ['acme sales.acme.example > bolt.example', 'from-not-yours (membership)'],
    ['acme hub.example > bolt.example', 'from-not-yours (membership)'],
    ['acme example > bolt.example', 'from-not-yours (membership)'],
    ['acme notacme.example > bolt.example', 'from-not-yours (membership)'],
    ['acme acme.example > nowhere.example', 'unknown-domain (membership)'],
    ['acme acme.example > example', 'unknown-domain (membership)'],
    ['acme acme.example > notbolt.example', 'unknown-domain (membership)'],
    ['acme acme.example > hub.example', 'unknown-domain (membership)'],
    ['acme acme.example > sub.hub.example', 'unknown-domain (membership)'],
    ['acme acme.example > ', 'unknown-domain (membership)'],
    ['acme acme.example > constructor', 'unknown-domain (membership)'],
    ['acme acme.example > @nobody', 'unknown-domain (membership)'],
    ['acme acme.example > dull.example', 'target-not-active (status of dull)'],
    ['acme acme.example > @sick', 'target-not-active (status of sick)'],
    ['acme dull.example > @bolt', 'from-not-yours (membership)'],
  ])('%s: %s', (text, expected) => {
    expect(verdict({}, text)).toBe(`refuse ${expected}`);
  });

  it('an ask without a target', () => {
    const membership = sampleMembership({ members });
    const { action, code } = decide(membership, { peer: 'acme', fromDomain: 'acme.example', method: 'MESSAGE', event: '' }, now);
    expect([action, code]).toEqual(['refuse', 'unknown-domain']);
  });

  it('everything when it has no members', () => {
    expect(verdict({ members: '[]' }, 'acme acme.example > bolt.example')).toBe('refuse unknown-peer (membership)');
  });
});

describe('decide allows in a clearinghouse', () => {
  it.each([
    ['acme acme.example > bolt.example'],
    ['acme acme.test > bolt.example INVITE'],
    ['acme east.acme.example > deep.down.bolt.example'],
    ['acme acme.example > sales.acme.example'],
    ['acme acme.example > acme.test'],
    ['sales sales.acme.example > acme.example SUBSCRIBE presence'],
    ['sales east.sales.acme.example > acme.example'],
    ['acme acme.example > @bolt INVITE'],
    ['acme  > @bolt INVITE'],
    ['acme bolt.example > @bolt INVITE'],
    ['bolt bolt.example > acme.example WHATEVER'],
  ])('%s', (text) => {
    expect(verdict({}, text)).toBe('forward allowed (model clearinghouse)');
  });

  it('and says which listeners the two use', () => {
    const { peer, target } = decide(sampleMembership({ members }), ask('acme acme.example > x.sales.acme.example'), now);
    expect([peer?.id, peer?.interface, target?.id, target?.interface]).toEqual(['acme', '', 'sales', 'inside']);
  });
});

describe('rules', () => {
  const rules = `
    - { id: vip, from: { member: acme }, to: { member: bolt }, methods: [INVITE], action: allow, reason: the chair said so }
    - { id: no-video, from: { group: mills }, to: { any: true }, methods: [INVITE], action: deny, reason: calls are not agreed yet }
    - { id: no-presence, from: { any: true }, to: { member: bolt }, events: [presence], action: deny }
    - { id: quiet, from: { member: sales }, to: { any: true }, action: deny, reason: "off until Monday!" }
  `;
  it.each([
    ['acme acme.example > sales.acme.example INVITE', 'refuse denied-by-rule (rule no-video)'],
    ['acme acme.example > bolt.example SUBSCRIBE presence', 'refuse denied-by-rule (rule no-presence)'],
    ['acme acme.example > @bolt NOTIFY presence', 'refuse denied-by-rule (rule no-presence)'],
    ['sales sales.acme.example > bolt.example', 'refuse denied-by-rule (rule quiet)'],
    ['acme acme.example > bolt.example INVITE', 'forward allowed (rule vip)'],
    ['acme acme.example > bolt.example SUBSCRIBE dialog', 'forward allowed (model clearinghouse)'],
    ['acme acme.example > bolt.example SUBSCRIBE', 'forward allowed (model clearinghouse)'],
    ['acme acme.example > bolt.example invite', 'forward allowed (model clearinghouse)'],
    ['bolt bolt.example > acme.example INVITE', 'forward allowed (model clearinghouse)'],
    ['bolt bolt.example > sales.acme.example', 'forward allowed (model clearinghouse)'],
    ['dull dull.example > bolt.example INVITE', 'refuse peer-not-active (status of dull)'],
  ])('%s: %s', (text, expected) => {
    expect(verdict({ rules }, text)).toBe(expected);
  });

  it('that allow do not reach past the membership', () => {
    const open = '[{ id: open, from: { any: true }, to: { any: true }, action: allow }]';
    expect(verdict({ rules: open }, 'acme bolt.example > bolt.example')).toBe('refuse from-not-yours (membership)');
    expect(verdict({ rules: open }, 'acme acme.example > dull.example')).toBe('refuse target-not-active (status of dull)');
    expect(verdict({ rules: open }, 'acme acme.example > nowhere.example')).toBe('refuse unknown-domain (membership)');
  });
});

describe('the limited clearinghouse', () => {
  const text = 'acme acme.example > bolt.example';
  const parts = (agreement: string, rules = '[]'): SampleParts => ({ model: 'limited-clearinghouse', agreements: `[${agreement}]`, rules });

  it.each([
    ['no agreement', '', 'forward allowed (model limited-clearinghouse)'],
    ['not accepted by one', '{ members: [acme, bolt], acceptedBy: [acme] }', 'forward allowed (model limited-clearinghouse)'],
    ['accepted by none', '{ members: [acme, bolt], acceptedBy: [] }', 'forward allowed (model limited-clearinghouse)'],
    ['not yet valid', '{ members: [acme, bolt], validFrom: 2026-06-02 }', 'forward allowed (model limited-clearinghouse)'],
    ['expired', '{ members: [acme, bolt], validUntil: 2026-06-01 }', 'forward allowed (model limited-clearinghouse)'],
    ['between others', '{ members: [sales, bolt] }', 'forward allowed (model limited-clearinghouse)'],
    ['relay', '{ members: [acme, bolt] }', 'forward allowed (agreement acme bolt)'],
    [
      'relay, named the other way round',
      '{ members: [bolt, acme], mode: relay, validFrom: 2026-06-01, validUntil: 2026-06-02 }',
      'forward allowed (agreement acme bolt)',
    ],
  ])('%s', (_, agreement, expected) => {
    expect(verdict(parts(agreement), text)).toBe(expected);
  });

  it('is bound by rules in spite of an agreement', () => {
    const rules = '[{ id: no, from: { any: true }, to: { any: true }, action: deny }]';
    expect(verdict(parts('{ members: [acme, bolt] }', rules), text)).toBe('refuse denied-by-rule (rule no)');
  });

  const redirect = '{ members: [acme, bolt], mode: redirect }';
  const withDoor = { ...parts(redirect), members: members.replace('groups: [mills]', 'proxies: [{ host: 10.0.0.1 }]') };

  it('redirects to the door of the partner, most preferred proxy first', () => {
    const decision = decide(sampleMembership(withDoor), ask(text), now);
    expect([decision.action, decision.code, decision.rule]).toEqual(['redirect', 'direct-partner', 'agreement acme bolt']);
    expect(decision.contacts).toEqual([
      'sip:sip.bolt.example:5061;transport=tls',
      'sip:[2001:db8::2]:5061;transport=tls',
      'sip:10.0.0.2:6071;transport=tls',
    ]);
  });

  it('redirects in spite of a rule that allows, and back', () => {
    const rules = '[{ id: yes, from: { any: true }, to: { any: true }, action: allow }]';
    expect(verdict({ ...withDoor, rules }, text)).toBe('redirect direct-partner (agreement acme bolt)');
    expect(verdict(withDoor, 'bolt bolt.example > acme.test')).toBe('redirect direct-partner (agreement acme bolt)');
  });

  it('never redirects what is within a dialog', () => {
    expect(verdict(withDoor, 'acme acme.example > @bolt INVITE')).toBe('forward allowed (agreement acme bolt)');
  });

  it.each([
    ['no agreement', '', 0],
    ['no bounds', '{ members: [acme, bolt] }', 0],
    ['expired', '{ members: [acme, bolt], validUntil: 2026-05-31 }', 0],
    ['not accepted', '{ members: [acme, bolt], acceptedBy: [bolt], validUntil: 2026-06-02 }', 0],
    ['until it ends', '{ members: [acme, bolt], validFrom: 2026-01-01, validUntil: "2026-06-01T00:00:01.5Z" }', 1500],
    ['until it begins', '{ members: [acme, bolt], validFrom: 2026-06-02, validUntil: 2026-06-09 }', 86_400_000],
    ['no longer than 32 bits can say', '{ members: [acme, bolt], validUntil: 9999-01-01 }', 0xffff_ffff],
  ])('holds %s', (_, agreement, expected) => {
    expect(decide(sampleMembership({ members, ...parts(agreement) }), ask(text), now).holdsFor).toBe(expected);
  });
});

describe('the direct model', () => {
  const direct: SampleParts = {
    model: 'direct',
    members: `
      - { id: us, domains: [us.example], role: internal }
      - { id: branch, domains: [branch.example], role: internal }
      - { id: they, domains: [they.example], role: partner }
      - { id: others, domains: [others.example], role: partner }
    `,
  };
  it.each([
    ['us us.example > branch.example', 'refuse not-a-partner (model direct)'],
    ['they they.example > others.example', 'refuse not-a-partner (model direct)'],
    ['they they.example > they.example', 'refuse not-a-partner (model direct)'],
    ['they they.example > nowhere.example', 'refuse unknown-domain (membership)'],
    ['us us.example > they.example', 'forward allowed (model direct)'],
    ['others others.example > branch.example INVITE', 'forward allowed (model direct)'],
    ['others  > @us INVITE', 'forward allowed (model direct)'],
  ])('%s: %s', (text, expected) => {
    expect(verdict(direct, text)).toBe(expected);
  });

  it('is bound by rules', () => {
    const rules = '[{ id: calls, from: { any: true }, to: { member: us }, methods: [INVITE], action: deny }]';
    expect(verdict({ ...direct, rules }, 'they they.example > us.example INVITE')).toBe('refuse denied-by-rule (rule calls)');
  });

  it('refuses between internals whatever a rule says', () => {
    const rules = '[{ id: all, from: { any: true }, to: { any: true }, action: allow }]';
    expect(verdict({ ...direct, rules }, 'us us.example > branch.example')).toBe('refuse not-a-partner (model direct)');
  });
});

describe('sentences', () => {
  const rules =
    '[{ id: no-video, from: { group: mills }, to: { any: true }, methods: [INVITE], action: deny, reason: calls are not agreed yet }]';
  it.each([
    ['crane crane.example > bolt.example', 'Steel Guild has no member "crane".'],
    [' x.example > bolt.example', 'No member of Steel Guild has the domain x.example.'],
    ['dull dull.example > bolt.example', 'Member dull is suspended: the fee is due.'],
    ['new new.example > bolt.example', 'Member new is pending.'],
    ['acme acme.example > dull.example', 'Member dull (dull.example) is suspended: the fee is due.'],
    [
      'acme bolt.example > bolt.example',
      'The From domain bolt.example does not belong to acme, whose domains are acme.example, acme.test.',
    ],
    ['acme acme.example > nowhere.example', 'No member of Steel Guild has the domain nowhere.example.'],
    ['acme acme.example > hub.example', "hub.example is the hub itself, which has no users: address someone at a member's domain."],
    ['acme acme.example > ', 'The request names no domain to go to.'],
    ['acme acme.example > @gone', 'Steel Guild has no member "gone".'],
    [
      'acme acme.example > bolt.example INVITE',
      'Rule no-video denies INVITE from acme (acme.example) to bolt (bolt.example): calls are not agreed yet.',
    ],
    [
      'acme acme.example > bolt.example SUBSCRIBE presence',
      'acme (acme.example) may send SUBSCRIBE for presence to bolt (bolt.example): active members of Steel Guild reach each other, and no rule says otherwise.',
    ],
  ])('%s', (text, expected) => {
    expect(sentence({ rules }, text)).toBe(expected);
  });

  it.each(['x\r\nVia: y', '\u001b[31m', '\u202e', 'a"b', 'a b'])('are harmless when names are hostile: %j', (hostile) => {
    const asks: Ask[] = [
      { peer: hostile, fromDomain: hostile, method: hostile, event: hostile },
      { ...ask('acme  > x'), fromDomain: hostile },
      { ...ask('acme acme.example > x'), target: { $case: 'toDomain', value: hostile } },
      { ...ask('acme acme.example > x'), target: { $case: 'toDomain', value: `${hostile}.bolt.example` }, method: hostile, event: hostile },
      { ...ask('acme acme.example > x'), target: { $case: 'toMember', value: hostile } },
    ];
    for (const one of asks) {
      const decision = decide(sampleMembership({ members }), one, now);
      for (const text of [decision.sentence, ...decision.steps.map((step) => step.finding)]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

describe('steps', () => {
  it('tell the whole way to a verdict', () => {
    const rules = '[{ id: r, from: { any: true }, to: { any: true }, methods: [INVITE], action: deny, reason: no }]';
    const membership = sampleMembership({
      model: 'limited-clearinghouse',
      members,
      rules,
      agreements: '[{ members: [acme, bolt], acceptedBy: [bolt] }]',
    });
    expect(decide(membership, ask('acme acme.example > east.bolt.example'), now).steps).toEqual([
      { subject: 'peer', finding: 'acme is the member Acme' },
      { subject: 'status', finding: 'acme is active' },
      { subject: 'domain', finding: 'acme.example belongs to acme' },
      { subject: 'domain', finding: 'east.bolt.example belongs to bolt' },
      { subject: 'status', finding: 'bolt is active' },
      { subject: 'agreement', finding: 'the agreement of acme and bolt waits for acme to accept' },
      { subject: 'rule', finding: 'the one rule does not fit' },
      { subject: 'model', finding: 'limited-clearinghouse: active members reach each other' },
    ]);
  });
});
