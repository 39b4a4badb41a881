import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { memoryKeyValue } from '@guildhall/chassis/memory-key-value';
import { Mark } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { Marked } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepMarks, type Marks, mostMarks } from './keep-marks.js';

const begin = Date.parse('2026-05-01T00:00:00Z');
let now = begin;
let bucket: KeyValue;
let said: Marked[];
const failed = vi.fn();
const open: Marks[] = [];
const bus = memoryBus();

const keep = async () => {
  const marks = await keepMarks(bucket, { bus, wall: () => now, failed });
  open.push(marks);
  return marks;
};
const markOf = (member: string, ms = 600_000) =>
  Mark.fromPartial({ member, until: new Date(now + ms).toISOString(), who: 'operator (test)', when: new Date(now).toISOString() });
const lastSaid = () => said.at(-1)?.members;

beforeEach(() => {
  vi.useFakeTimers();
  now = begin;
  bucket = memoryKeyValue(1);
  said = [];
  failed.mockClear();
  bus.subscribe(subjects.marked, (payload) => void said.push(Marked.decode(payload)));
});
afterEach(async () => {
  for (const marks of open.splice(0)) marks.stop();
  await bus.close();
  vi.useRealTimers();
});

describe('marks are refused', () => {
  it('where there is none to take away', async () => {
    await expect((await keep()).unmark('acme')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('beyond as many as there may be, but for one that is there', async () => {
    const marks = await keep();
    for (let at = 0; at < mostMarks; at += 1) await marks.mark(markOf(`m${at}`));
    await expect(marks.mark(markOf('one-more'))).rejects.toMatchObject({ code: 'limit' });
    await expect(marks.mark(markOf('m0', 60_000))).resolves.toMatchObject({ member: 'm0' });
  });

  it('when the bucket cannot be written, and nothing is said then', async () => {
    const marks = await keep();
    bucket.put = () => Promise.reject(new KeyValueError('unavailable', 'gone'));
    await expect(marks.mark(markOf('acme'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(marks.list()).toEqual([]);
    expect(said).toEqual([]);
  });

  it.each([
    ['bytes that are none', Uint8Array.of(255, 255)],
    ['another member’s', Mark.encode(markOf('bolt')).finish()],
    ['one without an end', Mark.encode(Mark.fromPartial({ member: 'acme' })).finish()],
  ])('of a bucket that holds %s', async (_what, value) => {
    await bucket.put('acme', value);
    expect((await keep()).list()).toEqual([]);
    expect(failed).toHaveBeenCalledOnce();
  });
});

describe('marks', () => {
  it('are said whole at every change, an empty list included, with the time that is left', async () => {
    const marks = await keep();
    await marks.mark(markOf('bolt'));
    now += 1000;
    await marks.mark(markOf('acme', 60_000));
    expect(lastSaid()).toEqual([
      { member: 'acme', holdsFor: 60_000 },
      { member: 'bolt', holdsFor: 599_000 },
    ]);
    await marks.unmark('bolt');
    await marks.unmark('acme');
    expect(lastSaid()).toEqual([]);
  });

  it('are taken away at once, before the bucket tells of it', async () => {
    const { watch } = bucket;
    bucket.watch = (watcher, ...more) => watch({ ...watcher, entry: (entry) => void (entry.deleted || watcher.entry(entry)) }, ...more);
    const marks = await keep();
    await marks.mark(markOf('acme'));
    await marks.unmark('acme');
    expect([lastSaid(), marks.list()]).toEqual([[], []]);
  });

  it('are said every ten seconds while there are any, and no longer than they hold', async () => {
    const marks = await keep();
    await marks.mark(markOf('acme', 60_000));
    const before = said.length;
    now += 10_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said.slice(before)).toEqual([{ members: [{ member: 'acme', holdsFor: 50_000 }] }]);
    now += 50_000;
    await vi.advanceTimersByTimeAsync(50_000);
    expect(marks.list()).toEqual([]);
    expect(await bucket.entries()).toEqual([]);
    const after = said.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said.length).toBe(after);
  });

  it('made by one instance are known to the others, and outlive it', async () => {
    const first = await keep();
    const second = await keep();
    await first.mark(markOf('acme'));
    expect(second.list()).toEqual(first.list());
    first.stop();
    second.say();
    expect(lastSaid()).toEqual([{ member: 'acme', holdsFor: 600_000 }]);
    expect((await keep()).list()).toMatchObject([{ member: 'acme', who: 'operator (test)' }]);
    await second.unmark('acme');
    expect(lastSaid()).toEqual([]);
  });
});
