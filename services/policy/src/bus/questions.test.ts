import { memoryBus } from '@guildhall/chassis/memory-bus';
import {
  Ask,
  Door,
  DoorRequest,
  TokenKeys,
  TrustPage,
  TrustRequest,
  Verdict,
  VerdictAction,
} from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import type { Membership } from '../decision/membership.js';
import { sampleMembership } from '../decision/sample-membership.js';
import { answerQuestions } from './questions.js';

const membership = sampleMembership({
  model: 'limited-clearinghouse',
  members: `
    - { id: acme, domains: [acme.example], interface: inside, proxies: [{ host: 10.0.0.1 }] }
    - { id: bolt, domains: [bolt.example], proxies: [{ host: 10.0.0.2 }] }
  `,
  agreements: '[{ members: [acme, bolt], mode: redirect, validUntil: "2026-06-01T00:01:00Z" }]',
});
const now = Date.parse('2026-06-01T00:00:00Z');
const keys = [{ id: 'k', secret: Buffer.alloc(32, 1) }];

/** A bus with policy on it, and what policy noted. */
function stage(inForce: Membership | undefined, tokenKeys = keys) {
  const bus = memoryBus();
  const notes: string[] = [];
  const stop = answerQuestions(
    bus,
    { membership: () => inForce, tokenKeys: () => tokenKeys, wall: () => now },
    {
      decided: (decision) => notes.push(`${decision.action} ${decision.code}`),
      answered: (question) => notes.push(`answered ${question}`),
      malformed: (question) => notes.push(`malformed ${question}`),
      unanswerable: (question) => notes.push(`unanswerable ${question}`),
    },
  );
  return { bus, notes, stop };
}

const asked = (toDomain: string) =>
  Ask.encode({
    peer: 'acme',
    fromDomain: 'acme.example',
    target: { $case: 'toDomain', value: toDomain },
    method: 'MESSAGE',
    event: '',
  }).finish();
const every = [
  ['ask', subjects.ask],
  ['door', subjects.door],
  ['trust', subjects.trust],
  ['token-keys', subjects.tokenKeys],
] as const;

describe('answerQuestions', () => {
  it.each(every)('counts a %s that cannot be read, and goes on', (question, subject) => {
    const { bus, notes } = stage(membership);
    bus.publish(subject, Buffer.from([0x0a, 0xff]));
    bus.publish(subject, Buffer.from('not a message of ours at all'));
    expect(notes).toEqual([`malformed ${question}`, `malformed ${question}`]);
  });

  it.each(every)('leaves a %s to others while there is nothing to answer from', (question, subject) => {
    const { bus, notes } = stage(undefined, []);
    bus.publish(subject, Buffer.alloc(0));
    expect(notes).toEqual([`unanswerable ${question}`]);
  });

  it('answers nobody after it was stopped', async () => {
    const { bus, stop } = stage(membership);
    stop();
    for (const [, subject] of every)
      await expect(bus.request(subject, Buffer.alloc(0), 100)).rejects.toMatchObject({ code: 'no-responders' });
  });

  it('gives verdicts', async () => {
    const { bus, notes } = stage(membership);
    expect(Verdict.decode(await bus.request(subjects.ask, asked('bolt.example'), 100))).toEqual({
      action: VerdictAction.REDIRECT,
      member: 'bolt',
      code: 'direct-partner',
      rule: 'agreement acme bolt',
      sentence: 'acme and bolt (bolt.example) agreed to talk directly: send MESSAGE to the door of bolt.',
      contacts: ['sip:10.0.0.2:5061;transport=tls'],
      version: 7n,
      fromInterface: 'inside',
      toInterface: '',
      holdsFor: 60_000,
      checks: [],
    });
    const refused = Verdict.decode(await bus.request(subjects.ask, asked('nowhere.example'), 100));
    expect(refused).toMatchObject({ action: VerdictAction.REFUSE, member: '', code: 'unknown-domain', contacts: [], version: 7n });
    expect(notes).toEqual(['redirect direct-partner', 'answered ask', 'refuse unknown-domain', 'answered ask']);
  });

  it('gives doors, trust and keys', async () => {
    const { bus } = stage(membership);
    const door = Door.decode(await bus.request(subjects.door, DoorRequest.encode({ member: 'bolt' }).finish(), 100));
    expect(door).toMatchObject({ member: 'bolt', open: true, proxies: [{ host: '10.0.0.2' }] });
    expect(Door.decode(await bus.request(subjects.door, DoorRequest.encode({ member: 'x' }).finish(), 100)).open).toBe(false);
    const page = TrustPage.decode(await bus.request(subjects.trust, TrustRequest.encode({ members: [], after: 'acme' }).finish(), 100));
    expect(page.members.map((member) => member.id)).toEqual(['bolt']);
    expect(TokenKeys.decode(await bus.request(subjects.tokenKeys, Buffer.alloc(0), 100)).keys).toEqual(keys);
  });
});
