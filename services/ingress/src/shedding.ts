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
  /** From the first request that goes on to a relay nothing is shed for so long. */
  readonly warmUp: number;
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
  readonly counts: Pick<Counts, 'shed' | 'ocTold' | 'forwards'>;
  /** By how much this process's event loop is late, ms. */
  lag(): number;
  /** Wall ms at monotonic 0: sequence numbers go on from there after a restart, and never back when the clock is set. */
  readonly startedAt: number;
}

/** Takes what the hub can do, no more, and shares it among the members. Every `now` is monotonic ms. */
export interface Shedding {
  /** Hands out what may be taken until the next call; every tenth of a second it ends a window and begins the next. To be called four times in each. */
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
/** A window ends when it is so long, ms: a timer may be early. */
const windowTime = 100;
const nearlyWindow = 90;
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
  let windowAt = Number.NEGATIVE_INFINITY;
  /** Windows since shedding began. */
  let windows = 0;
  let turns = 0;
  /** Final answers of all members, when they were last counted. */
  let finals = 0;
  /** When a part of the shares was handed out last, and what all take a second since. */
  let handedAt = 0;
  let before = Number.POSITIVE_INFINITY;
  /** Members of which something was not read in this window. */
  const held = new Set<Member>();
  let ownDelay = 0;
  let relayDelay = 0;
  const relays = new Map<string, RelayWaits>();
  let movedAt = Number.NEGATIVE_INFINITY;
  /** When the first window ended in which a request went on: pings and the like run through little of the code. */
  let begunAt = Number.POSITIVE_INFINITY;
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

  /** Reads nothing more from a member until it may have more: what it sends stays with it, so that refusing never costs more than serving. */
  const hold = (member: Member): void => {
    held.add(member);
    member.held = true;
    for (const wire of member.wires) wire.hold(holds.share);
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

  /** Who was not read wants more than it could ask for: what it asked is no wish that leaves the others something. */
  const wish = (member: Member): number => (held.has(member) ? Number.POSITIVE_INFINITY : member.asked);

  /** What each member may have in a window from now on. */
  const share = (elapsed: number): void => {
    const rate = admittedRate(state);
    const sheds = state.kind === 'shedding';
    const wishes: number[] = [];
    if (sheds) for (const member of members.all()) if (member.asked > 0) wishes.push((wish(member) * windowTime) / elapsed);
    const level = sheds ? roomLevel(wishes, (rate * windowTime) / 1000) : Number.POSITIVE_INFINITY;
    const fell = rate < before;
    before = rate;
    const tell = windows % tellEvery === 1;
    for (const member of members.all()) {
      if (tell || !sheds) member.passing = sheds ? passingPart(member.passing, member.asked, level) : 1;
      // What was saved while there was more would be a second rate beside one that has just fallen.
      if (member.allowance === Number.POSITIVE_INFINITY) member.allowance = 0;
      else if (fell && member.asked > level) member.allowance = Math.min(level / 2, member.allowance);
      member.share = level;
      member.asked = 0;
      member.shedNow = 0;
      member.told = '';
    }
    held.clear();
  };

  /** Hands out what came due: a little at a time, or a window's share would be read at once and make everybody wait for it. */
  const hand = (now: number): void => {
    const part = Math.min(now - handedAt, longestWindow) / windowTime;
    handedAt = now;
    turns += 1;
    for (const member of members.all()) {
      const { share: level, allowance } = member;
      if (level === Number.POSITIVE_INFINITY) member.allowance = level;
      else member.allowance = Math.min(Math.max(1, level * keep), (allowance === Number.POSITIVE_INFINITY ? 0 : allowance) + level * part);
      if (member.held && member.allowance > 0) release(member, turns);
    }
  };

  return {
    tick(now) {
      if (!settings.enabled) return;
      if (now - windowAt < nearlyWindow) {
        if (state.kind === 'shedding') hand(now);
        return;
      }
      const ms = windowAt === Number.NEGATIVE_INFINITY ? windowTime : now - windowAt;
      if (state.kind !== 'shedding') handedAt = now - ms;
      windowAt = now;
      let asked = 0;
      let admitted = 0;
      let answers = 0;
      for (const member of members.all()) {
        asked += wish(member);
        admitted += member.asked - member.shedNow;
        answers += member.counts.responses;
      }
      // A member that is forgotten takes its count along.
      const served = Math.max(0, answers - finals);
      finals = answers;
      ownDelay = lag();
      relayDelay = relayWaits(now);
      if (counts.forwards > 0) begunAt = Math.min(begunAt, now);
      const warm = now - begunAt >= settings.warmUp;
      const moving = state.kind !== 'shedding' && now - movedAt < movingTime;
      const delay = moving || !warm ? 0 : Math.max(ownDelay, relayDelay);
      state = stepOverload(state, { ms, delay, asked, admitted, served }, settings);
      windows = state.kind === 'shedding' ? windows + 1 : 0;
      sequence = (startedAt + now) / 1000;
      quiet = parameters(0);
      share(ms);
      hand(now);
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
      share: (member) => (member.share * 1000) / windowTime,
      ownDelay: () => ownDelay,
      relayDelay: () => relayDelay,
    },
  };
}

/** Goes on reading, each time beginning with another of its connections: the first has the best of the share. */
function release(member: Member, turn: number): void {
  member.held = false;
  const { wires } = member;
  for (let at = 0; at < wires.length; at += 1) wires[(at + turn) % wires.length]?.release(holds.share);
}
