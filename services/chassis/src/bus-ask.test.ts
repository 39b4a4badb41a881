import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askPolicy } from './bus-ask.js';
import { BusError } from './bus-error.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A bus on which each question is answered, refused or left alone by hand. */
function setting() {
  const listeners = new Set<(up: boolean) => void>();
  const asked: { at: number; left: number; answer: (text: string) => void; refuse: (code: BusError['code']) => void }[] = [];
  const began = Date.now();
  let up = true;
  const bus = {
    connected: () => up,
    onConnected(listener: (up: boolean) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    request: (_subject: string, _payload: Uint8Array, left: number) =>
      new Promise<Uint8Array>((resolve, reject) => {
        const refuse = (code: BusError['code']) => reject(new BusError(code, code));
        asked.push({ at: Date.now() - began, left, answer: (text) => resolve(bytes(text)), refuse });
      }),
  };
  const set = (now: boolean) => {
    up = now;
    for (const listener of [...listeners]) listener(now);
  };
  let ended = '';
  const ask = (whenAlone?: 'wait') => {
    askPolicy(bus, 's', bytes('?'), 2000, whenAlone).then(
      (answer) => {
        ended = `answer ${Buffer.from(answer).toString()}`;
      },
      (thrown: unknown) => {
        ended = thrown instanceof BusError ? thrown.code : String(thrown);
      },
    );
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { bus, asked, set, ask, pass, listeners, ended: () => ended };
}

describe('a question to policy', () => {
  it.each<BusError['code']>(['no-responders', 'failed'])('is refused at once with %s', async (code) => {
    const { ask, asked, ended, pass, listeners } = setting();
    ask();
    asked[0]?.refuse(code);
    await pass(0);
    expect([ended(), asked.length, listeners.size, vi.getTimerCount()]).toEqual([code, 1, 0, 0]);
  });

  it('is asked when NATS is back, and waits for policy to be back too', async () => {
    const { ask, asked, ended, pass, set } = setting();
    set(false);
    ask();
    await pass(300);
    expect([ended(), asked.length]).toEqual(['', 0]);
    set(true);
    asked[0]?.refuse('no-responders');
    await pass(100);
    expect([ended(), asked.length]).toEqual(['', 2]);
    asked[1]?.answer('yes');
    await pass(0);
    expect(ended()).toBe('answer yes');
  });

  it('is refused when its time is over, and leaves nothing behind', async () => {
    const { ask, asked, ended, pass, listeners } = setting();
    ask();
    await pass(1999);
    expect([ended(), asked.map(({ at, left }) => [at, left])]).toEqual([
      '',
      [
        [0, 2000],
        [500, 1500],
        [1000, 1000],
      ],
    ]);
    await pass(1);
    expect([ended(), listeners.size, vi.getTimerCount()]).toEqual(['timeout', 0, 0]);
    asked[0]?.answer('too late');
    await pass(0);
    expect(ended()).toBe('timeout');
  });

  it('takes the first answer, whichever question it is to, and asks no more', async () => {
    const { ask, asked, ended, pass } = setting();
    ask();
    await pass(600);
    asked[1]?.answer('second');
    asked[0]?.answer('first');
    await pass(5000);
    expect([ended(), asked.length]).toEqual(['answer second', 2]);
  });

  it('waits for its other tries when one of them times out', async () => {
    const { ask, asked, ended, pass } = setting();
    ask();
    await pass(1500);
    asked[0]?.refuse('timeout');
    await pass(0);
    expect(ended()).toBe('');
    asked[2]?.answer('third');
    await pass(0);
    expect(ended()).toBe('answer third');
  });

  it('that may wait is asked again while there is nobody', async () => {
    const { ask, asked, ended, pass } = setting();
    ask('wait');
    for (let index = 0; index < 3; index += 1) {
      asked.at(-1)?.refuse('no-responders');
      await pass(100);
    }
    expect([ended(), asked.map(({ at }) => at)]).toEqual(['', [0, 100, 200, 300]]);
    asked.at(-1)?.answer('yes');
    await pass(3000);
    expect([ended(), asked.length]).toEqual(['answer yes', 4]);
  });

  it('is asked again as soon as NATS is back', async () => {
    const { ask, asked, ended, pass, set } = setting();
    ask();
    await pass(100);
    set(false);
    asked[0]?.refuse('disconnected');
    await pass(50);
    expect(ended()).toBe('');
    set(true);
    expect(asked.length).toBe(2);
    asked[1]?.answer('yes');
    await pass(0);
    expect(ended()).toBe('answer yes');
  });

  it('ends in time when NATS does not come back', async () => {
    const { ask, asked, ended, pass, set } = setting();
    ask();
    set(false);
    asked[0]?.refuse('disconnected');
    await pass(2000);
    expect([ended(), asked.length]).toEqual(['timeout', 1]);
  });
});
