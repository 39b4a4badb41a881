import type { Instance } from '@guildhall/chassis/roster';
import { roomyLimits } from '@guildhall/proto/sip/limits';
import type { Message } from '@guildhall/proto/sip/message';
import { readMessage } from '@guildhall/proto/sip/read-message';
import { canAnswer } from '@guildhall/proto/sip/response';
import { SipError } from '@guildhall/proto/sip/sip-error';
import type { HolderName } from './entrusted-cancels.js';
import { type Doubt, fateOf, type HolderStanding, patience } from './entrusted-fate.js';
import type { Link } from './member.js';
import type { BudgetLimits } from './queue.js';
import { createSharedRoom } from './shared-room.js';
import { mayBeAnsweredAgain, transactionName } from './transaction-name.js';

/** Requests that came in on links we dialled and that an ingress was entrusted with, until they are answered. Every `now` is monotonic ms. */
export interface Entrusted {
  /**
   * One more, for this ingress. Not taken where it is here already, since its answer will be that of both, or where too much of its member's waits; what
   * cancels one of them is taken all the same.
   */
  take(m: Message, link: Link, ingress: string, now: number): 'taken' | 'known' | 'full';
  /** Where an ACK or CANCEL must go: to the ingress that has the INVITE. '': nowhere, the relay answered that; undefined: to any. */
  follows(m: Message, link: Link): string | undefined;
  /** Nobody heard it: another ingress has it now, or none. False when it waits no more, or, a CANCEL, goes to none but that. Nothing is kept of what has no answer, which is true of whoever asks. */
  unheard(m: Message, link: Link, other: string | undefined, now: number): boolean;
  /** An ingress answers: false when the relay has done so by itself, or nobody waits for that any more. `bytes` is a whole response. Hot path of answers to links. */
  answers(link: Link, bytes: Buffer): boolean;
  /** Whether a link is waited for at its far end. */
  owes(link: Link): boolean;
  waiting(): number;
  busIs(up: boolean, now: number): void;
  /** To be called every so often. */
  tend(now: number): void;
  /** It is closed for good: what waits there is answered first. */
  leave(link: Link): void;
}

/** How much is remembered, and what is done about it. */
export interface EntrustedDesk {
  /** Shared by all members, so that none can fill it; of those that were answered so many are remembered. */
  readonly room: BudgetLimits;
  /** Which incarnation of an ingress is there, draining or not, and how often it came back to NATS. */
  instanceOf(ingress: string): Pick<Instance, 'epoch' | 'returns'> | undefined;
  /** Says a request to an ingress again. */
  again(link: Link, ingress: string, bytes: Buffer): void;
  /** Answers it in the hub's name, though `holder` has it. */
  answer(link: Link, bytes: Buffer, why: 'lost' | 'closing', holder: HolderName): void;
  /** So many were answered because this ingress, or NATS, is gone. */
  given(ingress: string, count: number): void;
}

/** An incarnation of an ingress. */
interface Holder extends HolderName {
  returns: number;
  awaySince: number;
  doubtedAt: number;
  standing: HolderStanding;
}

interface Entry {
  readonly link: Link;
  readonly key: string;
  bytes: Buffer;
  holder: Holder;
  givenAt: number;
  /** The relay answered it: what an ingress says of it later goes nowhere. */
  answered: boolean;
  until: number;
}

interface OfLink {
  readonly entries: Map<string, Entry>;
  waiting: number;
}

/** Its sender waits no longer than this, ms (64*T1, RFC 3261 17.1); an INVITE may ring. */
const lifetime = { other: 40_000, invite: 3_600_000 } as const;
/** How often those are forgotten whose time is over, ms. */
const sweepTime = 1000;
const nothing = Buffer.alloc(0);

/** Nothing is entrusted to anybody yet. */
export function createEntrusted(desk: EntrustedDesk): Entrusted {
  const links = new Map<string, OfLink>();
  const holders = new Map<string, Holder>();
  const room = createSharedRoom(desk.room);
  /** Those that the relay answered, oldest first. */
  const answered = new Set<Entry>();
  let busLostAt = 0;
  let sweptAt = 0;

  const holderOf = (id: string): Holder => {
    const { epoch, returns } = desk.instanceOf(id) ?? { epoch: '', returns: 0 };
    const name = `${id} ${epoch}`;
    const known = holders.get(name);
    if (known !== undefined) return known;
    const made: Holder = { id, epoch, returns, awaySince: 0, doubtedAt: 0, standing: 'there' };
    holders.set(name, made);
    return made;
  };

  /** It waits no more; its bytes are let go of. */
  const settle = (entry: Entry): void => {
    const of = links.get(entry.link.id);
    if (of !== undefined) of.waiting -= 1;
    room.release(entry.link.member, entry.bytes.length);
    entry.bytes = nothing;
  };

  const forget = (entry: Entry): void => {
    if (!entry.answered) settle(entry);
    answered.delete(entry);
    const of = links.get(entry.link.id);
    of?.entries.delete(entry.key);
    if (of?.entries.size === 0) links.delete(entry.link.id);
  };

  const answer = (entry: Entry, now: number): void => {
    const request = entry.bytes;
    settle(entry);
    entry.answered = true;
    // An INVITE may ring on and be answered long after, if its ingress lives.
    entry.until = Math.max(entry.until, now + lifetime.other);
    answered.add(entry);
    const [oldest] = answered;
    if (oldest !== undefined && answered.size > desk.room.count) forget(oldest);
    desk.answer(entry.link, request, 'lost', entry.holder);
  };

  const look = (now: number): void => {
    for (const holder of holders.values()) {
      const lives = desk.instanceOf(holder.id);
      if (lives?.epoch === holder.epoch) {
        if (holder.awaySince > 0 || lives.returns !== holder.returns) holder.doubtedAt = now;
        holder.returns = lives.returns;
        holder.awaySince = 0;
        holder.standing = 'there';
      } else {
        if (holder.awaySince === 0) holder.awaySince = now;
        holder.standing = lives === undefined ? 'away' : 'replaced';
      }
    }
  };

  const inDoubt = (now: number): boolean => {
    if (busLostAt > 0) return true;
    for (const { standing, doubtedAt } of holders.values()) {
      if (standing !== 'there' || (doubtedAt > 0 && now - doubtedAt >= patience.doubt)) return true;
    }
    return false;
  };

  const doubtOf = ({ standing, awaySince, doubtedAt }: Holder): Omit<Doubt, 'givenAt'> => ({
    holder: standing,
    awaySince,
    busLostAt,
    doubtedAt,
  });

  /** What becomes of those that wait now. */
  const review = (now: number): void => {
    const given = new Map<string, number>();
    for (const { entries } of links.values()) {
      for (const entry of entries.values()) {
        if (entry.answered) continue;
        const { holder, givenAt } = entry;
        const fate = fateOf({ ...doubtOf(holder), givenAt }, now);
        if (fate === 'again') {
          entry.givenAt = now;
          desk.again(entry.link, holder.id, entry.bytes);
        } else if (fate === 'answer') {
          answer(entry, now);
          given.set(holder.id, (given.get(holder.id) ?? 0) + 1);
        }
      }
    }
    for (const [ingress, count] of given) desk.given(ingress, count);
    for (const [name, holder] of holders) {
      if (holder.doubtedAt > 0 && now - holder.doubtedAt >= patience.doubt) holder.doubtedAt = 0;
      // Nothing of its waits any more; who gets something new is made anew.
      const isOver = holder.standing !== 'there' && fateOf({ ...doubtOf(holder), givenAt: now }, now) === 'answer';
      if (isOver) holders.delete(name);
    }
  };

  const sweep = (now: number): void => {
    for (const { entries } of links.values()) for (const entry of entries.values()) if (now >= entry.until) forget(entry);
  };

  return {
    take(m, link, ingress, now) {
      const key = canAnswer(m) ? transactionName(m) : '';
      if (key === '') return 'taken';
      let of = links.get(link.id);
      const known = of?.entries.get(key);
      if (known !== undefined && !known.answered) return 'known';
      const length = m.end - m.start;
      const invite = m.method === 'CANCEL' ? of?.entries.get(transactionName(m, 'INVITE')) : undefined;
      const follows = invite?.answered === false && invite.holder.id === ingress;
      // What ends something is let through, unremembered: its INVITE is answered whatever becomes of it.
      if (!room.admit(link.member, length)) return follows ? 'taken' : 'full';
      if (known !== undefined) forget(known);
      of = links.get(link.id);
      if (of === undefined) {
        of = { entries: new Map(), waiting: 0 };
        links.set(link.id, of);
      }
      // The buffer it came in holds much more, and would stay as long.
      const copy = Buffer.from(m.buffer.subarray(m.start, m.end));
      const until = now + (m.method === 'INVITE' ? lifetime.invite : lifetime.other);
      const holder = follows ? invite.holder : holderOf(ingress);
      of.entries.set(key, { link, key, bytes: copy, holder, givenAt: now, answered: false, until });
      of.waiting += 1;
      return 'taken';
    },
    follows(m, link) {
      if (m.method !== 'CANCEL' && m.method !== 'ACK') return undefined;
      const invite = links.get(link.id)?.entries.get(transactionName(m, 'INVITE'));
      if (invite?.answered === true) return m.method === 'ACK' ? '' : undefined;
      return invite?.holder.id;
    },
    unheard(m, link, other, now) {
      const key = canAnswer(m) ? transactionName(m) : '';
      if (key === '') return true;
      const entries = links.get(link.id)?.entries;
      const entry = entries?.get(key);
      if (entry === undefined || entry.answered) return false;
      // Elsewhere nobody knows its INVITE: it waits for the ingress that has that.
      if (m.method === 'CANCEL' && entries?.get(transactionName(m, 'INVITE'))?.holder === entry.holder) return false;
      if (other === undefined) {
        forget(entry);
      } else {
        entry.holder = holderOf(other);
        entry.givenAt = now;
      }
      return true;
    },
    answers(link, response) {
      const of = links.get(link.id);
      // A 1xx ends nothing: its hundred stands behind "SIP/2.0 ".
      const isProvisional = response[8] === 0x31;
      if (isProvisional && (of === undefined || of.waiting === of.entries.size)) return true;
      // It may be larger than what is taken from a link.
      const m = readMessage(response, roomyLimits);
      if (m instanceof SipError) return false;
      const key = transactionName(m);
      const entry = of?.entries.get(key);
      if (entry?.answered === true) return false;
      if (isProvisional) return true;
      // What an ingress says twice, since it may have been lost, is no second answer.
      if (entry === undefined) {
        // What answers the relay's own CANCEL goes nowhere, either.
        const isOwn = key.startsWith('CANCEL ') && of?.entries.get(`INVITE${key.slice('CANCEL'.length)}`)?.answered === true;
        return !isOwn && mayBeAnsweredAgain(key, m.status);
      }
      forget(entry);
      return true;
    },
    owes: (link) => (links.get(link.id)?.waiting ?? 0) > 0,
    waiting: room.count,
    busIs(up, now) {
      if (up) for (const holder of holders.values()) holder.doubtedAt = now;
      busLostAt = up ? 0 : now;
    },
    tend(now) {
      look(now);
      if (inDoubt(now)) review(now);
      if (now - sweptAt < sweepTime) return;
      sweptAt = now;
      sweep(now);
    },
    leave(link) {
      for (const entry of links.get(link.id)?.entries.values() ?? []) {
        if (!entry.answered) desk.answer(link, entry.bytes, 'closing', entry.holder);
        forget(entry);
      }
    },
  };
}
