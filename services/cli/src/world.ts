/** Where a command writes. Data (what was asked for) goes to `out`, talk (progress, errors) to `talk`. */
export interface Terminal {
  /** Writes a line to stdout. */
  out(line: string): void;
  /** Writes a line to stderr. */
  talk(line: string): void;
  /** Colours are wanted on that stream: it is a terminal and NO_COLOR is not set. */
  readonly colorOut: boolean;
  readonly colorTalk: boolean;
  /** Characters of a line of stdout where it is a terminal; absent: tables are not cut. */
  readonly columns?: number;
}

/** The whole terminal, taken for a while. */
export interface TakenScreen {
  /** Shows these lines from the top, nothing below them. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** A terminal with someone at it: a screen, and keys. */
export interface Screen {
  columns(): number;
  rows(): number;
  /** Takes the terminal; until it is closed keys come one by one and unseen, as the terminal sends them. It is given back too when the process ends. */
  take(heard: { key(text: string): void; resized(): void }): TakenScreen;
}

/** Everything of the outside world that a command touches besides files and sockets: given by main, and by tests. */
export interface World {
  readonly terminal: Terminal;
  /** Absent where stdin or stdout is no terminal. */
  readonly screen?: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  now(): Date;
  /** Hears SIGINT and SIGTERM; from the first listener on they no longer end the process by themselves. Returns the unsubscriber. */
  onSignal(listener: (signal: string) => void): () => void;
  /** Hears that nobody reads stdout any more (`| head`). Returns the unsubscriber. Absent: somebody does. */
  onUnread?(listener: () => void): () => void;
}

/** Aborts `ending` with Ctrl-C, SIGTERM, and once nobody reads stdout any more. Returns what leaves off listening. */
export function endsWith(world: Pick<World, 'onSignal' | 'onUnread'>, ending: AbortController): () => void {
  const end = () => ending.abort();
  const leave = [world.onSignal(end), world.onUnread?.(end)];
  return () => {
    for (const forget of leave) forget?.();
  };
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** A text in a style, where colours are wanted. */
export function styled(text: string, style: Style, wanted: boolean): string {
  return wanted ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}

/** A text of elsewhere for a terminal: what could move the cursor or turn the writing direction becomes visible, the rest stays. Cut after `max` characters. */
export function terminalText(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}...` : text;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
