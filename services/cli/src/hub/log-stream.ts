import { styled, terminalText } from '../world.js';

/** One stream of what all parts of a hub log: JSON lines, or lines to read with the part's name in front. */
export interface LogStream {
  /** Takes a line a part wrote: a pino record, or any text (then it counts as a warning). */
  line(part: string, text: string): void;
  /** A record of our own. */
  say(level: LogLevel, message: string): void;
}

/** The levels that are told apart: trace counts as debug, fatal as error. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How records are shown, and where they go. */
export interface LogStreamOptions {
  readonly json: boolean;
  readonly color: boolean;
  /** Show debug records too. */
  readonly debug?: boolean;
  /** Takes a line without its end. */
  write(line: string): void;
  now(): Date;
}

const numbers: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };
const widestPart = 7;

/** The fields that pino puts into every record and that the line shows in places of their own. */
const placed = new Set(['level', 'time', 'service', 'id', 'pid', 'hostname', 'msg', 'v']);

/** pino writes the level as a number, or as a word where it is told to. */
function levelName(level: unknown): LogLevel {
  if (level === 'trace' || level === 'debug') return 'debug';
  if (level === 'warn') return 'warn';
  if (level === 'error' || level === 'fatal') return 'error';
  const value = typeof level === 'number' ? level : numbers.info;
  if (value >= numbers.error) return 'error';
  if (value >= numbers.warn) return 'warn';
  return value >= numbers.info ? 'info' : 'debug';
}

function asRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  return terminalText(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), 300);
}

function clockTime(time: unknown, now: Date): string {
  const date = typeof time === 'number' || typeof time === 'string' ? new Date(time) : now;
  return (Number.isNaN(date.getTime()) ? now : date).toISOString().slice(11, 23);
}

/** Makes a log stream. */
export function createLogStream({ json, color, debug = false, write, now }: LogStreamOptions): LogStream {
  const styles = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

  function show(part: string, record: Readonly<Record<string, unknown>>): void {
    const level = levelName(record['level']);
    const rest = Object.entries(record)
      .filter(([key]) => !placed.has(key))
      .map(([key, value]) => styled(`${terminalText(key, 40)}=${shown(value)}`, 'dim', color));
    write(
      [
        styled(clockTime(record['time'], now()), 'dim', color),
        styled(part.padEnd(widestPart), 'cyan', color),
        styled(level.padEnd(5), styles[level], color),
        shown(record['msg'] ?? ''),
        ...rest,
      ].join(' '),
    );
  }

  function emit(part: string, record: Readonly<Record<string, unknown>>): void {
    if (!debug && levelName(record['level']) === 'debug') return;
    if (json) write(JSON.stringify('service' in record ? record : { ...record, service: part }));
    else show(part, record);
  }

  return {
    line(part, text) {
      if (text.trim() === '') return;
      emit(part, asRecord(text) ?? { level: 'warn', time: now().toISOString(), msg: text });
    },
    say: (level, message) => emit('hub', { level, time: now().toISOString(), msg: message }),
  };
}

/** Cuts a byte stream into lines of at most 64 KiB; what is longer comes in pieces. Returns what takes the next chunk. */
export function lineCutter(take: (line: string) => void): (chunk: Buffer) => void {
  const longest = 65_536;
  let held = '';
  return (chunk) => {
    held += chunk.toString('utf8');
    let end = held.indexOf('\n');
    while (end >= 0) {
      take(held.slice(0, end));
      held = held.slice(end + 1);
      end = held.indexOf('\n');
    }
    if (held.length > longest) {
      take(held);
      held = '';
    }
  };
}
