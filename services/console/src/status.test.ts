import { InstanceTraffic, MemberTraffic } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { describe, expect, it } from 'vitest';
import { type Standings, statusOf } from './status.js';

const instance = (service: string, of: Partial<InstanceTraffic> = {}): InstanceTraffic => ({
  ...InstanceTraffic.create(),
  service,
  id: `${service}-1`,
  ready: true,
  overload: 'calm',
  ...of,
});
const stream = { name: 'RECORDS', messages: 1n, bytes: 1n, firstAt: 1n, trouble: '' };
const link = { member: 'acme', relay: 'relay-1', address: 'a:1', state: 'backoff', why: 'it refuses connections' };
const well: Standings = {
  at: 1000,
  instances: ['ingress', 'policy', 'relay', 'console'].map((service) => instance(service)),
  members: [{ ...MemberTraffic.create(), member: 'acme', linksUp: 1, certificateDays: 20 }],
  links: [],
  streams: [stream],
  behind: 0,
  sampled: 1,
  bus: '',
};
const without = (service: string) => well.instances.filter((one) => one.service !== service);
const instead = (of: InstanceTraffic) => ({ instances: [...without(of.service), of] });
const member = (of: Partial<MemberTraffic>) => ({ members: [{ ...MemberTraffic.create(), member: 'acme', ...of }] });

describe('the verdict', () => {
  it('is well, and nothing is said', () => {
    expect(statusOf(well)).toMatchObject({ verdict: 'well', reasons: [], at: 1000n });
  });

  it.each<[string, Partial<Standings>, string, string]>([
    ['no relay', { instances: without('relay') }, 'down', 'No relay is ready.'],
    [
      'no ingress that is ready',
      instead(instance('ingress', { ready: false, reasons: ['NATS is not connected'] })),
      'down',
      'No ingress is ready.',
    ],
    ['a policy that is silent', instead(instance('policy', { silentS: 6 })), 'down', 'No policy is ready.'],
    ['no NATS', { bus: 'This console is not connected to NATS' }, 'down', 'This console is not connected to NATS.'],
    [
      'one instance of two that is silent',
      { instances: [...well.instances, instance('relay', { id: 'relay-2', silentS: 9.4 })] },
      'impaired',
      'relay relay-2 has not been heard of for 9 s.',
    ],
    [
      'one that is not ready',
      { instances: [...well.instances, instance('relay', { id: 'relay-2', ready: false, reasons: ['a', 'b'] })] },
      'impaired',
      'relay relay-2 is not ready: a; b.',
    ],
    [
      'one that is ready, but cannot do all it should',
      instead(instance('policy', { reasons: ['nothing can be changed: the disk is full'] })),
      'impaired',
      'policy policy-1: nothing can be changed: the disk is full.',
    ],
    [
      'overload',
      { instances: [...well.instances, instance('ingress', { id: 'i2', overload: 'shedding' })] },
      'impaired',
      'ingress i2 is overloaded (shedding).',
    ],
    [
      'a member that cannot be reached',
      { ...member({ linksDown: 2 }), links: [link] },
      'impaired',
      'No proxy of acme can be reached: it refuses connections.',
    ],
    ['a certificate that has expired', member({ certificateDays: -0.5 }), 'impaired', 'A certificate of acme has expired.'],
    [
      'a stream in trouble',
      { streams: [{ ...stream, trouble: 'there is no such stream' }] },
      'impaired',
      'The stream RECORDS: there is no such stream.',
    ],
    ['a backlog', { behind: 60_000 }, 'impaired', '60000 records are not looked at yet.'],
    ['sampling', { sampled: 4 }, 'impaired', 'Figures are estimated: of 4 batches of records one is looked at.'],
  ])('of %s', (_what, change, verdict, reason) => {
    const status = statusOf({ ...well, ...change });
    expect(status.verdict).toBe(verdict);
    expect(status.reasons).toContain(reason);
  });

  it('is well when one has ended in order, and one link of several is down', () => {
    const ended = instance('relay', { id: 'relay-2', ready: false, silentS: 8 });
    expect(statusOf({ ...well, ...member({ linksUp: 1, linksDown: 1 }), instances: [...well.instances, ended] }).verdict).toBe('well');
  });

  it('says only so many reasons', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ ...MemberTraffic.create(), member: `m${index}`, linksDown: 1 }));
    const { reasons } = statusOf({ ...well, members: many });
    expect([reasons.length, reasons.at(-1)]).toEqual([51, '150 reasons more.']);
  });
});
