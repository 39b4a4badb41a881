import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';
import { targets } from './targets.js';

describe('the fuzzer’s command line', () => {
  it.each<[args: string[], message: RegExp]>([
    [['naps'], /there is no target "naps": reader, message/],
    [['linear', 'reader'], /linear takes no names/],
    [['--executions', '0'], /--executions: "0" is no number from 1/],
    [['--for', '5'], /--for: "5" is no time such as 30s/],
    [['--for', '0m'], /--for: "0m" is no time/],
    [['--seed', '-1'], /--seed/],
    [['--seed', '1e3'], /--seed: "1e3" is no number/],
    [['linear', '--bytes', '7'], /--bytes: "7" is no number from 1024/],
    [['linear', '--seed', '7'], /--seed is no option of linear/],
    [['--bytes', '4096'], /--bytes is an option of linear alone/],
    [['--bogus'], /Unknown option '--bogus'/],
  ])('%j is a mistake', (args, message) => {
    expect(readOptions(args)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  it('has defaults', () => {
    const names = targets.map(({ name }) => name);
    expect(readOptions([], 7)).toEqual({
      kind: 'run',
      options: { kind: 'fuzz', names, executions: 200_000, ms: Number.POSITIVE_INFINITY, seed: 7, json: false },
    });
    expect(readOptions(['linear'])).toEqual({ kind: 'run', options: { kind: 'linear', bytes: 65_536, rounds: 5, json: false } });
    expect(readOptions(['--help'])).toEqual({ kind: 'help' });
    expect(readOptions(['--list'])).toEqual({ kind: 'list', json: false });
  });

  it('goes on until the time is over where one is given', () => {
    expect(readOptions(['admit', 'admit', '--for', '2m', '--seed', '3', '--json'])).toEqual({
      kind: 'run',
      options: { kind: 'fuzz', names: ['admit'], executions: 1_000_000_000, ms: 120_000, seed: 3, json: true },
    });
  });
});
