import type { Screen } from './world.js';

/** What of stdin is needed. */
export interface KeyInput {
  setRawMode(raw: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (text: string) => void): unknown;
  off(event: 'data', listener: (text: string) => void): unknown;
}

/** What of stdout is needed. */
export interface ScreenOutput {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** The other screen, so that what stood there comes back, and no cursor. Lines do not wrap: a character that is wider than counted shifts nothing. */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const restOfLine = '\u001b[K';
const restOfScreen = '\u001b[J';

/** A terminal's screen. `atEnd` is given what must still be done when the process ends however it ends. */
export function terminalScreen(input: KeyInput, output: ScreenOutput, atEnd: (restore: () => void) => void): Screen {
  return {
    // A terminal that does not know its size is taken for the usual one.
    columns: () => output.columns || 80,
    rows: () => output.rows || 24,
    take({ key, resized }) {
      let taken = true;
      const close = (): void => {
        if (!taken) return;
        taken = false;
        input.off('data', key);
        output.off('resize', resized);
        input.setRawMode(false);
        input.pause();
        output.write(leave);
      };
      atEnd(close);
      input.setRawMode(true);
      input.setEncoding('utf8');
      input.on('data', key);
      input.resume();
      output.on('resize', resized);
      output.write(enter);
      return {
        draw(lines) {
          if (taken) output.write(`${home}${lines.map((line) => `${line}${restOfLine}`).join('\r\n')}${restOfScreen}`);
        },
        close,
      };
    },
  };
}
