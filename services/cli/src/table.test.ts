import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnWidths, factLines, tableLines } from './table.js';

const terminal = { colorOut: false };
const columns = [
  { title: 'ID', text: (row: readonly string[]) => row[0] ?? '' },
  { title: 'NOTE', text: (row: readonly string[]) => row[1] ?? '' },
];

describe('a table', () => {
  it('says that there is nothing', () => {
    expect(tableLines(columns, [], 'no members', terminal)).toEqual(['no members']);
  });

  it('stands in columns', () => {
    expect(
      tableLines(
        columns,
        [
          ['acme', 'x'],
          ['b', 'long note'],
        ],
        '',
        terminal,
      ),
    ).toEqual(['ID    NOTE', 'acme  x', 'b     long note']);
  });

  it('lets the widest column give way on a narrow terminal', () => {
    expect(tableLines(columns, [['acme', 'a note that is far too long']], '', { ...terminal, columns: 18 })).toEqual([
      'ID    NOTE',
      'acme  a note that…',
    ]);
  });

  it('shows what could steer the terminal as text', () => {
    expect(tableLines(columns, [['a\u001b[2J', 'b\nc']], '', terminal)[1]).toBe('a\\u{1b}[2J  b\\u{a}c');
  });

  it('never is wider than the terminal unless every column is at its narrowest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 20, max: 200 }),
        (needed, space) => {
          const widths = columnWidths(needed, space);
          const total = widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1));
          expect(total <= space || widths.every((width) => width <= 8)).toBe(true);
          expect(widths.every((width, at) => width <= (needed[at] ?? 0) && width >= Math.min(8, needed[at] ?? 0))).toBe(true);
        },
      ),
    );
  });
});

describe('facts', () => {
  it('leave out what is not there and take a line for each value', () => {
    expect(
      factLines(
        [
          ['name', 'Acme'],
          ['reason', ''],
          ['domains', ['a.example', 'b.example']],
        ],
        false,
      ),
    ).toEqual(['  name     Acme', '  domains  a.example', '           b.example']);
  });
});
