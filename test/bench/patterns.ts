/** What is counted under a pattern. */
export type Unit = 'tx' | 'calls';

interface Arrival {
  /** As written. */
  readonly name: string;
  readonly connections: number;
  /** Requests (calls, subscriptions) in flight per connection; with a rate, the bound on them. */
  readonly window: number;
  /** Requests a second; 0: as fast as answers come. */
  readonly rate: number;
}

/** MESSAGEs from one member to one other: `4x50`, `8@4000`. */
export interface Messages extends Arrival {
  readonly kind: 'messages';
}

/** MESSAGEs from one member to many, `run` of them in a row to each: `fan-out:200x50`. */
export interface FanOut extends Arrival {
  readonly kind: 'fan-out';
  readonly members: number;
  readonly run: number;
}

/** INVITE, 180, 200, ACK, BYE, 200: `calls`. */
export interface Calls extends Arrival {
  readonly kind: 'calls';
}

/** SUBSCRIBE one way, a NOTIFY with 4 KiB of presence the other way: `presence`. */
export interface Presence extends Arrival {
  readonly kind: 'presence';
}

/** How a load arrives, and what it consists of. */
export type Pattern = Messages | FanOut | Calls | Presence;

/** What is measured unless one says otherwise. */
export const usualPatterns = '4x50,100x1';

/** What `all` stands for. Fan-out once at the batch sizes of trunks, once with nothing to batch; a fixed rate at which memory is told. */
export const allPatterns = '4x50,100x1,400x1,1000x1,fan-out:200x50,fan-out:200x1,calls,presence,8@4000,8@25000';

const openLoopWindow = 500;
const usualArrival = '4x50';

/** Reads a list of patterns, or the word `all`. Throws an Error whose message names what is wrong. */
export function readPatterns(text: string): readonly Pattern[] {
  return (text === 'all' ? allPatterns : text).split(',').map(readPattern);
}

function readPattern(text: string): Pattern {
  const [word = '', ...rest] = text.split(':');
  if (word === 'fan-out') return readFanOut(text, rest);
  if (word !== 'calls' && word !== 'presence') return { kind: 'messages', ...readArrival(text, text) };
  if (rest.length > 1) throw unreadable(text);
  return { kind: word, ...readArrival(text, rest[0] ?? usualArrival) };
}

function readFanOut(text: string, [spread = '', arrival = usualArrival, ...more]: readonly string[]): FanOut {
  const [, members, run] = /^(\d{1,5})x(\d{1,5})$/.exec(spread) ?? [];
  if (members === undefined || run === undefined || more.length > 0) throw unreadable(text);
  return {
    kind: 'fan-out',
    ...readArrival(text, arrival),
    members: whole('--patterns members', members, 1, 1_000),
    run: whole('--patterns requests in a row', run, 1, 100),
  };
}

function readArrival(name: string, text: string): Arrival {
  const [, connections, sign, number] = /^(\d{1,5})([x@])(\d{1,7})$/.exec(text) ?? [];
  if (connections === undefined || number === undefined) throw unreadable(name);
  const lanes = whole('--patterns connections', connections, 1, 10_000);
  return sign === 'x'
    ? { name, connections: lanes, window: whole('--patterns window', number, 1, 100_000), rate: 0 }
    : { name, connections: lanes, window: openLoopWindow, rate: whole('--patterns rate', number, 1, 1_000_000) };
}

function unreadable(text: string): Error {
  const forms = 'fan-out:200x50, calls, presence (the last three with :4x50 behind them, if need be)';
  return new Error(`--patterns: ${JSON.stringify(text)} is neither like 4x50 nor like 8@4000 nor one of ${forms}`);
}

function whole(what: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (number >= least && number <= most) return number;
  throw new Error(`${what}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}

/** What a row of the pattern counts. */
export function unitOf({ kind }: Pattern): Unit {
  return kind === 'calls' ? 'calls' : 'tx';
}

/** What one row of the load begins: a request, a call or a subscription, and how many of them make `count` units. */
export function beginnings({ kind }: Pattern, count: number): number {
  return kind === 'presence' ? Math.ceil(count / 2) : count;
}

/** The SIP transactions of so many beginnings, ACK not counted: INVITE and BYE, SUBSCRIBE and NOTIFY. */
export function transactionsOf({ kind }: Pattern, began: number): number {
  return kind === 'calls' || kind === 'presence' ? 2 * began : began;
}

/** A pattern in words, by its name as written. */
export function headingOf(name: string): string {
  const pattern = readPattern(name);
  const { connections, window, rate } = pattern;
  const arrival = rate > 0 ? `${connections} connections, ${rate} a second` : `${connections} connections, ${window} in flight on each`;
  switch (pattern.kind) {
    case 'messages':
      return `${rate > 0 ? 'open loop' : window === 1 ? 'fan-in' : 'trunks'}: ${arrival}`;
    case 'fan-out':
      return `fan-out to ${pattern.members} members, ${pattern.run} in a row to each: ${arrival}`;
    case 'calls':
      return `calls (INVITE, 180, 200, ACK, BYE, 200): ${arrival}`;
    case 'presence':
      return `presence (SUBSCRIBE, NOTIFY of 4 KiB): ${arrival}`;
  }
}
