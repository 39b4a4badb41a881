import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublisherDesk } from './stream-publisher.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A publisher with room for 100 bytes, 50 of them on their way, that says things again after 1 s. */
function desk() {
  const sent: { id: string; ticket: number }[] = [];
  const told = { stored: 0, dropped: 0, trouble: '' };
  const state = { up: true };
  const publisher = createPublisherDesk(
    {
      bytes: 100,
      inFlight: 50,
      retry: 1000,
      stored(count) {
        told.stored += count;
      },
      dropped(count) {
        told.dropped += count;
      },
      trouble(why) {
        told.trouble = why;
      },
    },
    { up: () => state.up, send: (_subject, _payload, id, ticket) => void sent.push({ id, ticket }) },
    () => Date.now(),
  );
  return {
    ...publisher,
    state,
    told,
    /** What left since the last time. */
    left: () => sent.splice(0),
    say: (id: string, bytes = 20, count = 1) => publisher.publish('a.subject', new Uint8Array(bytes), id, count),
  };
}

const ids = (sent: readonly { id: string }[]): string[] => sent.map(({ id }) => id);

describe('a publisher into a stream', () => {
  it('drops the oldest that did not leave when there is too much, and counts what was in it', () => {
    const one = desk();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) one.say(id, 20, 10);
    // a and b are on their way and may be stored already.
    expect(ids(one.left())).toEqual(['a', 'b']);
    expect(one.told).toMatchObject({ stored: 0, dropped: 20 });
    expect(one.waiting()).toBe(50);
    one.answered(1, '');
    one.answered(2, '');
    expect(ids(one.left())).toEqual(['e', 'f']);
  });

  it('drops what is larger than all its room when others are on their way', () => {
    const one = desk();
    one.say('a');
    one.say('too large', 101);
    expect(one.told.dropped).toBe(1);
    expect(ids(one.left())).toEqual(['a']);
  });

  it('sends nothing while the connection is away, and everything when it is there', () => {
    const one = desk();
    one.state.up = false;
    one.say('a');
    vi.advanceTimersByTime(5000);
    expect(one.left()).toEqual([]);
    one.state.up = true;
    one.returned();
    expect(ids(one.left())).toEqual(['a']);
  });

  it('says again what was on its way when the connection is back, under the same id', () => {
    const one = desk();
    one.say('a');
    one.left();
    one.returned();
    const [again] = one.left();
    expect(again?.id).toBe('a');
    one.answered(again?.ticket ?? 0, '');
    expect(one.told.stored).toBe(1);
    // The first answer comes after all.
    one.answered(1, '');
    expect(one.told.stored).toBe(1);
  });

  it('says only the oldest again while nothing is heard, and the rest once it is', () => {
    const one = desk();
    one.say('a');
    one.say('b');
    one.left();
    vi.advanceTimersByTime(1000);
    expect(ids(one.left())).toEqual(['a']);
    expect(one.told.trouble).toContain('does not answer');
    vi.advanceTimersByTime(1000);
    expect(ids(one.left())).toEqual(['a']);
    one.answered(1, '');
    expect(ids(one.left())).toEqual(['b']);
    expect(one.told.trouble).toBe('');
  });

  it('sends nothing new into trouble', () => {
    const one = desk();
    one.say('a');
    one.left();
    one.answered(1, 'no such stream');
    expect(one.told.trouble).toBe('no such stream');
    one.say('b');
    expect(one.left()).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(ids(one.left())).toEqual(['a']);
    one.answered(1, '');
    expect(ids(one.left())).toEqual(['b']);
  });

  it('is finished when all is stored', async () => {
    const one = desk();
    await one.finish(1000);
    one.say('a');
    const finished = vi.fn();
    const finishing = one.finish(1000).then(finished);
    await Promise.resolve();
    expect(finished).not.toHaveBeenCalled();
    one.answered(1, '');
    await finishing;
    expect(finished).toHaveBeenCalled();
  });

  it('is finished after its time, and what is left counts as dropped when it is closed', async () => {
    const one = desk();
    one.say('a', 20, 7);
    const finishing = one.finish(1000);
    vi.advanceTimersByTime(1000);
    await finishing;
    expect(one.told.dropped).toBe(0);
    one.close();
    expect(one.told.dropped).toBe(7);
    expect(one.waiting()).toBe(0);
    one.answered(1, '');
    expect(one.told.stored).toBe(0);
  });
});
