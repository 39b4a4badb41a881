import { styled, terminalText, type World } from './world.js';

/** A column: its heading and what stands in it. Texts may be anybody's: they are made safe for the terminal. */
export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  /** A style for the whole cell. */
  style?(row: Row): 'red' | 'green' | 'yellow' | 'dim' | undefined;
  /** Figures stand at the right of their column. */
  readonly right?: true;
}

/** Longest text of a cell, before the terminal's width counts. */
const longestCell = 300;
/** No column is made narrower than this. */
const narrowest = 8;

/** A text cut to so many characters, the last of them an ellipsis where something is missing. */
export function fitted(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(width - 1, 1)).join('')}…`;
}

/** A text as lines no wider than that, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** The width of each column: what it needs, and where a terminal is too narrow for all, the widest give way first. */
export function columnWidths(needed: readonly number[], space: number | undefined): number[] {
  const widths = [...needed];
  if (space === undefined) return widths;
  const gaps = 2 * (widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gaps) - space;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) break;
    const next = Math.max(narrowest, ...widths.filter((width) => width < widest));
    const among = widths.filter((width) => width === widest).length;
    const cut = Math.min(widest - next, Math.ceil(excess / among));
    for (const [at, width] of widths.entries()) {
      if (width !== widest || excess <= 0) continue;
      widths[at] = width - cut;
      excess -= cut;
    }
  }
  return widths;
}

/** Those columns that find room in a terminal: where it is too narrow for all, `spare` (titles) are left out, the first first. */
export function roomyColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  spare: readonly string[],
  space: number | undefined,
): readonly Column<Row>[] {
  if (space === undefined) return columns;
  const least = new Map(
    columns.map((column) => {
      const longest = rows.reduce((most, row) => Math.max(most, column.text(row).length), column.title.length);
      return [column, Math.min(longest, narrowest)];
    }),
  );
  let left = columns;
  for (const title of spare) {
    const needed = left.reduce((sum, column) => sum + (least.get(column) ?? 0), 2 * (left.length - 1));
    if (needed <= space) break;
    left = left.filter((column) => column.title !== title);
  }
  return left;
}

/** Rows under headings, columns two spaces apart, no line wider than the terminal. Without rows: `none` alone. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
  terminal: Pick<World['terminal'], 'columns' | 'colorOut'>,
): string[] {
  if (rows.length === 0) return [none];
  const cells = rows.map((row) => columns.map((column) => terminalText(column.text(row), longestCell)));
  const needed = columns.map(({ title }, at) => cells.reduce((most, line) => Math.max(most, [...(line[at] ?? '')].length), title.length));
  const widths = columnWidths(needed, terminal.columns);
  const line = (texts: readonly string[], paint: (text: string, at: number) => string) =>
    texts
      .map((text, at) => {
        const width = widths[at] ?? 0;
        const shown = fitted(text, width);
        const missing = ' '.repeat(width - [...shown].length);
        if (columns[at]?.right === true) return missing + paint(shown, at);
        return paint(shown, at) + (at === texts.length - 1 ? '' : missing);
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      (text) => styled(text, 'dim', terminal.colorOut),
    ),
    ...rows.map((row, at) =>
      line(cells[at] ?? [], (text, column) => {
        const style = columns[column]?.style?.(row);
        return style === undefined ? text : styled(text, style, terminal.colorOut);
      }),
    ),
  ];
}

/** Named facts under each other, values in one column; a fact without value is left out, one with several values takes a line each. */
export function factLines(facts: readonly (readonly [name: string, value: string | readonly string[]])[], color: boolean): string[] {
  const shown = facts
    .map(([name, value]): [string, readonly string[]] => [
      name,
      (typeof value === 'string' ? [value] : value).filter((text) => text !== ''),
    ])
    .filter(([, values]) => values.length > 0);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.flatMap(([name, values]) =>
    values.map((value, at) => `  ${styled((at === 0 ? name : '').padEnd(width), 'dim', color)}  ${terminalText(value, longestCell)}`),
  );
}
