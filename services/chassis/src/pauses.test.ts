import { setImmediate as othersTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPauses } from './pauses.js';

it('a pause is due after so many ms of work, and later the longer it all takes', async () => {
  let now = 100;
  let turns = 0;
  const pauses = createPauses(
    2,
    () => now,
    async () => {
      turns += 1;
      now += 248;
    },
  );
  now += 1;
  expect(pauses.due()).toBe(false);
  now += 1.1;
  expect(pauses.due()).toBe(true);
  await pauses.take();
  expect([turns, pauses.due()]).toEqual([1, false]);
  now += 3;
  expect(pauses.due()).toBe(false);
  now += 2;
  expect(pauses.due()).toBe(true);
});

it('a turn that fails costs who waits for it, and nobody after that', async () => {
  const pauses = createPauses(
    1,
    () => 0,
    () => Promise.reject(new Error('no turn')),
  );
  await expect(pauses.take()).rejects.toThrow('no turn');
  await expect(createPauses(1, () => 0).take()).resolves.toBeUndefined();
});

it('two that pause in the same turn go on in turns of their own', async () => {
  const went: string[] = [];
  const turn = async (): Promise<void> => {
    await othersTurn();
    went.push('turn');
  };
  const work = async (name: string): Promise<void> => {
    const pauses = createPauses(0, () => 0, turn);
    for (let part = 1; part <= 2; part += 1) {
      await pauses.take();
      went.push(`${name} ${part}`);
    }
  };
  await Promise.all([work('one'), work('other')]);
  expect(went).toEqual(['turn', 'one 1', 'turn', 'other 1', 'turn', 'one 2', 'turn', 'other 2']);
});
