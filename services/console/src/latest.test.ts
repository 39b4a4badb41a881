import { MemberTraffic, TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { emptyTally } from '@guildhall/proto/traffic/sums';
import { expect, it } from 'vitest';
import { createLatest } from './latest.js';

const frame = (number: number): TrafficFrame => ({
  ...TrafficFrame.create(),
  number: BigInt(number),
  all: { ...emptyTally(), requests: 1n },
  members: ['acme', 'bolt'].map((member) => ({ ...MemberTraffic.create(), member, sent: emptyTally(), received: emptyTally() })),
  pairs: [{ from: 'cove', to: 'bolt', tally: emptyTally(), reasons: [] }],
});
const full = (number: number) => (): TrafficFrame => ({ ...frame(number), full: true });

it('gives a full frame first and then each, those that are not pulled added up', async () => {
  const changes: number[] = [];
  const latest = createLatest((by) => void changes.push(by));
  latest.tell(frame(1), full(1));
  const ending = new AbortController();
  const frames = latest.watch([], ending.signal)[Symbol.asyncIterator]();
  const told = async () => {
    const { value } = await frames.next();
    return [value?.number, value?.full, value?.all?.requests];
  };
  expect(await told()).toEqual([1n, true, 1n]);
  latest.tell(frame(2), full(2));
  expect(await told()).toEqual([2n, false, 1n]);
  for (let number = 3; number < 10; number += 1) latest.tell(frame(number), full(number));
  expect(await told()).toEqual([9n, false, 7n]);
  const next = told();
  latest.tell(frame(10), full(10));
  expect(await next).toEqual([10n, false, 1n]);
  const last = frames.next();
  ending.abort();
  expect(await last).toEqual({ value: undefined, done: true });
  expect(changes).toEqual([1, -1]);
});

it('waits for the first frame there is, which is full', async () => {
  const latest = createLatest(() => undefined);
  const ending = new AbortController();
  const frames = latest.watch(['bolt'], ending.signal)[Symbol.asyncIterator]();
  const next = frames.next();
  latest.tell(frame(1), full(1));
  const { value } = await next;
  expect(value).toMatchObject({ number: 1n, full: true });
  expect(value?.members.map(({ member }: MemberTraffic) => member)).toEqual(['bolt']);
  expect(value?.pairs.length).toBe(1);
  ending.abort();
});
