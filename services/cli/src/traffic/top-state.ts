/** What `top` shows below its summary. */
export type TopView = 'members' | 'pairs' | 'links';

/** What the person at the terminal has chosen. */
export interface TopState {
  readonly view: TopView;
  /** Title of the column that rows are sorted by, of each view. */
  readonly sort: Readonly<Record<TopView, string>>;
  /** Only rows in which this stands, in any column of names; '' all. */
  readonly filter: string;
  /** What is being typed becomes the filter with Enter; undefined: nothing is being typed. */
  readonly typing: string | undefined;
  readonly paused: boolean;
  /** Rows that are scrolled out above. */
  readonly above: number;
  readonly help: boolean;
  readonly quit: boolean;
}

/** Columns that each view can be sorted by, in the order in which the key s takes them; the first is the usual one. */
export const sortable: Readonly<Record<TopView, readonly string[]>> = {
  members: ['SENT/S', 'RECV/S', 'REFUSED/S', 'P99', 'WAITING', 'CERT', 'MEMBER'],
  pairs: ['REQUESTS/S', 'REFUSED/S', 'FAILED', 'P99', 'FROM'],
  links: ['STATE', 'MEMBER', 'RELAY'],
};

const longestFilter = 64;

/** As it begins. */
export function firstState(given: { readonly view?: TopView; readonly sort?: string; readonly filter?: string } = {}): TopState {
  const view = given.view ?? 'members';
  const usual = { members: 'SENT/S', pairs: 'REQUESTS/S', links: 'STATE' };
  return {
    view,
    sort: given.sort === undefined ? usual : { ...usual, [view]: given.sort },
    filter: given.filter ?? '',
    typing: undefined,
    paused: false,
    above: 0,
    help: false,
    quit: false,
  };
}

const escapeKey = '\u001b';

/** The keys of what a terminal sent at once: escape sequences whole, all else character by character. */
export function keysOf(text: string): string[] {
  return text.split(escapeKey).flatMap((part, at) => {
    // What stands behind an escape and is a sequence belongs to it.
    const sequence = at === 0 ? '' : (/^(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])/.exec(part)?.[0] ?? '');
    return [...(at === 0 ? [] : [escapeKey + sequence]), ...part.slice(sequence.length)];
  });
}

const quit = new Set(['q', 'Q', '\u0003', '\u0004']);
const scroll: Readonly<Record<string, number>> = {
  '\u001b[A': -1,
  k: -1,
  '\u001b[B': 1,
  j: 1,
  '\u001b[5~': -10,
  '\u001b[6~': 10,
  '\u001b[H': Number.NEGATIVE_INFINITY,
  g: Number.NEGATIVE_INFINITY,
};

/** What a key makes of it; a key that means nothing changes nothing. */
export function pressed(state: TopState, key: string): TopState {
  if (state.typing !== undefined) return typed(state, state.typing, key);
  if (quit.has(key)) return { ...state, quit: true };
  const by = scroll[key];
  if (by !== undefined) return { ...state, above: Math.max(0, state.above + by) };
  switch (key) {
    case 'm':
      return { ...state, view: 'members', above: 0 };
    case 'p':
      return { ...state, view: 'pairs', above: 0 };
    case 'l':
      return { ...state, view: 'links', above: 0 };
    case 's': {
      const columns = sortable[state.view];
      const next = columns[(columns.indexOf(state.sort[state.view]) + 1) % columns.length] ?? '';
      return { ...state, sort: { ...state.sort, [state.view]: next }, above: 0 };
    }
    case 'f':
    case '/':
      return { ...state, typing: state.filter };
    case ' ':
      return { ...state, paused: !state.paused };
    case '?':
    case 'h':
      return { ...state, help: !state.help };
    case escapeKey:
      return { ...state, filter: '', help: false, above: 0 };
    default:
      return state;
  }
}

function typed(state: TopState, typing: string, key: string): TopState {
  if (key === '\u0003') return { ...state, quit: true };
  if (key === '\r' || key === '\n') return { ...state, filter: typing, typing: undefined, above: 0 };
  if (key === escapeKey) return { ...state, typing: undefined };
  if (key === '\u007f' || key === '\b') return { ...state, typing: [...typing].slice(0, -1).join('') };
  if (key === '\u0015') return { ...state, typing: '' };
  if (/^[\p{L}\p{N}\p{P}\p{S} ]$/u.test(key) && typing.length < longestFilter) return { ...state, typing: typing + key };
  return state;
}
