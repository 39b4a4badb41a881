import { Fault } from '@guildhall/chassis/fault';
import type { LinkStatus, WatchTrafficResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { Command } from 'commander';
import type { MetricsOptions } from '../api/api-access.js';
import { gathered, withMetricsOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { endsWith, type Screen, type World } from '../world.js';
import { type FeedListener, lasting, pause } from './lasting.js';
import type { MetricsApi } from './metrics-api.js';
import { linksOf, momentNow } from './moment.js';
import { type TopContent, topLines } from './top-screen.js';
import { firstState, keysOf, pressed, sortable, type TopState, type TopView } from './top-state.js';
import { boundedSpan, memberId, oneOf } from './traffic-options.js';
import { createWindow, type Picture } from './traffic-window.js';
import { withMetrics } from './with-metrics.js';

interface TopOptions extends MetricsOptions {
  readonly member?: readonly string[];
  readonly view?: string;
  readonly sort?: string;
  readonly filter?: string;
  readonly interval?: string;
  readonly over?: string;
  readonly once?: true;
}

/** The command line, read. Times in ms. */
interface TopOrder {
  readonly members: readonly string[];
  readonly first: TopState;
  readonly interval: number;
  readonly over: number;
}

const spans = {
  interval: { least: 1000, most: 60_000, bounds: '1s to 1m' },
  over: { least: 1000, most: 15 * 60_000, bounds: '1s to 15m' },
} as const;
const usualOver = { once: '60s', live: '10s' } as const;
/** Links are asked for this often while they are shown, ms. */
const linksEvery = 2000;

function read(options: TopOptions, atOnce: boolean): TopOrder {
  const view = oneOf<TopView>(options.view ?? 'members', '--view', ['members', 'pairs', 'links']);
  const { filter } = options;
  return {
    members: (options.member ?? []).map((id) => memberId(id, '--member')),
    first: firstState({
      view,
      ...(options.sort === undefined ? {} : { sort: oneOf(options.sort, '--sort', sortable[view]) }),
      ...(filter === undefined ? {} : { filter }),
    }),
    interval: boundedSpan(options.interval ?? '1s', '--interval', spans.interval),
    over: boundedSpan(options.over ?? usualOver[atOnce ? 'once' : 'live'], '--over', spans.over),
  };
}

/** The figures of one moment for --json. */
function jsonOf({ sum, seconds }: Picture, links: readonly LinkStatus[]): string {
  const { number: _number, full: _full, more: _more, ...figures } = sum;
  return jsonLine({ seconds, ...figures, links });
}

function show(content: TopContent, state: TopState, world: World): void {
  const { terminal } = world;
  for (const line of topLines(content, state, { columns: terminal.columns, color: terminal.colorOut })) terminal.out(line);
}

async function once(api: MetricsApi, { members, over, first }: TopOrder, json: boolean, world: World): Promise<number> {
  const { picture, links } = await momentNow(api, members, over, world.now());
  if (json) world.terminal.out(jsonOf(picture, links));
  else show({ picture, links, trouble: '' }, first, world);
  return 0;
}

/** Frames as they come; a feed that breaks off after its first frame is asked for again. Ends with `signal`. */
function frames(api: MetricsApi, members: readonly string[], signal: AbortSignal, told: FeedListener): AsyncIterable<WatchTrafficResponse> {
  return lasting((until, opened) => api.watchTraffic({ members: [...members] }, until, opened), signal, told);
}

/** Links of these members, of none: all; those of `before` where they cannot be had. */
async function linksNow(api: MetricsApi, members: readonly string[], before: readonly LinkStatus[] = []): Promise<readonly LinkStatus[]> {
  try {
    const { links } = await api.getStatus({});
    return linksOf(links, members);
  } catch (thrown) {
    if (thrown instanceof Fault) return before;
    throw thrown;
  }
}

/** One object a line, every interval. */
async function stream(api: MetricsApi, { members, over, interval }: TopOrder, world: World, signal: AbortSignal): Promise<number> {
  const window = createWindow(over / 1000);
  let next = 0;
  const told = {
    broke(why: string) {
      window.clear();
      world.terminal.talk(`guildhall: ${why}`);
    },
    back: () => world.terminal.talk('guildhall: the feed is back'),
  };
  for await (const { frame } of frames(api, members, signal, told)) {
    if (frame === undefined) continue;
    window.add(frame);
    const picture = window.picture();
    if (picture === undefined || Number(frame.at) < next) continue;
    next = Number(frame.at) + interval;
    world.terminal.out(jsonOf(picture, await linksNow(api, members)));
  }
  return 0;
}

async function live(api: MetricsApi, order: TopOrder, screen: Screen, world: World, ending: AbortController): Promise<number> {
  const window = createWindow(order.over / 1000);
  const { signal } = ending;
  let state = order.first;
  let content: TopContent = { picture: undefined, links: [], trouble: '' };
  let waking = new AbortController();
  const draw = (): void => {
    const size = { columns: screen.columns(), rows: screen.rows(), color: world.terminal.colorOut };
    taken.draw(topLines(content, state, size));
  };
  const taken = screen.take({
    key(text) {
      for (const key of keysOf(text)) state = pressed(state, key);
      waking.abort();
      if (state.quit) ending.abort();
      else draw();
    },
    resized: draw,
  });
  const followLinks = async (): Promise<void> => {
    while (!signal.aborted) {
      const asking = state.view === 'links' && !state.paused;
      if (asking) {
        const links = await linksNow(api, order.members, content.links);
        const isFirst = content.links.length === 0 && links.length > 0;
        content = { ...content, links };
        if (isFirst && !signal.aborted) draw();
      }
      // A key may ask for them.
      waking = new AbortController();
      await pause(linksEvery, asking ? signal : AbortSignal.any([signal, waking.signal]));
    }
  };
  try {
    draw();
    void followLinks();
    let next = 0;
    const told = {
      broke(trouble: string) {
        window.clear();
        content = { ...content, trouble };
        draw();
      },
      back: () => undefined,
    };
    for await (const { frame } of frames(api, order.members, signal, told)) {
      if (frame === undefined) continue;
      window.add(frame);
      if (state.paused || Number(frame.at) < next) continue;
      next = Number(frame.at) + order.interval - 500;
      content = { ...content, picture: window.picture(), trouble: '' };
      draw();
    }
    return 0;
  } finally {
    ending.abort();
    taken.close();
  }
}

async function top(options: TopOptions, world: World): Promise<number> {
  const json = options.json === true;
  const { screen } = world;
  const atOnce = options.once === true || (!json && screen === undefined);
  const order = read(options, atOnce);
  return withMetrics(options, world, async (api) => {
    if (atOnce) return once(api, order, json, world);
    const ending = new AbortController();
    const forget = endsWith(world, ending);
    try {
      return json || screen === undefined ? await stream(api, order, world, ending.signal) : await live(api, order, screen, world, ending);
    } finally {
      forget();
    }
  });
}

/** Adds `top` to the command line. */
export function addTop(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('top')
    .summary('what passes now: members, pairs, links')
    .description(
      'A live table of what passes through the hub: rates, refusals, times, links and certificates of members, pairs and links. Where there is no terminal, the figures of the last minute once.',
    )
    .option('--once', 'the figures of --over once, then end')
    .option('--member <id>', 'only this member’s figures and pairs; may be given several times', gathered)
    .option('--view <view>', 'members, pairs or links; default members')
    .option('--sort <column>', `of members: ${sortable.members.join(', ')}; of pairs: ${sortable.pairs.join(', ')}`)
    .option('--filter <text>', 'only rows in whose names it stands')
    .option('--over <span>', 'rates are those of so long, 1s to 15m; default 10s, with --once 60s')
    .option('--interval <span>', 'a new picture this often, 1s to 1m; default 1s');
  withMetricsOptions(command)
    .addHelpText(
      'after',
      `
Keys: q quit, m members, p pairs, l links, s next column to sort by, f filter, space pause, arrows scroll, ? what the columns mean

Examples:
  guildhall top
  guildhall top --view pairs --sort refused/s --member acme
  guildhall top --once --over 5m
  guildhall top --once --json | jq '.members[] | {member, sent: .sent.requests}'`,
    )
    .action(async (options: TopOptions) => ends(await top(options, world)));
}
