import { BusError } from '@guildhall/chassis/bus-error';
import { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPolicyQuestions } from './policy-questions.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A bus on which nobody takes questions until `policy` is there. */
function setting() {
  let asked = 0;
  let policy = false;
  let tell = (_up: boolean): void => undefined;
  const bus = {
    connected: () => true,
    onConnected(listener: (up: boolean) => void) {
      tell = listener;
      return () => undefined;
    },
    request() {
      asked += 1;
      return policy ? Promise.resolve(Buffer.from('yes')) : Promise.reject(new BusError('no-responders', 'nobody'));
    },
  };
  const questions = createPolicyQuestions(bus, 2_000, 1_000, () => Date.now());
  const verdict = (): Promise<string> =>
    questions.verdict(Ask.create(), '').then(
      (answer) => Buffer.from(answer).toString(),
      (thrown: unknown) => (thrown instanceof BusError ? thrown.code : String(thrown)),
    );
  return {
    verdict,
    asked: () => asked,
    cameBack: () => tell(true),
    policyComes: () => {
      policy = true;
    },
  };
}

it('nobody takes the question: at once no verdict', async () => {
  const { verdict, asked } = setting();
  expect(await verdict()).toBe('no-responders');
  expect(asked()).toBe(1);
});

it('NATS is just back, and policy after us: the question waits for it, and no longer than its time', async () => {
  const { verdict, cameBack, policyComes } = setting();
  cameBack();
  const first = verdict();
  await vi.advanceTimersByTimeAsync(1_000);
  policyComes();
  await vi.advanceTimersByTimeAsync(100);
  expect(await first).toBe('yes');
  const alone = setting();
  alone.cameBack();
  const second = alone.verdict();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await second).toBe('timeout');
  expect(await alone.verdict()).toBe('no-responders');
});
