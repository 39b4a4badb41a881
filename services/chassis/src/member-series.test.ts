import { expect, it } from 'vitest';
import { createMemberSeries, mostMembers } from './member-series.js';
import { createMeters } from './meters.js';

const some = (...ids: string[]) => ids.map((id, index) => ({ id, value: index + 1 }));

it('a flood of members is a bounded number of series, and nothing of their sum is lost', async () => {
  const members = Array.from({ length: 12_000 }, (_, index) => ({ id: `m${index}`, value: 2 }));
  const meters = createMeters('ingress', 'i1');
  const series = createMemberSeries();
  meters.counter(
    'guildhall_member_requests',
    'x',
    series.of(
      () => members,
      ({ value }) => value,
      'total',
    ),
  );
  const lines = (await meters.prometheus()).split('\n').filter((line) => line.startsWith('guildhall_member_requests_total{'));
  expect(lines).toHaveLength(mostMembers + 1);
  expect(lines.filter((line) => line.includes('otel_metric_overflow'))).toEqual([]);
  expect(lines.at(-1)).toBe(
    `guildhall_member_requests_total{member="_other",service_name="ingress",service_instance_id="i1"} ${(12_000 - mostMembers) * 2}`,
  );
  await meters.close();
});

it('those beyond the bound are summed, or the least of them counts', () => {
  const members = some('a', 'b', 'c', 'd');
  const series = createMemberSeries(2);
  const read = (fold: 'sum' | 'least') => [
    ...series.of(
      () => members,
      ({ value }) => value,
      fold,
    )(),
  ];
  expect(read('sum')).toEqual([
    [{ member: 'a' }, 1],
    [{ member: 'b' }, 2],
    [{ member: '_other' }, 7],
  ]);
  expect(read('least').at(-1)).toEqual([{ member: '_other' }, 3]);
});

it('a member of which there is nothing to say has no series, and there is no `_other` without one', () => {
  const series = createMemberSeries(1);
  const read = series.of(
    () => some('a', 'b'),
    ({ id }) => (id === 'a' ? 5 : undefined),
    'sum',
  );
  expect([...read()]).toEqual([[{ member: 'a' }, 5]]);
});

it('a member keeps its series while others come and go, and a free place is given on', () => {
  let members = some('a', 'b', 'c');
  const series = createMemberSeries(2);
  const read = series.of(
    () => members,
    () => 1,
    'sum',
  );
  const names = () => [...read()].map(([labels]) => labels['member']);
  expect(names()).toEqual(['a', 'b', '_other']);
  members = some('c', 'b', 'a');
  expect(names()).toEqual(['b', 'a', '_other']);
  members = some('b', 'c');
  expect(names()).toEqual(['b', 'c']);
  members = some('a', 'b', 'c');
  expect(names()).toEqual(['b', 'c', '_other']);
});

it('the sum of counters beyond the bound never shrinks', () => {
  let members = some('a', 'b', 'c');
  const read = createMemberSeries(1).of(
    () => members,
    ({ value }) => value,
    'total',
  );
  const other = () => [...read()].find(([labels]) => labels['member'] === '_other')?.[1];
  expect(other()).toBe(5);
  members = some('a', 'b');
  expect(other()).toBe(5);
  members = some('a', 'b', 'd');
  expect(other()).toBe(8);
  members = some('a');
  expect(other()).toBe(8);
});
