import { InstanceReport, type LinkState, MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { expect, it } from 'vitest';
import { createReports } from './reports.js';

function report(service: string, id: string, of: Partial<InstanceReport> = {}): InstanceReport {
  return { ...InstanceReport.create(), service, id, epoch: 'a', ready: true, at: 10_000n, started: 4000n, lastPart: true, ...of };
}
const state = (member: string, of: Partial<MemberState> = {}): MemberState => ({ ...MemberState.create(), member, ...of });
const link = (address: string, linkState: string, ends = 0n): LinkState => ({ address, state: linkState, why: '', certificateEnds: ends });

it('puts together how members stand from all instances', () => {
  const reports = createReports({ members: 100 });
  reports.hear(report('ingress', 'i1', { members: [state('acme', { connections: 2, inFlight: 3, certificateEnds: 900n })] }), 0);
  reports.hear(
    report('ingress', 'i2', { members: [state('acme', { connections: 1, certificateEnds: 700n }), state('bolt', { connections: 1 })] }),
    0,
  );
  const links = [link('a:1', 'up', 800n), link('a:2', 'backoff'), link('a:3', 'idle')];
  reports.hear(report('relay', 'r1', { members: [state('acme', { links, waiting: 4, inFlight: 9 })] }), 0);
  expect(reports.standing(10)).toEqual(
    new Map([
      ['acme', { connections: 3, inFlight: 3, linksUp: 1, linksDown: 1, waiting: 4, certificateEnds: 700 }],
      ['bolt', { connections: 1, inFlight: 0, linksUp: 0, linksDown: 0, waiting: 0, certificateEnds: 0 }],
    ]),
  );
  expect(reports.links(10).map(({ relay, address }) => [relay, address])).toEqual(links.map(({ address }) => ['r1', address]));
});

it('takes a report in parts only when it is whole', () => {
  const reports = createReports({ members: 100 });
  const part = (number: number, last: boolean, member: string, at = 10_000n) =>
    reports.hear(report('ingress', 'i1', { at, part: number, lastPart: last, members: [state(member, { connections: 1 })] }), 0);
  part(0, false, 'acme');
  part(1, true, 'bolt');
  expect([...reports.standing(0).keys()]).toEqual(['acme', 'bolt']);
  part(0, false, 'cove', 11_000n);
  part(2, true, 'dale', 11_000n);
  expect([...reports.standing(0).keys()]).toEqual(['acme', 'bolt']);
  part(1, true, 'elm', 12_000n);
  expect([...reports.standing(0).keys()]).toEqual(['acme', 'bolt']);
});

it('names who is there and was not heard whole in this incarnation', () => {
  const reports = createReports({ members: 100 });
  const there = [
    { service: 'ingress', id: 'i1', epoch: 'a' },
    { service: 'relay', id: 'r1', epoch: 'a' },
  ];
  expect(reports.unheard(there)).toEqual(['ingress i1', 'relay r1']);
  reports.hear(report('ingress', 'i1'), 0);
  reports.hear(report('relay', 'r1', { part: 0, lastPart: false }), 0);
  expect(reports.unheard(there)).toEqual(['relay r1']);
  reports.hear(report('relay', 'r1', { part: 1 }), 0);
  expect(reports.unheard(there)).toEqual([]);
  expect(reports.unheard([{ service: 'relay', id: 'r1', epoch: 'b' }])).toEqual(['relay r1']);
});

it('tells how long an instance was silent, counts it no more, and forgets it', () => {
  const reports = createReports({ members: 100 });
  reports.hear(report('ingress', 'i1', { members: [state('acme', { connections: 1 })] }), 0);
  reports.hear(report('policy', 'p1', { ready: false, reasons: ['it ends'] }), 0);
  expect(reports.instances(7000).map(({ id, silentS, upS }) => [id, silentS, upS])).toEqual([
    ['i1', 7, 6],
    ['p1', 7, 6],
  ]);
  expect(reports.standing(7000).size).toBe(0);
  expect(reports.instances(15_000).map(({ id }) => id)).toEqual(['i1']);
  expect(reports.instances(61_000)).toEqual([]);
});

it('does not keep what another incarnation said of its members', () => {
  const reports = createReports({ members: 100 });
  reports.hear(report('ingress', 'i1', { members: [state('acme')] }), 0);
  reports.hear(report('ingress', 'i1', { epoch: 'b', part: 0, lastPart: false }), 0);
  expect(reports.standing(0).size).toBe(0);
});

it('is bounded whatever is said', () => {
  const reports = createReports({ members: 10 });
  for (let number = 0; number < 3000; number += 1) {
    reports.hear(report('ingress', `i${number}`, { members: Array.from({ length: 5 }, (_, index) => state(`m${number}-${index}`)) }), 0);
  }
  expect(reports.instances(0).length).toBe(1000);
  expect(reports.standing(0).size).toBe(10);
  reports.hear(report('ingress', 'late'), 61_000);
  expect(reports.instances(61_000).map(({ id }) => id)).toEqual(['late']);
});
