import { expect, it } from 'vitest';
import { createHearing } from './hearing.js';

const never = new AbortController().signal;

it('gives up on who does not report, and on who does not want to know any more', async () => {
  await createHearing(() => ['relay relay-1'], 5).all(never);
  const ending = new AbortController();
  const waiting = createHearing(() => ['relay relay-1'], 60_000).all(ending.signal);
  ending.abort();
  await waiting;
  await createHearing(() => ['relay relay-1'], 60_000).all(ending.signal);
});

it('waits until everybody has reported, and not at all where everybody has', async () => {
  let unheard = ['ingress ingress-1', 'relay relay-1'];
  const hearing = createHearing(() => unheard, 60_000);
  let over = false;
  const waiting = hearing.all(never).then(() => {
    over = true;
  });
  unheard = ['relay relay-1'];
  hearing.heard();
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(false);
  unheard = [];
  hearing.heard();
  await waiting;
  await hearing.all(never);
});
