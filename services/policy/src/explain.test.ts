import { ExplainRequest } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { explain } from './explain.js';
import { sampleMembership } from './sample-membership.js';

const now = Date.parse('2026-06-01T00:00:00Z');
const membership = sampleMembership({
  members: `
    - { id: acme, domains: [acme.example], groups: [mills] }
    - { id: bolt, domains: [bolt.example] }
  `,
  rules: '[{ id: no-video, from: { group: mills }, to: { any: true }, methods: [INVITE], action: deny, reason: calls are not agreed yet }]',
});

const asked = (from: string, to: string, method = '', event = '') =>
  explain(membership, ExplainRequest.fromPartial({ from, to, method, event }), now);

describe('explain refuses', () => {
  it.each([
    ['', 'bolt', 'from is empty'],
    ['acme', '  ', 'to is empty'],
    ['acme', 'tel:+4912345', 'to is a telephone number'],
    ['acme', 'bolz', 'to "bolz" is no member (did you mean bolt?)'],
    ['nobody', 'bolt', 'from "nobody" is no member.'],
    ['acme', '10.0.0.1', '"10.0.0.1" is an IP address'],
    ['acme', 'sip:bob@[2001:db8::1]:5061', 'is an IP address'],
    ['acme', 'b\r\nolt.example', 'is no member id, domain or SIP URI'],
    ['acme', 'x'.repeat(5000), 'longer than 4096'],
    ['acme', 'https://bolt.example', 'is no SIP URI: https is another scheme'],
    ['acme', 'im:bob@bolt.example', 'is no SIP URI: im is another scheme'],
  ])('%j to %j', (from, to, expected) => {
    const explanation = asked(from, to);
    expect('invalid' in explanation ? explanation.invalid : undefined).toContain(expected);
    if ('invalid' in explanation) expect(explanation.invalid).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    ['IN VITE', '', 'is no SIP method'],
    ['INVITE\n', '', 'is no SIP method'],
    ['SUBSCRIBE', 'pres ence', 'is no event package'],
  ])('method %j event %j', (method, event, expected) => {
    const explanation = asked('acme', 'bolt', method, event);
    expect('invalid' in explanation ? explanation.invalid : undefined).toContain(expected);
  });
});

describe('explain', () => {
  it.each([
    ['acme', 'bolt'],
    [' acme ', 'bolt.example'],
    ['acme.example', 'BOLT.Example'],
    ['sip:alice@acme.example', 'sips:bob@bolt.example:5061;transport=tls?Subject=x'],
    ['alice@acme.example', 'bob@bolt.example.'],
    ['SIP:acme.example', 'sip:bolt.example'],
    ['acme', 'bolt.example:5061'],
  ])('takes %j and %j for acme and bolt', (from, to) => {
    const explanation = asked(from, to);
    expect('response' in explanation ? explanation.response : undefined).toMatchObject({
      action: 'forward',
      status: 0,
      code: 'allowed',
      fromMember: 'acme',
      toMember: 'bolt',
      version: 7n,
    });
  });

  it('says what the verdict says, word for word, with its steps', () => {
    const explanation = asked('acme', 'sip:bob@bolt.example', 'INVITE');
    const { sentence, steps } = decide(
      membership,
      { peer: 'acme', fromDomain: 'acme.example', target: { $case: 'toDomain', value: 'bolt.example' }, method: 'INVITE', event: '' },
      now,
    );
    expect(explanation).toEqual({
      response: {
        action: 'refuse',
        status: 403,
        code: 'denied-by-rule',
        rule: 'rule no-video',
        sentence,
        fromMember: 'acme',
        toMember: 'bolt',
        steps,
        contacts: [],
        version: 7n,
      },
    });
    expect(steps.length).toBeGreaterThan(4);
  });

  it.each([
    ['stranger.example', 'bolt', 403, 'unknown-peer', 'No member of Steel Guild has the domain stranger.example.'],
    ['acme', 'stranger.example', 404, 'unknown-domain', 'No member of Steel Guild has the domain stranger.example.'],
    [
      'acme',
      'hub.example',
      404,
      'unknown-domain',
      "hub.example is the hub itself, which has no users: address someone at a member's domain.",
    ],
  ])('explains %s to %s', (from, to, status, code, sentence) => {
    const explanation = asked(from, to);
    expect('response' in explanation ? explanation.response : undefined).toMatchObject({ action: 'refuse', status, code, sentence });
  });
});
