import { overloadParameters } from '@guildhall/proto/sip/overload-control';
import type { Counts } from './counts.js';
import type { Member, Members } from './members.js';
import { admittedRate, calm, type OverloadState, stepOverload } from './overload.js';
import { passingPart, roomLevel } from './shares.js';
import { holds } from './wire.js';

/** What keeping up means; see `overload` and `limits` of the configuration. Times are ms. */
export interface SheddingSettings {
  readonly enabled: boolean;
  /** Work may wait so long before it is begun. */
  readonly target: number;
  /** Requests a second that are always taken. */
  readonly floor: number;
  /** Refusals that a member gets, in percent of its share. */
  readonly refusals: number;
  /** Whether peers that ask for it are told how much to hold back (RFC 7339), and for how long that is to be believed. */
  readonly oc: boolean;
  readonly ocValidity: number;
}

/** What it looks at and acts upon. */
export interface SheddingDesk {
  readonly settings: SheddingSettings;
  readonly members: Pick<Members, 'all'>;
  readonly counts: Pick<Counts, 'shed' | 'ocTold'>;
  /** By how much this process's event loop is late, ms. */
  lag(): number;
  /** Wall ms at monotonic 0: sequence numbers go on from there after a restart, and never back when the clock is set. */
  readonly startedAt: number;
}

/** Takes what the hub can do, no more, and shares it among the members. Every `now` is monotonic ms. */
export interface Shedding {
  /** Ends a window and begins the next. To be called ten times a second. */
  tick(now: number): void;
  /** A relay told how late it is, ms, and `heard`, the time (`now` modulo 2^32, 0: none) at which the newest batch left that it took `age` ms ago. Hot path of a batch. */
  relayTold(relay: string, lag: number, heard: number, age: number, now: number): void;
  /** A relay came or went: its members move, which is no lasting delay. */
  relaysChanged(now: number): void;
  /** A response came in on a connection of this member. It is never refused; one that nobody can have asked for costs like the rest. Hot path. */
  answered(member: Member): void;
  /** Something else came in that cannot be refused but costs like the rest: a ping, a broken message, a piece of one. Hot path. */
  worked(member: Member): void;
  /** A request of a member whose share is used up was refused. */
  refused(member: Member): void;
  /** A request of a member whose share is used up was taken all the same. */
  overdrawn(member: Member): void;
  /** The parameters of RFC 7339 for an answer to this member, each with its semicolon; '' where it is switched off. */
  told(member: Member): string;
  readonly gauges: SheddingGauges;
}

/** What the instruments read. */
export interface SheddingGauges {
  state(): OverloadState['kind'];
  /** Requests a second that are taken, Infinity without a bound; and of those what one member may have. */
  rate(): number;
  share(member: Member): number;
  /** ms. */
  ownDelay(): number;
  relayDelay(): number;
}

/** What a relay said of itself counts for so long, ms. */
const relayTime = 1_000;
/** While members move from one relay to another, work waits for new links, ms: shedding begins later. */
const movingTime = 2_000;
/** A window that took longer, because the loop was busy, is made up for no further: that would make the next one as long. ms. */
const longestWindow = 200;
/** A share that was not used is kept for so many windows. */
const keep = 2.5;
/** However small its share, a member gets so many refusals a window, or may overdraw by so much, before nothing more is read from it. */
const least = 20;
/** Windows from one look at what peers are told to the next, the first at once: they hear of it a round trip later. */
const tellEvery = 3;

/** How long work waits on its way to a relay. */
interface RelayWaits {
  /** In the last window in which it said something, and the least it said in this one: a wait that stands shows in every batch. */
  waits: number;
  least: number;
  /** The newest stamp it echoed, 0 for none, and when it last said something. */
  heard: number;
  at: number;
}

/** Begins calm; without `enabled` it stays so. */
export function createShedding({ settings, members, counts, lag, startedAt }: SheddingDesk): Shedding {
  let state: OverloadState = calm;
  let windowAt: number | undefined;
  let windows = 0;
  /** Windows since shedding began. */
  let sheds = 0;
  /** Final answers of all members, when they were last counted. */
  let finals = 0;
  let perSecond = 10;
  /** What was taken a second in the window before. */
  let before = Number.POSITIVE_INFINITY;
  let ownDelay = 0;
  let relayDelay = 0;
  const relays = new Map<string, RelayWaits>();
  let movedAt = Number.NEGATIVE_INFINITY;
  let sequence = startedAt / 1000;
  let quiet = overloadParameters({ percent: 0, validity: 0, sequence });

  const relayWaits = (now: number): number => {
    let most = 0;
    for (const [name, relay] of relays) {
      if (now - relay.at > relayTime) {
        relays.delete(name);
        continue;
      }
      if (relay.least !== Number.POSITIVE_INFINITY) relay.waits = relay.least;
      relay.least = Number.POSITIVE_INFINITY;
      most = Math.max(most, relay.waits);
    }
    return most;
  };

  const overdrawn = (member: Member): void => {
    if (member.allowance < -Math.max(least, member.share)) hold(member);
  };

  const worked = (member: Member): void => {
    member.asked += 1;
    member.allowance -= 1;
    if (member.allowance < 0) overdrawn(member);
  };

  const parameters = (percent: number): string => overloadParameters({ percent, validity: settings.ocValidity, sequence });

  /** What each member may have in the next window. */
  const share = (elapsed: number): void => {
    const rate = admittedRate(state);
    const total = (rate * Math.min(elapsed, longestWindow)) / 1000;
    const asked: number[] = [];
    let level = Number.POSITIVE_INFINITY;
    if (state.kind === 'shedding') {
      // Who is not read wants more than it could ask for: taken for a wish, its share would be a reason to give it the others'.
      for (const member of members.all()) if (member.asked > 0) asked.push(member.held ? Number.POSITIVE_INFINITY : member.asked);
      level = roomLevel(asked, total);
    }
    // What was saved while more was taken would be a second rate beside one that has just fallen.
    const saved = rate < before ? 1 : keep;
    before = rate;
    perSecond = 1000 / Math.min(elapsed, longestWindow);
    const tell = sheds % tellEvery === 1;
    for (const member of members.all()) {
      if (tell || state.kind !== 'shedding') {
        member.passing = state.kind === 'shedding' ? passingPart(member.passing, member.asked, level) : 1;
      }
      member.share = level;
      if (level === Number.POSITIVE_INFINITY) member.allowance = level;
      else member.allowance = Math.min(Math.max(1, level * saved), (Number.isFinite(member.allowance) ? member.allowance : 0) + level);
      member.asked = 0;
      member.shedNow = 0;
      member.told = '';
      if (member.held) release(member, windows);
    }
  };

  return {
    tick(now) {
      if (!settings.enabled) return;
      const ms = windowAt === undefined ? 100 : now - windowAt;
      windowAt = now;
      windows += 1;
      let asked = 0;
      let admitted = 0;
      let answers = 0;
      for (const member of members.all()) {
        asked += member.held ? Number.POSITIVE_INFINITY : member.asked;
        admitted += member.asked - member.shedNow;
        answers += member.counts.responses;
      }
      // A member that is forgotten takes its count along.
      const served = Math.max(0, answers - finals);
      finals = answers;
      ownDelay = lag();
      relayDelay = relayWaits(now);
      const moving = state.kind !== 'shedding' && now - movedAt < movingTime;
      const delay = moving ? 0 : Math.max(ownDelay, relayDelay);
      state = stepOverload(state, { ms, delay, asked, admitted, served }, settings);
      sheds = state.kind === 'shedding' ? sheds + 1 : 0;
      sequence = (startedAt + now) / 1000;
      quiet = parameters(0);
      share(ms);
    },
    relayTold(relay, lag, heard, age, now) {
      let known = relays.get(relay);
      if (known === undefined) {
        known = { waits: 0, least: Number.POSITIVE_INFINITY, heard: 0, at: now };
        relays.set(relay, known);
      }
      known.at = now;
      let waits = lag;
      // What is told again after a pause says what was true before it.
      if (heard !== 0 && (known.heard === 0 || ((heard - known.heard) | 0) >= 0)) {
        known.heard = heard;
        waits = Math.max(lag, (Math.trunc(now) - heard - age) | 0);
      }
      if (waits < known.least) known.least = waits;
    },
    relaysChanged(now) {
      movedAt = now;
    },
    answered(member) {
      if (member.owed > 0) member.owed -= 1;
      else worked(member);
    },
    worked,
    refused(member) {
      counts.shed += 1;
      member.counts.shed += 1;
      member.shedNow += 1;
      if (member.shedNow > Math.max(least, (member.share * settings.refusals) / 100)) hold(member);
    },
    overdrawn,
    told(member) {
      if (!settings.oc) return '';
      counts.ocTold += 1;
      const percent = Math.round((1 - member.passing) * 100);
      if (percent === 0) return quiet;
      if (member.told === '') member.told = parameters(percent);
      return member.told;
    },
    gauges: {
      state: () => state.kind,
      rate: () => admittedRate(state),
      share: (member) => member.share * perSecond,
      ownDelay: () => ownDelay,
      relayDelay: () => relayDelay,
    },
  };
}

/** Reads nothing more from a member until the next window: what it sends stays with it, so that refusing never costs more than serving. */
function hold(member: Member): void {
  member.held = true;
  for (const wire of member.wires) wire.hold(holds.share);
}

/** Goes on reading, each time beginning with another of its connections: the first has the best of the share. */
function release(member: Member, turn: number): void {
  member.held = false;
  const { wires } = member;
  for (let at = 0; at < wires.length; at += 1) wires[(at + turn) % wires.length]?.release(holds.share);
}
