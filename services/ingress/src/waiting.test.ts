import { expect, it } from 'vitest';
import type { KeptVerdict } from './kept-verdict.js';
import type { AskSubject } from './verdicts.js';
import { createWaiting } from './waiting.js';

const subject = (peer: string): AskSubject => ({ peer, fromDomain: '', toDomain: 'x.test', toMember: '', method: 'MESSAGE', event: '' });

it('one member whose questions are slow to answer leaves room for the others', async () => {
  const flights: (() => void)[] = [];
  const fetch = () => new Promise<KeptVerdict>((_, reject) => flights.push(() => reject(new Error('policy did not answer'))));
  const gone: string[] = [];
  const waiting = createWaiting<string>({ fetch }, 100, (item) => gone.push(item));
  const add = (peer: string, times: number) =>
    Array.from({ length: times }, (_, at) => waiting.add(`${peer} ${at % 10}`, subject(peer), peer)).filter(Boolean).length;
  expect([add('loud', 1000), add('calm', 10), add('other', 1000), add('last', 1)]).toEqual([75, 10, 15, 0]);
  expect(waiting.size()).toBe(100);
  for (const flight of flights) flight();
  await expect.poll(() => waiting.size()).toBe(0);
  expect(gone).toHaveLength(100);
  expect(add('loud', 1000)).toBe(75);
});

it('the question belongs to the trace of whoever came first', () => {
  const asked: (string | undefined)[] = [];
  const fetch = (_key: string, _subject: AskSubject, trace?: string) => {
    asked.push(trace);
    return new Promise<KeptVerdict>(() => undefined);
  };
  const waiting = createWaiting<string>(
    { fetch },
    100,
    () => undefined,
    (item) => `trace of ${item}`,
  );
  for (const [key, item] of [
    ['one', 'a'],
    ['one', 'b'],
    ['two', 'c'],
  ] as const)
    waiting.add(key, subject('acme'), item);
  expect(asked).toEqual(['trace of a', 'trace of c']);
});
