import type {
  Party as PartyEntry,
  RateLimit,
  Rule as RuleEntry,
  TimeWindow as WindowEntry,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { plainUser } from '@guildhall/proto/sip/user';
import { cleanWords } from './clean-words.js';
import type { Party, Rule, RuleLimit, TimeWindow } from './rule.js';

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const dayMinutes = 24 * 60;

function compileParty(entry: PartyEntry | undefined): Party | undefined {
  switch (entry?.who?.$case) {
    case 'any':
      return { kind: 'any' };
    case 'member':
      return { kind: 'member', id: cleanWords(entry.who.value) };
    case 'group':
      return { kind: 'group', id: cleanWords(entry.who.value) };
    case 'members':
      return { kind: 'members', ids: new Set(entry.who.value.ids.map(cleanWords)) };
    case 'domain':
      return { kind: 'domain', domain: cleanWords(entry.who.value) };
    case 'user': {
      const text = cleanWords(entry.who.value);
      const at = text.lastIndexOf('@');
      return at < 1 ? undefined : { kind: 'user', user: plainUser(text.slice(0, at)), domain: text.slice(at + 1) };
    }
    default:
      return undefined;
  }
}

function compileWindow(entry: WindowEntry): TimeWindow | undefined {
  const { fromMinute, untilMinute } = entry;
  const named = entry.days.map((day) => days.indexOf(day));
  if (named.includes(-1) || fromMinute >= dayMinutes || untilMinute > dayMinutes) return undefined;
  return {
    days: named.length === 0 ? days.map((_, at) => at) : [...new Set(named)].toSorted((one, other) => one - other),
    fromMinute,
    minutes: untilMinute > fromMinute ? untilMinute - fromMinute : untilMinute - fromMinute + dayMinutes,
  };
}

function compileLimit(entry: RateLimit | undefined): RuleLimit | undefined {
  if (entry === undefined || entry.requests < 1 || entry.perMs < 1) return undefined;
  const { requests, perMs, each } = entry;
  if (each !== 'member' && each !== 'pair' && each !== 'method') return undefined;
  return { requests, perMs, burst: Math.max(1, entry.burst), each };
}

/** Ms since 1970; undefined where the text is no time. */
function instant(text: string, unbounded: number): number | undefined {
  if (text === '') return unbounded;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

function compilePair(pair: readonly string[]): readonly [string, string] | undefined {
  const [one, other, ...more] = pair;
  return one === undefined || other === undefined || more.length > 0 || one === other ? undefined : [cleanWords(one), cleanWords(other)];
}

function list(words: readonly string[]): ReadonlySet<string> | undefined {
  return words.length === 0 ? undefined : new Set(words.map(cleanWords));
}

/** A rule that cannot be read to its end denies as much as it can be read to mean: leaving it out could let something through. */
function compileRule(entry: RuleEntry, problems: string[]): Rule {
  const paired = entry.pair.length > 0;
  const pair = compilePair(entry.pair);
  const from = compileParty(entry.from);
  const to = compileParty(entry.to);
  const during = entry.during === undefined ? undefined : compileWindow(entry.during);
  const validFrom = instant(entry.validFrom, Number.NEGATIVE_INFINITY);
  const validUntil = instant(entry.validUntil, Number.POSITIVE_INFINITY);
  const limit = entry.action === 'limit' ? compileLimit(entry.limit) : undefined;
  const { action } = entry;
  const faults = [
    action !== 'allow' && action !== 'deny' && action !== 'limit' ? 'action' : '',
    action === 'limit' && limit === undefined ? 'limit' : '',
    (paired && pair === undefined) || (!paired && (from === undefined || to === undefined)) ? 'parties' : '',
    entry.during !== undefined && during === undefined ? 'hours' : '',
    validFrom === undefined || validUntil === undefined ? 'dates' : '',
  ].filter((fault) => fault !== '');
  if (faults.length > 0) problems.push(`rule ${entry.id} is taken as a denial: its ${faults.join(' and its ')} cannot be read`);
  const sound = faults.length === 0;
  return {
    id: entry.id,
    from: paired ? { kind: 'any' } : (from ?? { kind: 'any' }),
    to: paired ? { kind: 'any' } : (to ?? { kind: 'any' }),
    pair,
    methods: list(entry.methods),
    events: list(entry.events),
    media: entry.media.map(cleanWords),
    bodyTypes: entry.bodyTypes.map(cleanWords),
    bodyLarger: entry.bodyLarger,
    during,
    validFrom: validFrom ?? Number.NEGATIVE_INFINITY,
    validUntil: validUntil ?? Number.POSITIVE_INFINITY,
    action: sound && (action === 'allow' || action === 'limit') ? action : 'deny',
    limit: sound ? limit : undefined,
    shadow: entry.shadow,
    reason: cleanWords(entry.reason),
  };
}

/** Rules as they are evaluated, and at hand by method. */
export interface CompiledRules {
  /** In order. */
  readonly rules: readonly Rule[];
  /** The rules that can fit a method that some rule names, in order. */
  readonly rulesByMethod: ReadonlyMap<string, readonly Rule[]>;
  /** The rules that can fit any other method, in order. */
  readonly rulesForAnyMethod: readonly Rule[];
}

function compareRules(one: RuleEntry, other: RuleEntry): number {
  return one.order - other.order || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

/** Reads the rules of the bucket, in any order. What cannot be read is told in `problems`, one sentence a rule. */
export function compileRules(entries: readonly RuleEntry[], problems: string[]): CompiledRules {
  const rules = entries.toSorted(compareRules).map((entry) => compileRule(entry, problems));
  const methods = new Set(rules.flatMap((rule) => [...(rule.methods ?? [])]));
  return {
    rules,
    rulesByMethod: new Map(
      [...methods].map((method) => [method, rules.filter((rule) => rule.methods === undefined || rule.methods.has(method))]),
    ),
    rulesForAnyMethod: rules.filter((rule) => rule.methods === undefined),
  };
}
