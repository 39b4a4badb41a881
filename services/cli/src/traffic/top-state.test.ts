import { describe, expect, it } from 'vitest';
import { firstState, keysOf, pressed, type TopState } from './top-state.js';

const after = (keys: readonly string[], from: TopState = firstState()) => keys.reduce(pressed, from);

describe('keys', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['qs', ['q', 's']],
    ['\u001b[A\u001b[6~k', ['\u001b[A', '\u001b[6~', 'k']],
    ['\u001b', ['\u001b']],
    ['\u001b\u001b[B', ['\u001b', '\u001b[B']],
    ['é😀', ['é', '😀']],
  ])('of %j are told apart', (text, keys) => {
    expect(keysOf(text)).toEqual(keys);
  });

  it.each(['x', '\u001b[Z', '\t', '\u0000', '\u001a', '😀', '\u001b[1;5C'])('%j means nothing', (key) => {
    expect(after([key])).toEqual(firstState());
  });

  it.each(['q', 'Q', '\u0003', '\u0004'])('%j ends it', (key) => {
    expect(after([key]).quit).toBe(true);
  });

  it('Ctrl-C ends it while a filter is typed, q does not', () => {
    expect(after(['f', 'q', '\u0003'])).toMatchObject({ quit: true, typing: 'q' });
  });

  it('choose the view and the column it is sorted by, each view its own', () => {
    const pairs = after(['p', 's', 's']);
    expect([pairs.view, pairs.sort.pairs, pairs.sort.members]).toEqual(['pairs', 'FAILED', 'SENT/S']);
    expect(after(['l', 's', 's', 's']).sort.links).toBe('STATE');
    expect(after(['m'], pairs).view).toBe('members');
  });

  it('type a filter, which counts with enter and not with escape', () => {
    expect(after(['f', ...'acmx', '\u007f', 'e', '\r'])).toMatchObject({ filter: 'acme', typing: undefined });
    expect(after(['/', 'x', '\u001b'], firstState({ filter: 'acme' }))).toMatchObject({ filter: 'acme', typing: undefined });
    expect(after(['\u001b'], firstState({ filter: 'acme' })).filter).toBe('');
    expect(after(['f', ...'x'.repeat(100), '\u001b[A', '\u0007', '\n']).filter).toBe('x'.repeat(64));
  });

  it('pause, help and scroll, never above the first row', () => {
    expect(after([' ', '?'])).toMatchObject({ paused: true, help: true });
    expect(after(['\u001b[6~', 'k']).above).toBe(9);
    expect(after(['j', '\u001b[5~']).above).toBe(0);
    expect(after(['\u001b[6~', 'g']).above).toBe(0);
  });
});
