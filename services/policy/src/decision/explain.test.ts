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

describe('explain, beyond names', () => {
  const ruled = sampleMembership({
    members: `
      - { id: acme, domains: [acme.example], groups: [mills] }
      - { id: bolt, domains: [bolt.example] }
    `,
    rules: `
      - { id: trial, from: { any: true }, to: { any: true }, action: deny, shadow: true }
      - { id: calls, from: { member: bolt }, to: { any: true }, methods: [INVITE], action: deny }
      - { id: night, from: { any: true }, to: { any: true }, during: { from: "22:00", until: "05:00" }, action: deny }
      - { id: spam, from: { user: spam@acme.example }, to: { any: true }, action: deny }
      - { id: html, from: { any: true }, to: { any: true }, bodyTypes: [text/html], bodyLarger: 100, action: deny }
      - { id: video, from: { any: true }, to: { any: true }, media: [video], action: deny }
      - { id: slow, from: { group: mills }, to: { any: true }, action: limit, limit: { requests: 5, per: minute } }
    `,
  });
  const noon = Date.parse('2026-06-01T12:00:00Z');
  const told = (question: Partial<ExplainRequest>) => {
    const explanation = explain(ruled, ExplainRequest.fromPartial({ from: 'acme', to: 'bolt', ...question }), noon);
    if ('invalid' in explanation) throw new Error(explanation.invalid);
    return explanation.response;
  };

  it.each<[string, Partial<ExplainRequest>, string]>([
    ['too many media', { media: Array.from({ length: 17 }, () => 'audio') }, 'media has more than 16 kinds.'],
    ['media that is none', { media: ['vid eo'] }, 'media "vid eo" is no kind of media.'],
    ['a type that is none', { bodyType: 'html' }, 'body type "html" is no media type.'],
    ['a time that is none', { at: 'noon' }, 'time "noon" is no RFC 3339 time, such as 2027-01-31T12:00:00Z.'],
    [
      'a day that is none',
      { at: '2026-13-01T00:00:00Z' },
      'time "2026-13-01T00:00:00Z" is no RFC 3339 time, such as 2027-01-31T12:00:00Z.',
    ],
  ])('refuses %s', (_, question, invalid) => {
    expect(explain(ruled, ExplainRequest.fromPartial({ from: 'acme', to: 'bolt', ...question }), noon)).toEqual({ invalid });
  });

  it.each<[string, Partial<ExplainRequest>, string]>([
    ['by media', { media: ['Video'] }, 'rule video'],
    ['by body', { bodyType: 'Text/HTML; charset=utf-8', bodyBytes: 101n }, 'rule html'],
    ['by body, if it is large', { bodyType: 'text/html', bodyBytes: 100n }, 'rule slow'],
    ['by size, of plain text', { bodyBytes: 5000n }, 'rule slow'],
    ['by user', { from: 'sip:s%70am:secret@ACME.example;x=y' }, 'rule spam'],
    ['by time', { at: '2026-06-01T23:00:00+01:00' }, 'rule night'],
    ['by the time it is', {}, 'rule slow'],
    ['by nothing', { from: 'bolt', to: 'acme' }, 'model clearinghouse'],
  ])('decides %s', (_, question, rule) => {
    expect(told(question).rule).toBe(rule);
  });

  it('tells of each rule why it does not fit, up to the one that decides', () => {
    const { steps, sentence } = told({});
    expect(sentence).toBe('Rule slow allows MESSAGE from acme (acme.example) to bolt (bolt.example), up to 5 a minute.');
    expect(steps.filter(({ subject }) => subject === 'rule' || subject === 'shadow').map(({ finding }) => finding)).toEqual([
      'rule trial denies everything from anyone to anyone. It is a shadow: counted, not enforced.',
      'rule calls is about INVITE, not MESSAGE',
      'rule night holds every day from 22:00 to 05:00 UTC only',
      'rule spam is about a request from spam@acme.example, and this one is not',
      'rule html is about a request with a body of text/html and of more than 100 bytes, and this one is not',
      'rule video is about a request that offers video, and this one is not',
      'rule slow allows everything from the group mills to anyone, up to 5 a minute.',
    ]);
  });

  it('tells of no more than two hundred rules', () => {
    const rules = Array.from({ length: 300 }, (_, at) => `{ id: r${at}, from: { member: bolt }, to: { any: true }, action: deny }`);
    const many = sampleMembership({
      members: '[{ id: acme, domains: [acme.example] }, { id: bolt, domains: [bolt.example] }]',
      rules: `[${rules.join(', ')}]`,
    });
    const explanation = explain(many, ExplainRequest.fromPartial({ from: 'acme', to: 'bolt' }), noon);
    const findings = 'response' in explanation ? explanation.response.steps.map(({ finding }) => finding) : [];
    expect(findings.filter((finding) => finding.startsWith('rule r')).length).toBe(200);
    expect(findings).toContain('100 more rules were tried');
  });
});
