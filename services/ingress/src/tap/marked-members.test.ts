import { Marked } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { expect, it } from 'vitest';
import { createMarkedMembers } from './marked-members.js';

const list = (...members: [member: string, holdsFor: number][]) =>
  Marked.encode({ members: members.map(([member, holdsFor]) => ({ member, holdsFor })) }).finish();

it('what cannot be read changes nothing', () => {
  const marked = createMarkedMembers(() => 0);
  marked.take(list(['acme', 1_000]));
  expect(marked.take(Buffer.from([0xff, 0xff]))).toBe(false);
  expect(marked.has('acme')).toBe(true);
});

it('a mark without a member or a time marks nobody, and one without end ends after a day', () => {
  let now = 0;
  const marked = createMarkedMembers(() => now);
  marked.take(list(['', 1_000], ['bolt', 0], ['acme', 4_294_967_295]));
  expect([marked.has(''), marked.has('bolt'), marked.has('acme')]).toEqual([false, false, true]);
  now = 24 * 60 * 60 * 1_000;
  expect(marked.has('acme')).toBe(false);
});

it('the list replaces the last one, and each mark ends by itself', () => {
  let now = 0;
  const marked = createMarkedMembers(() => now);
  expect(marked.any()).toBe(false);
  marked.take(list(['acme', 1_000], ['bolt', 5_000]));
  marked.take(list(['bolt', 4_000]));
  expect([marked.has('acme'), marked.has('bolt')]).toEqual([false, true]);
  now = 3_999;
  marked.tend();
  expect(marked.any()).toBe(true);
  now = 4_000;
  expect([marked.has('bolt'), marked.any()]).toEqual([false, true]);
  marked.tend();
  expect(marked.any()).toBe(false);
});

it('a list without end is cut', () => {
  const marked = createMarkedMembers(() => 0);
  marked.take(list(...Array.from({ length: 5_000 }, (_, index): [string, number] => [`m${index}`, 1_000])));
  expect([marked.has('m999'), marked.has('m1000')]).toEqual([true, false]);
});
