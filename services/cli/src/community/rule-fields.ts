import { Fault } from '@guildhall/chassis/fault';
import { byteCount } from '@guildhall/chassis/units';
import type { RateLimit, Rule, TimeWindow } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { type Command, Option } from 'commander';
import { type EntryChangeOptions, gathered } from '../api/api-options.js';
import { instantOf } from '../instant-text.js';
import { terminalText } from '../world.js';
import { readParty } from './party-text.js';

type Texts = readonly string[];

/** What may be said of a rule on the command line. */
export interface RuleOptions extends EntryChangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly between?: Texts;
  readonly method?: Texts;
  readonly event?: Texts;
  readonly media?: Texts;
  readonly bodyType?: Texts;
  readonly bodyLarger?: string;
  readonly days?: string;
  readonly hours?: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly limit?: string;
  readonly burst?: string;
  readonly each?: string;
  readonly shadow?: boolean;
  readonly reason?: string;
}

/** A rule as a new one begins: it fits nobody until somebody is named. */
export const blankRule: Rule = {
  id: '',
  methods: [],
  events: [],
  action: 'deny',
  reason: '',
  order: 0,
  pair: [],
  media: [],
  bodyTypes: [],
  bodyLarger: 0n,
  validFrom: '',
  validUntil: '',
  shadow: false,
};

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const periods: ReadonlyMap<string, number> = new Map([
  ['second', 1_000],
  ['s', 1_000],
  ['minute', 60_000],
  ['min', 60_000],
  ['hour', 3_600_000],
  ['h', 3_600_000],
]);

function usage(message: string, cure: string): Fault {
  return new Fault('usage', message, { cure, exitCode: 2 });
}

/** Adds the options about what a rule says. With `changing`, "none" takes a condition away. */
export function withRuleOptions(command: Command, changing: boolean): Command {
  const none = changing ? '; "none": any' : '';
  command
    .option('--from <who>', 'who sends: any, member:ID, members:ID,ID, group:NAME, domain:DOMAIN, user:NAME@DOMAIN')
    .option('--to <who>', 'who it is for, likewise')
    .option('--between <members...>', 'instead of both: two members, in either direction')
    .option('--method <method>', `a SIP method; INVITE covers the whole call; repeat it for more${none}`, gathered)
    .option('--event <package>', `an event package; repeat it for more${none}`, gathered)
    .option('--media <kind>', `a kind of media a session offers: audio, video ...; repeat it for more${none}`, gathered)
    .option('--body-type <type>', `a type of body: text/html, image/* ...; repeat it for more${none}`, gathered)
    .option('--body-larger <size>', `bodies larger than this: 64KiB${none}`)
    .option('--days <days>', `only on these days: mon,tue or mon-fri${none}`)
    .option('--hours <span>', `only then, UTC: 08:00-17:30; 22:00-06:00 runs past midnight${none}`)
    .option('--valid-from <time>', `from then on${none}`)
    .option('--valid-until <time>', `until then: a date, a time, or a span such as 30d${none}`)
    .option('--limit <rate>', 'with limit: so many requests, such as 10/second, 100/minute')
    .option('--burst <n>', 'with limit: as many at once; default: the number of --limit')
    .addOption(new Option('--each <whom>', 'with limit: whom it measures; default: member').choices(['member', 'pair', 'method']))
    .option('--shadow', 'count it where it would decide, but do not enforce it')
    .option('--reason <text>', 'why: the sender reads it in the answer');
  if (changing) command.option('--no-shadow', 'enforce it');
  return command;
}

function minutesOf(text: string): number {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (minutes <= 1440) return minutes % 1440;
  throw usage(`--hours: ${terminalText(text, 20)} is no time of day`, 'write 08:00-17:30, in UTC');
}

function daysOf(text: string): string[] {
  const found = text
    .toLowerCase()
    .split(',')
    .flatMap((part) => {
      const [first = '', last = first] = part.split('-', 2);
      const from = dayNames.indexOf(first);
      const until = dayNames.indexOf(last);
      if (from < 0 || until < 0) throw usage(`--days: ${terminalText(part, 20)} is no day`, `write ${dayNames.join(', ')}, or mon-fri`);
      // sat-mon runs over the end of the week.
      const count = ((until - from + 7) % 7) + 1;
      return Array.from({ length: count }, (_, at) => dayNames[(from + at) % 7] ?? '');
    });
  return dayNames.filter((day) => found.includes(day));
}

function windowOf(before: TimeWindow | undefined, { days, hours }: RuleOptions): TimeWindow | undefined {
  if (days === undefined && hours === undefined) return before;
  const window: TimeWindow = { ...(before ?? { days: [], fromMinute: 0, untilMinute: 0 }) };
  if (days !== undefined) window.days = days === 'none' ? [] : daysOf(days);
  if (hours === 'none') Object.assign(window, { fromMinute: 0, untilMinute: 0 });
  else if (hours !== undefined) {
    const [from = '', until = ''] = hours.split('-', 2);
    window.fromMinute = minutesOf(from);
    window.untilMinute = minutesOf(until);
  }
  const always = window.days.length === 0 && window.fromMinute === 0 && window.untilMinute === 0;
  return always ? undefined : window;
}

function amount(text: string, option: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 1_000_000) return value;
  throw usage(`${option} ${terminalText(text, 20)} is no number from 1 to 1000000`, 'write digits only');
}

/** A burst that was set by hand stays when only the rate is changed; 0: as many as the rate says. */
function keptBurst(before: RateLimit | undefined): number {
  return before === undefined || before.burst === before.requests ? 0 : before.burst;
}

function limitOf(before: RateLimit | undefined, action: string, { limit, burst, each }: RuleOptions): RateLimit | undefined {
  if (action !== 'limit') {
    if (limit === undefined && burst === undefined && each === undefined) return undefined;
    throw usage(
      `--limit, --burst and --each belong to the action limit, and this is ${action}`,
      'write limit as the action, or leave them away',
    );
  }
  const [count = '', period = 'second'] = (limit ?? '').split('/', 2);
  const perMs = periods.get(period);
  if (limit !== undefined && perMs === undefined)
    throw usage(`--limit ${terminalText(limit, 40)} is no rate`, 'write 10/second, 100/minute or 1000/hour');
  const rate =
    limit === undefined
      ? before
      : { requests: amount(count, '--limit'), perMs: perMs ?? 0, burst: keptBurst(before), each: before?.each ?? 'member' };
  if (rate === undefined) throw usage('the action limit needs a rate', 'say how much with --limit 10/second');
  const atOnce = burst === undefined ? rate.burst || rate.requests : amount(burst, '--burst');
  return { ...rate, burst: atOnce, each: each ?? rate.each };
}

/** A list of conditions: replaced where it is given, emptied by "none". */
function conditions(given: Texts | undefined, before: readonly string[], fold: (text: string) => string): string[] {
  if (given === undefined) return [...before];
  return given.length === 1 && given[0] === 'none' ? [] : given.map(fold);
}

function sizeOf(given: string | undefined, before: bigint): bigint {
  if (given === undefined) return before;
  if (given === 'none') return 0n;
  const bytes = byteCount(given);
  if (bytes !== undefined && bytes > 0) return BigInt(bytes);
  throw usage(`--body-larger ${terminalText(given, 40)} is no size`, 'write 4096, 64KiB or 1MiB');
}

const lower = (text: string) => text.toLowerCase();

/** Who a rule is about after the options: from and to, or a pair. */
function partiesOf(before: Rule, { from, to, between }: RuleOptions): Pick<Rule, 'from' | 'to' | 'pair'> {
  if (between !== undefined) {
    if (between.length !== 2 || from !== undefined || to !== undefined) {
      throw usage('--between names two members, without --from and --to', 'write --between acme bolt');
    }
    return { from: undefined, to: undefined, pair: between.toSorted() };
  }
  const parties = {
    from: from === undefined ? before.from : readParty(from, '--from'),
    to: to === undefined ? before.to : readParty(to, '--to'),
    pair: from === undefined && to === undefined ? before.pair : [],
  };
  if (parties.pair.length === 2 || (parties.from !== undefined && parties.to !== undefined)) return parties;
  throw usage('a rule is about both who sends and who receives', 'write --from acme --to any, or --between acme bolt');
}

/** The rule after what the options say. Throws a Fault `usage` for a text that cannot be used. */
export function changedRule(before: Rule, action: string, options: RuleOptions, now: Date): Rule {
  const instant = (given: string | undefined, known: string, option: string) =>
    given === undefined ? known : instantOf(given, option, now);
  const { during: _during, limit: _limit, from: _from, to: _to, ...rest } = before;
  const parties = partiesOf(before, options);
  const during = windowOf(before.during, options);
  const limit = limitOf(before.limit, action, options);
  return {
    ...rest,
    ...parties,
    ...(during === undefined ? {} : { during }),
    ...(limit === undefined ? {} : { limit }),
    action,
    methods: conditions(options.method, before.methods, (text) => text.toUpperCase()),
    events: conditions(options.event, before.events, lower),
    media: conditions(options.media, before.media, lower),
    bodyTypes: conditions(options.bodyType, before.bodyTypes, lower),
    bodyLarger: sizeOf(options.bodyLarger, before.bodyLarger),
    validFrom: instant(options.validFrom, before.validFrom, '--valid-from'),
    validUntil: instant(options.validUntil, before.validUntil, '--valid-until'),
    shadow: options.shadow ?? before.shadow,
    reason: options.reason === undefined ? before.reason : options.reason === 'none' ? '' : options.reason,
  };
}
