import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';
import { rows } from './rows.js';

describe('the command line of chaos', () => {
  it.each([
    [['kill-nothing'], /no row "kill-nothing"/],
    [['--rate', '10'], /--rate: "10" is no number from 50 to 100000/],
    [['--members', '5'], /--members/],
    [['--seconds', '1.5'], /--seconds/],
    [['--calm', 'x'], /--calm/],
    [['--bogus'], /Unknown option '--bogus'/],
  ])('refuses %j', (args, message) => {
    const request = readOptions(args);
    expect(request.kind).toBe('mistake');
    expect(request).toMatchObject({ message: expect.stringMatching(message) });
  });

  it('asks for rows, with what is given and nothing else', () => {
    expect(readOptions([])).toEqual({ kind: 'chaos', names: [], options: {}, json: false, results: '' });
    expect(readOptions(['kill-relay', '--rate', '200', '--seconds', '5', '--json', '--results', 'r.md'])).toEqual({
      kind: 'chaos',
      names: ['kill-relay'],
      options: { rate: 200, seconds: 5 },
      json: true,
      results: 'r.md',
    });
    expect(readOptions(['--list', 'kill-relay'])).toEqual({ kind: 'list', names: ['kill-relay'], json: false });
    expect(readOptions(['-h']).kind).toBe('help');
  });
});

describe('the rows', () => {
  it('have names of their own, and each says what must hold', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/);
      expect(row.promise.length, row.name).toBeGreaterThan(20);
    }
  });
});
