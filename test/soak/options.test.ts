import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';

describe('the soak’s command line', () => {
  it.each<[args: string[], message: RegExp]>([
    [[], /say what to soak/],
    [['naps'], /say what to soak/],
    [['reloads', 'twice'], /say what to soak/],
    [['reloads', '--count', '0'], /--count: "0" is no number from 2/],
    [['reloads', '--count', '1e3'], /--count/],
    [['reloads', '--bogus'], /Unknown option '--bogus'/],
  ])('%j is a mistake', (args, message) => {
    expect(readOptions(args)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  it('has defaults', () => {
    expect(readOptions(['reloads'])).toEqual({
      kind: 'soak',
      options: { what: 'reloads', count: 1000, lanes: 8, growth: 32, json: false },
    });
    expect(readOptions(['--help'])).toEqual({ kind: 'help' });
  });
});
