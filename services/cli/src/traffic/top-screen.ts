import type { LinkStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { plural } from '../plural.js';
import { fitted, roomyColumns, tableLines, wrapped } from '../table.js';
import { styled, terminalText } from '../world.js';
import { failedOf, instantText, shareText, shortMs, shortNumber } from './figures.js';
import { chosenRows, linkView, memberView, pairView, type RowView, reasonText } from './top-rows.js';
import type { TopState } from './top-state.js';
import type { Picture } from './traffic-window.js';

/** What is shown: figures, or why there are none. */
export interface TopContent {
  readonly picture: Picture | undefined;
  readonly links: readonly LinkStatus[];
  /** Why figures do not go on; '' they do. */
  readonly trouble: string;
}

/** The terminal: `rows` undefined where all rows are wanted, `columns` where nothing is cut. */
export interface TopSize {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly color: boolean;
}

const mostReasons = 4;
const keys = 'q quit  ? help  m members  p pairs  l links  s sort  f filter  space pause  arrows scroll';
const help = [
  'Rates are those of the last seconds; REFUSED is what the hub itself refused, FAILED the share of final answers of 400 and more, by whomever.',
  'P99: within this time 99 of 100 requests had their final answer. OPEN: in flight. WAITING: for a link of that member.',
  'LINKS: those that are up, of all. CERT: days until the certificate it showed ends. A filter is looked for in the names; escape takes it away.',
];

/** The lines of one moment, none wider than the terminal and never more than it has rows. */
export function topLines(content: TopContent, state: TopState, size: TopSize): string[] {
  const { picture } = content;
  const width = size.columns ?? Number.POSITIVE_INFINITY;
  const plain = (text: string) => fitted(text, width);
  const head = picture === undefined ? [plain('waiting for the first figures')] : summaryLines(picture, state, plain, size.color);
  const notes = [
    ...(content.trouble === '' ? [] : [styled(plain(terminalText(content.trouble, 400)), 'red', size.color)]),
    ...(state.help ? help.flatMap((line) => wrapped(line, width)).map((line) => styled(plain(line), 'dim', size.color)) : []),
  ];
  const foot = footLine(state);
  const above = [...head, ...notes];
  const footLines = size.rows === undefined ? [] : [styled(plain(foot), 'dim', size.color)];
  const room = size.rows === undefined ? Number.POSITIVE_INFINITY : size.rows - above.length - footLines.length - 1;
  const table = picture === undefined ? [] : tableOf(content, picture, state, size, room);
  const all = [...above, ...(size.rows === undefined || room >= 2 ? ['', ...table] : [])];
  if (size.rows === undefined) return all;
  return [...all.slice(0, Math.max(0, size.rows - 1)), ...footLines].slice(0, size.rows);
}

function summaryLines({ sum, seconds }: Picture, { paused, filter }: TopState, plain: (text: string) => string, color: boolean): string[] {
  const { all } = sum;
  const rate = (count: bigint | undefined) => `${shortNumber(Number(count ?? 0n) / seconds)}/s`;
  const title = [
    `${instantText(sum.at).slice(0, 19)}Z`,
    plural(sum.members.length, 'member'),
    `over ${seconds} s`,
    ...(paused ? ['PAUSED'] : []),
    ...(filter === '' ? [] : [`filter "${filter}"`]),
  ].join('   ');
  const failed = all === undefined ? 0 : Number(failedOf(all));
  const traffic = [
    `requests ${rate(all?.requests)}`,
    `failed ${shareText(failed, Number(all?.requests ?? 0n))}`,
    `refused ${rate(all?.refused)}`,
    `p50 ${shortMs(all?.p50 ?? 0)}`,
    `p99 ${shortMs(all?.p99 ?? 0)}`,
    `in flight ${sum.inFlight}`,
    `connections ${sum.connections}`,
    ...(all !== undefined && all.handshakesRefused > 0n ? [`handshakes refused ${rate(all.handshakesRefused)}`] : []),
  ].join('   ');
  const reasons = sum.reasons
    .slice(0, mostReasons)
    .map(({ code, status, count }) => `${reasonText(terminalText(code, 40), status)} ${rate(count)}`)
    .join('   ');
  const gaps = gapsOf(sum);
  return [
    styled(plain(title), 'bold', color),
    plain(traffic),
    ...(reasons === '' ? [] : [plain(`most often: ${reasons}`)]),
    ...(gaps === '' ? [] : [styled(plain(gaps), 'yellow', color)]),
  ];
}

/** What these figures leave out; '' nothing. */
export function gapsOf({
  sampled,
  dropped,
  lost,
  behind,
  unheard,
}: Pick<TrafficFrame, 'sampled' | 'dropped' | 'lost' | 'behind' | 'unheard'>): string {
  return [
    ...(unheard.length === 0 ? [] : [`nothing heard of ${terminalText(unheard.join(', '), 120)} yet`]),
    ...(sampled > 1 ? [`one record of ${sampled} was looked at, figures are multiplied`] : []),
    ...(dropped > 0n ? [`${dropped} records dropped by ingress`] : []),
    ...(lost > 0n ? [`${lost} records lost with an instance`] : []),
    ...(behind > 0n ? [`${behind} records not yet looked at`] : []),
  ].join('   ');
}

function footLine({ typing }: TopState): string {
  return typing === undefined ? keys : `filter: ${typing}_   (enter takes it, escape leaves it)`;
}

function tableOf({ links }: TopContent, { sum, seconds }: Picture, state: TopState, size: TopSize, room: number): string[] {
  switch (state.view) {
    case 'members':
      return viewLines(memberView(seconds), sum.members, state, size, room);
    case 'pairs':
      return viewLines(pairView(seconds), sum.pairs, state, size, room);
    case 'links':
      return viewLines(linkView, links, state, size, room);
  }
}

function viewLines<Row>(view: RowView<Row>, rows: readonly Row[], state: TopState, size: TopSize, room: number): string[] {
  const sort = state.sort[state.view];
  const chosen = chosenRows(view, rows, sort, state.filter);
  const none = rows.length > 0 ? `none of ${rows.length} has "${state.filter}" in its names` : view.none;
  if (chosen.length === 0) return [fitted(none, size.columns ?? Number.POSITIVE_INFINITY)];
  const visible = Math.max(1, room - 1);
  const from = Math.min(state.above, Math.max(0, chosen.length - visible));
  const shown = room === Number.POSITIVE_INFINITY ? chosen : chosen.slice(from, from + visible);
  const spare = view.spare.filter((title) => title !== sort);
  const columns = roomyColumns(view.columns, shown, spare, size.columns === undefined ? undefined : size.columns - 1).map((column) =>
    column.title === sort ? { ...column, title: `${column.title}▼` } : column,
  );
  return tableLines(columns, shown, view.none, {
    ...(size.columns === undefined ? {} : { columns: size.columns }),
    colorOut: size.color,
  });
}
