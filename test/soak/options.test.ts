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
    [['reloads', '--rate', '5'], /--rate is no option of reloads/],
    [['idle', '--growth', '5'], /--growth is no option of idle/],
    [['idle', '--connections', '0'], /--connections: "0"/],
    [['steady', '--for', '10'], /--for: "10" is no time/],
    [['steady', '--for', '2s'], /--for/],
    [['steady', '--rate', '-1'], /'--rate'/],
  ])('%j is a mistake', (args, message) => {
    expect(readOptions(args)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  it.each<[args: string[], options: object]>([
    [['reloads'], { what: 'reloads', count: 1000, lanes: 8, growth: 32, json: false }],
    [['idle', '--json'], { what: 'idle', connections: 1000, members: 10_000, json: true }],
    [['steady'], { what: 'steady', seconds: 600, rate: 5000, growth: 10, json: false }],
    [['steady', '--for', '15s'], { what: 'steady', seconds: 15, rate: 5000, growth: Number.POSITIVE_INFINITY, json: false }],
    [['steady', '--for', '15s', '--growth', '9'], { what: 'steady', seconds: 15, rate: 5000, growth: 9, json: false }],
    [['steady', '--for', '2h', '--rate', '10'], { what: 'steady', seconds: 7200, rate: 10, growth: 10, json: false }],
  ])('%j', (args, options) => {
    expect(readOptions(args)).toEqual({ kind: 'soak', options });
  });

  it('shows help', () => {
    expect(readOptions(['--help'])).toEqual({ kind: 'help' });
  });
});
