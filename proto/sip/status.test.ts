import { expect, it } from 'vitest';
import { reasons } from '../reason.js';
import { reasonPhrase } from './status.js';

it.each([
  [200, 'OK'],
  [483, 'Too Many Hops'],
  [504, 'Server Time-out'],
  [199, 'Early Dialog Terminated'],
  [299, 'OK'],
  [499, 'Bad Request'],
  [599, 'Server Internal Error'],
  [0, ''],
  [700, 'Unknown'],
  [-1, 'Unknown'],
  [Number.NaN, 'Unknown'],
])('%i is %j', (status, phrase) => {
  expect(reasonPhrase(status)).toBe(phrase);
});

it('knows every status the hub answers by its own phrase', () => {
  for (const { status } of Object.values(reasons)) {
    if (status % 100 !== 0) expect(reasonPhrase(status)).not.toBe(reasonPhrase(Math.floor(status / 100) * 100 + 99));
  }
});
