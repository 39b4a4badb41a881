import { describe, expect, it } from 'vitest';
import { type Judged, judge, renderJudgement, whyNotComparable } from './check.js';
import type { Machine, Recorded } from './history.js';

const machine: Machine = {
  ...{ cpu: 'a cpu', cores: 2, memory: 4000, kernel: '6.1', node: 'v20.20.2', natsServer: 'v2.9.10', kamailio: '5.6.3' },
};

type Ratio = Recorded['patterns'][number]['peers'][number]['ratio'];
const figures = { perSecond: 30_000, cpu: 30, p50: 1, p99: 4, memory: 100 };

function recorded(ratios: Readonly<Record<string, Partial<Ratio>>>, pattern = '4x50'): Recorded {
  const peers = Object.entries(ratios).map(([peer, ratio]) => ({ peer, ...figures, ratio: { perSecond: 2, cpu: 0.5, p99: 1, ...ratio } }));
  const patterns = [{ pattern, unit: 'tx' as const, hub: { ...figures, cpuParts: {}, memoryParts: {} }, peers }];
  return { format: 1, version: '0.1.0', at: '2026-01-02T03:04:05.000Z', machine, features: [], rounds: 3, count: 1000, patterns };
}

const codeOf = (last: Recorded, now: Recorded): number => renderJudgement(last, judge(last, now, ['4x50'])).code;

describe('nothing is compared', () => {
  it.each([
    ['without a history', undefined, {}, ['4x50'], 'nothing was recorded yet'],
    ['with another processor', recorded({ kamailio: {} }), { cpu: 'another' }, ['4x50'], 'recorded on 2 x a cpu, this is 2 x another'],
    ['with more cores', recorded({ kamailio: {} }), { cores: 4 }, ['4x50'], 'this is 4 x a cpu'],
    ['without the peer', recorded({ kamailio: {} }), { kamailio: '' }, ['4x50'], 'Kamailio is not installed'],
    ['with another peer', recorded({ kamailio: {} }), { kamailio: '6.1.4' }, ['4x50'], 'recorded beside 5.6.3, this is 6.1.4'],
    ['of a pattern that was not recorded', recorded({ kamailio: {} }), {}, ['4x50', 'calls'], 'calls was not recorded'],
    ['of a pattern that was recorded alone', recorded({}), {}, ['4x50'], '4x50 was not recorded with a peer'],
  ] as const)('%s', (_, last, change, wanted, words) => {
    const reasons = whyNotComparable(last, { ...machine, ...change }, wanted);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(words);
    expect(reasons[0]).toContain('cure: ');
  });
});

it('compares on the same machine, also with another kernel or Node: what they bring is to be seen', () => {
  expect(whyNotComparable(recorded({ kamailio: {} }), { ...machine, kernel: '7.0', node: 'v24.0.0' }, ['4x50'])).toEqual([]);
});

it.each([
  ['a peer that is gone', {}, 2],
  ['a rate that is not a number', { kamailio: { perSecond: Number.NaN } }, 3],
  ['a rate that fell by more', { kamailio: { perSecond: 1.69 } }, 3],
  ['a rate that fell by less', { kamailio: { perSecond: 1.71 } }, 0],
  ['CPU that grew by more', { kamailio: { cpu: 0.59 } }, 3],
  ['CPU that grew by less', { kamailio: { cpu: 0.58 } }, 0],
  ['a hub that is better', { kamailio: { perSecond: 4, cpu: 0.2 } }, 0],
  ['a worse p99', { kamailio: { p99: 9 } }, 0],
] as const)('%s', (_, now, code) => {
  expect(codeOf(recorded({ kamailio: {} }), recorded(now))).toBe(code);
});

it('a fall counts more than what could not be judged, and nothing at all is no success', () => {
  const last = recorded({ kamailio: {}, 'kamailio-stateless': {} });
  expect(codeOf(last, recorded({ kamailio: { perSecond: 1 } }))).toBe(3);
  expect(codeOf(last, recorded({ kamailio: {} }))).toBe(2);
  expect(renderJudgement(last, []).code).toBe(2);
});

it('says which ratio fell, and from where to where', () => {
  const last = recorded({ kamailio: {} });
  const all = judge(last, recorded({ kamailio: { perSecond: 1.5 } }), ['4x50']);
  expect(all.filter((one): one is Judged => typeof one !== 'string' && one.fallen)).toMatchObject([{ what: 'rate', before: 2, now: 1.5 }]);
  expect(renderJudgement(last, all).text).toContain('4x50 to kamailio: rate 2.00 x then, 1.50 x now, worse by 25.0 %  FALLEN');
});

it('judges only what is wanted', () => {
  expect(judge(recorded({ kamailio: {} }), recorded({}), ['calls'])).toEqual([]);
});
