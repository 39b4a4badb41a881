import type { LinkStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { MemberTraffic, PairTraffic, Tally } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { Column } from '../table.js';
import { failedOf, shareText, shortMs, shortNumber } from './figures.js';

/** Days a certificate has left when it becomes yellow, and red. */
const certificateDays = { soon: 14, urgent: 3 } as const;

const perSecond = (count: bigint | undefined, seconds: number) => Number(count ?? 0n) / seconds;
const failedShare = (tally: Tally | undefined) => (tally === undefined ? '-' : shareText(Number(failedOf(tally)), Number(tally.requests)));

/** Rows that are told apart, sorted and shown: what a view is made of. */
export interface RowView<Row> {
  readonly columns: readonly Column<Row>[];
  /** What rows are sorted by, by column title: numbers the largest first, texts from A on. */
  readonly order: Readonly<Record<string, (row: Row) => number | string>>;
  /** What a filter looks at. */
  names(row: Row): readonly string[];
  readonly none: string;
  /** Titles of columns that a narrow terminal does without, the first first. */
  readonly spare: readonly string[];
}

/** Members. */
export function memberView(seconds: number): RowView<MemberTraffic> {
  const sent = ({ sent: tally }: MemberTraffic) => perSecond(tally?.requests, seconds);
  const received = ({ received: tally }: MemberTraffic) => perSecond(tally?.requests, seconds);
  const refused = ({ sent: tally }: MemberTraffic) => perSecond(tally?.refused, seconds);
  const handshakes = ({ sent: tally }: MemberTraffic) => perSecond(tally?.handshakesRefused, seconds);
  const p99 = (row: MemberTraffic) => Math.max(row.sent?.p99 ?? 0, row.received?.p99 ?? 0);
  return {
    columns: [
      { title: 'MEMBER', text: ({ member }) => member },
      { title: 'SENT/S', text: (row) => shortNumber(sent(row)), right: true },
      { title: 'RECV/S', text: (row) => shortNumber(received(row)), right: true },
      { title: 'REFUSED/S', text: (row) => shortNumber(refused(row)), style: (row) => (refused(row) > 0 ? 'red' : 'dim'), right: true },
      { title: 'FAILED', text: (row) => failedShare(row.sent), right: true },
      { title: 'P99', text: (row) => shortMs(p99(row)), right: true },
      { title: 'OPEN', text: ({ inFlight }) => String(inFlight), right: true },
      {
        title: 'WAITING',
        text: ({ waiting }) => String(waiting),
        style: ({ waiting }) => (waiting > 0 ? 'yellow' : undefined),
        right: true,
      },
      {
        title: 'LINKS',
        text: ({ linksUp, linksDown }) => `${linksUp}/${linksUp + linksDown}`,
        style: ({ linksUp, linksDown }) => (linksDown === 0 ? undefined : linksUp === 0 ? 'red' : 'yellow'),
        right: true,
      },
      { title: 'CONN', text: ({ connections }) => String(connections), right: true },
      {
        title: 'CERT',
        text: ({ certificateDays: days }) => (days === undefined ? '-' : `${Math.floor(days)} d`),
        style: ({ certificateDays: days }) => certificateStyle(days),
        right: true,
      },
      {
        title: 'MOST OFTEN',
        text: ({ reasons }) => {
          const [first] = reasons;
          return first === undefined ? '' : reasonText(first.code, first.status);
        },
      },
    ],
    order: {
      'SENT/S': sent,
      'RECV/S': received,
      'REFUSED/S': (row) => refused(row) + handshakes(row),
      P99: p99,
      WAITING: ({ waiting }) => waiting,
      // What ends first comes first.
      CERT: ({ certificateDays: days }) => (days === undefined ? Number.NEGATIVE_INFINITY : -days),
      MEMBER: ({ member }) => member,
    },
    names: ({ member }) => [member],
    none: 'no member has sent, received or connected yet',
    spare: ['MOST OFTEN', 'CONN', 'OPEN', 'WAITING', 'CERT', 'LINKS', 'FAILED', 'REFUSED/S', 'P99', 'RECV/S', 'SENT/S'],
  };
}

/** Pairs: who sent, and to whom. */
export function pairView(seconds: number): RowView<PairTraffic> {
  const requests = ({ tally }: PairTraffic) => perSecond(tally?.requests, seconds);
  const refused = ({ tally }: PairTraffic) => perSecond(tally?.refused, seconds);
  const failed = ({ tally }: PairTraffic) => (tally === undefined ? 0 : perSecond(failedOf(tally), seconds));
  return {
    columns: [
      { title: 'FROM', text: ({ from }) => from || '?' },
      { title: 'TO', text: ({ to }) => to || '?' },
      { title: 'REQUESTS/S', text: (row) => shortNumber(requests(row)), right: true },
      { title: 'REFUSED/S', text: (row) => shortNumber(refused(row)), style: (row) => (refused(row) > 0 ? 'red' : 'dim'), right: true },
      { title: 'FAILED', text: ({ tally }) => failedShare(tally), right: true },
      { title: 'P50', text: ({ tally }) => shortMs(tally?.p50 ?? 0), right: true },
      { title: 'P99', text: ({ tally }) => shortMs(tally?.p99 ?? 0), right: true },
      { title: 'RETRIES', text: ({ tally }) => shortNumber(Number(tally?.retries ?? 0n)), right: true },
      {
        title: 'MOST OFTEN',
        text: ({ reasons }) => {
          const [first] = reasons;
          return first === undefined ? '' : reasonText(first.code, first.status);
        },
      },
    ],
    order: {
      'REQUESTS/S': requests,
      'REFUSED/S': refused,
      FAILED: failed,
      P99: ({ tally }) => tally?.p99 ?? 0,
      FROM: ({ from, to }) => `${from} ${to}`,
    },
    names: ({ from, to }) => [from, to],
    none: 'nothing passed in these seconds',
    spare: ['MOST OFTEN', 'RETRIES', 'P50', 'FAILED', 'P99', 'REFUSED/S', 'REQUESTS/S', 'TO'],
  };
}

/** Trouble first. */
const stateOrder: Readonly<Record<string, number>> = { backoff: 4, closed: 3, connecting: 2, idle: 1, up: 0 };

/** Links of relays to members' proxies. */
export const linkView: RowView<LinkStatus> = {
  columns: [
    { title: 'MEMBER', text: ({ member }) => member },
    { title: 'RELAY', text: ({ relay }) => relay },
    { title: 'PROXY', text: ({ address }) => address },
    { title: 'STATE', text: ({ state }) => state, style: ({ state }) => (state === 'up' ? 'green' : state === 'idle' ? 'dim' : 'red') },
    { title: 'WHY', text: ({ why }) => why },
  ],
  order: {
    STATE: ({ state }) => stateOrder[state] ?? 5,
    MEMBER: ({ member, address }) => `${member} ${address}`,
    RELAY: ({ relay, member }) => `${relay} ${member}`,
  },
  names: ({ member, relay, address, state }) => [member, relay, address, state],
  none: 'no relay has a link yet',
  spare: ['WHY', 'RELAY', 'PROXY', 'STATE'],
};

/** Rows in which the filter stands, in their order. Equal ones stay as they were. */
export function chosenRows<Row>({ order, names }: RowView<Row>, rows: readonly Row[], sort: string, filter: string): Row[] {
  const wanted = filter.toLowerCase();
  const fits = wanted === '' ? rows : rows.filter((row) => names(row).some((name) => name.toLowerCase().includes(wanted)));
  const by = order[sort];
  if (by === undefined) return [...fits];
  return fits
    .map((row) => ({ row, key: by(row) }))
    .sort((one, other) => {
      if (typeof one.key === 'number' && typeof other.key === 'number') return other.key === one.key ? 0 : other.key > one.key ? 1 : -1;
      return one.key < other.key ? -1 : one.key > other.key ? 1 : 0;
    })
    .map(({ row }) => row);
}

/** "403 denied-by-rule"; what the far member answered has a status alone, a refused handshake a code alone. */
export function reasonText(code: string, status: number): string {
  return [status === 0 ? '' : String(status), code].filter((text) => text !== '').join(' ');
}

/** How alarming it is that a certificate has so many days left. */
export function certificateStyle(days: number | undefined): 'red' | 'yellow' | undefined {
  if (days === undefined || days >= certificateDays.soon) return undefined;
  return days < certificateDays.urgent ? 'red' : 'yellow';
}
