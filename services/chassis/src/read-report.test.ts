import { InstanceReport, LinkState, MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { followReports } from './follow-reports.js';
import { memoryBus } from './memory-bus.js';
import { readReport } from './read-report.js';
import { reportBounds } from './report-bounds.js';

const sound: InstanceReport = InstanceReport.fromPartial({
  service: 'relay',
  id: 'relay-1',
  epoch: 'e1',
  version: '0.1.0',
  at: 1_800_000_000_000n,
  started: 1_799_999_999_000n,
  ready: false,
  reasons: ['NATS is not connected'],
  lastPart: true,
  members: [{ member: 'acme', links: [{ address: '[2001:db8::1]:5061', state: 'backoff', why: 'nothing heard', certificateEnds: 5n }] }],
  told: [{ ingress: 'ingress-1', epoch: 'e9', finals: 12n }],
});
const said = (changes: Partial<InstanceReport>): Uint8Array => InstanceReport.encode({ ...sound, ...changes }).finish();
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const acme = MemberState.fromPartial({ member: 'acme' });
const withLink = (changes: Partial<LinkState>): Uint8Array => said({ members: [{ ...acme, links: [LinkState.fromPartial(changes)] }] });

describe('a report', () => {
  it('is read as it was said', () => {
    expect(readReport('relay', said({}))).toEqual(sound);
  });

  it('of a newer version is read too', () => {
    const payload = Buffer.concat([said({ overload: 'something-new' }), Buffer.from([0xfa, 0x3f, 1, 7])]);
    expect(readReport('relay', payload)?.overload).toBe('something-new');
    expect(readReport('relay', withLink({ state: 'half-open' }))).toBeDefined();
  });

  it.each<[string, Uint8Array]>([
    ['no protobuf', Buffer.from([0xff, 0xff])],
    ['half a report', said({}).subarray(0, -3)],
    ['nothing', new Uint8Array()],
    ['another service’s', said({ service: 'policy' })],
    ['an id that is no token', said({ id: 'a.b' })],
    ['no epoch', said({ epoch: '' })],
    ['a version that steers a terminal', said({ version: '\u001b[2J' })],
    ['a time that is none', said({ at: 2n ** 63n })],
    ['a start that is none', said({ started: 2n ** 63n })],
    ['an overload that is no word', said({ overload: 'A'.repeat(9) })],
    ['too high a part', said({ part: reportBounds.parts })],
    ['too many reasons', said({ reasons: many(33, 'x') })],
    ['a long reason', said({ reasons: ['x'.repeat(301)] })],
    ['a reason of two lines', said({ reasons: ['x\ny'] })],
    ['a reason written backwards', said({ reasons: ['x\u202ey'] })],
    ['too many members', said({ members: many(501, acme) })],
    ['a member that is none', said({ members: [{ ...acme, member: '*' }] })],
    ['a certificate without an end', said({ members: [{ ...acme, certificateEnds: 2n ** 64n - 1n }] })],
    ['too many links', said({ members: [{ ...acme, links: many(65, LinkState.fromPartial({})) }] })],
    ['a long address', withLink({ address: 'x'.repeat(301) })],
    ['a state that is no word', withLink({ state: 'up!' })],
    ['a long why', withLink({ why: 'x'.repeat(201) })],
    ['a link’s certificate without an end', withLink({ certificateEnds: 2n ** 64n - 1n })],
    ['too many counts', said({ told: many(257, { ingress: 'i', epoch: 'e', finals: 1n }) })],
    ['a count of nobody', said({ told: [{ ingress: '', epoch: 'e', finals: 1n }] })],
    ['more bytes than a report has', Buffer.concat([said({}), Buffer.alloc(reportBounds.bytes)])],
  ])('means nothing: %s', (_what, payload) => {
    expect(readReport('relay', payload)).toBeUndefined();
  });
});

describe('whoever follows reports', () => {
  it('believes each service of itself only', () => {
    const bus = memoryBus();
    const heard: string[] = [];
    let dropped = 0;
    const stop = followReports(
      bus,
      ({ service, id }) => heard.push(`${service} ${id}`),
      () => {
        dropped += 1;
      },
    );
    bus.publish(subjects.report('relay', 'relay-1'), said({}));
    bus.publish(subjects.report('ingress', 'relay-1'), said({}));
    bus.publish(subjects.report('console', 'c'), said({ service: 'console', id: 'c' }));
    bus.publish(subjects.report('nobody', 'n'), said({ service: 'nobody' }));
    stop();
    bus.publish(subjects.report('relay', 'relay-1'), said({}));
    expect([heard, dropped]).toEqual([['relay relay-1', 'console c'], 1]);
  });
});
