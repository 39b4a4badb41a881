import { describe, expect, it } from 'vitest';
import { isAsked, noAsks, noteAnswer, noteAsk } from './wire-asks.js';

describe('what relays wrote to a wire', () => {
  it('is waited for until as many answers came, and more answers count for nothing later', () => {
    const asks = noAsks(0);
    expect(isAsked(asks, 0)).toBe(false);
    noteAnswer(asks);
    noteAsk(asks, 1);
    noteAsk(asks, 2);
    noteAnswer(asks);
    expect(isAsked(asks, 3)).toBe(true);
    noteAnswer(asks);
    expect(isAsked(asks, 4)).toBe(false);
  });

  it('is waited for no longer than its senders wait, though for so long at least', () => {
    const asks = noAsks(0);
    noteAsk(asks, 31_999);
    expect(isAsked(asks, 32_000)).toBe(true);
    expect(isAsked(asks, 63_999)).toBe(true);
    expect(isAsked(asks, 64_000)).toBe(false);
    noteAsk(asks, 64_000);
    noteAsk(asks, 96_000);
    noteAnswer(asks);
    expect(isAsked(asks, 96_001)).toBe(true);
    expect(isAsked(asks, 200_000)).toBe(false);
  });
});
