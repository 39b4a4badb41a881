import type { Message } from '@guildhall/proto/sip/message';
import { waitsForLink } from './client-transaction.js';
import type { DoorCard } from './door-card.js';
import type { Doors } from './doors.js';
import type { Events } from './events.js';
import { losses } from './failover.js';
import type { Link, Member, MemberProxy } from './member.js';
import { type BudgetLimits, createBudget, createLine } from './queue.js';
import type { Sending } from './sending.js';
import type { Transaction } from './transaction.js';

/** The members this relay has something to do with: their doors, their links, and what waits for them. */
export interface Members {
  /** The member, made at its first forward; undefined when there are as many as there may be. */
  get(id: string, now: number): Member | undefined;
  /** Sends a transaction on its way once the member's door is known. */
  dispatch(transaction: Transaction, message: Message, now: number): void;
  /** The membership changed for these members, or for all. */
  changed(ids: readonly string[] | 'all'): void;
  /** The connections of a member that only dials out changed. */
  present(ids: readonly string[]): void;
  /**
   * These have lost one of several connections to an ingress: what that one was given to write for them may be lost. What is still unanswered a moment
   * later is given to it again, once: what went over another connection has been answered by then, and an answer under way meets no second copy.
   */
  renewed(ids: readonly string[], ingress: string): void;
  /** What these ingresses were given to write, or all, may be lost: it is given to them again. */
  repeat(ingresses: ReadonlySet<string> | 'all'): void;
  /** Once in a while: links are looked after, and members let go that another relay owns. `ownerOf` names a member's owner. */
  tend(now: number, ownerOf: (member: string) => string | undefined): void;
  /** Closes all links in order. */
  close(): void;
  all(): Iterable<Member>;
}

/** How many members are held, how much may wait for each, and for how long. */
export interface MembersSettings {
  /** This relay's id. */
  readonly self: string;
  readonly most: number;
  readonly budget: BudgetLimits;
  /** ms, see the configuration. */
  readonly idle: number;
  readonly handover: number;
  readonly doorFresh: number;
  /** Until this monotonic time a member without any connection may still be announced by an ingress. */
  readonly presenceKnownAt: number;
  /** Whether the far end of a link waits there for answers to requests of its own. */
  owes(link: Link): boolean;
}

/** Makes the ways to a member from its door; `before` are those it has, to be kept where nothing changed. */
export type ProxiesOf = (member: Member, card: DoorCard, before: readonly MemberProxy[]) => readonly MemberProxy[];

interface Kept extends Member {
  card: DoorCard | undefined;
  asking: boolean;
  /** The membership changed while policy was being asked: the answer may be the old door. */
  outdated: boolean;
  /** When the door is to be asked for again; before that a failed question is not repeated. */
  askAt: number;
}

/** After a question that failed, ms. */
const askAgain = 250;

/** So long after a member lost one of its connections its answers over the others are waited for, ms. */
const renewalTime = 1000;

/** So much longer the links of a member that another relay owns stay for what its far end asked there (64*T1, RFC 3261 17.1), ms. */
const owedTime = 32_000;

const nobody: ReadonlySet<string> = new Set();

/** Holds nobody at first. A member's door is asked for when something is to be sent to it, and what comes meanwhile waits in line. */
export function createMembers(
  doors: Doors,
  sending: Sending,
  proxiesOf: ProxiesOf,
  settings: MembersSettings,
  clock: () => number,
  events: Events,
): Members {
  const held = new Map<string, Kept>();
  /** When members lost one of several connections to an ingress, first and last. */
  const renewals = new Map<string, { readonly id: string; readonly ingress: string; readonly first: number; last: number }>();

  const make = (id: string): Kept => ({
    id,
    budget: createBudget(settings.budget),
    line: createLine<Transaction>((transaction) => waitsForLink(transaction.state) && transaction.proxy === undefined),
    door: 'unknown',
    proxies: [],
    domains: nobody,
    unlocated: '',
    inFlight: 0,
    usedAt: 0,
    foreignSince: 0,
    card: undefined,
    asking: false,
    outdated: false,
    askAt: 0,
  });

  const find = (member: Member): Kept | undefined => held.get(member.id);

  /** Whether a member without any way to it may get one in a moment: a young relay has not heard every ingress yet. */
  const mayAppear = (member: Member): boolean =>
    member.door === 'open' && member.proxies.length === 0 && member.unlocated === '' && clock() < settings.presenceKnownAt;

  const settle = (member: Kept): void => {
    if (member.door === 'unknown' || mayAppear(member)) return;
    member.line.drain((transaction) => {
      if (member.door === 'shut') sending.lose(transaction, losses.shut(member.id));
      else sending.route(transaction, undefined);
    });
  };

  const apply = (member: Kept, card: DoorCard): void => {
    const before = member.proxies;
    member.card = card;
    member.door = card.open ? 'open' : 'shut';
    member.unlocated = card.unlocated;
    member.domains = card.domains;
    member.proxies = card.open ? proxiesOf(member, card, before) : [];
    for (const proxy of before) if (!member.proxies.includes(proxy)) proxy.close();
    settle(member);
  };

  const ask = (member: Kept): void => {
    if (member.asking) return;
    member.asking = true;
    doors
      .get(member.id)
      .then((card) => {
        member.askAt = member.outdated ? 0 : clock() + (doors.isOld(member.id) ? askAgain : Math.min(settings.doorFresh, card.freshFor));
        member.outdated = false;
        if (held.get(member.id) === member) apply(member, card);
      })
      .catch((error: unknown) => {
        events.doorFailed(member.id, error);
        member.askAt = clock() + askAgain;
        if (member.door === 'unknown') member.line.drain((transaction) => sending.lose(transaction, losses.noDoor));
      })
      .finally(() => {
        member.asking = false;
      });
  };

  const owesOn = ({ links }: MemberProxy): boolean => links.some((link) => link.isUp() && settings.owes(link));

  const letGo = (member: Kept): void => {
    held.delete(member.id);
    for (const proxy of member.proxies) proxy.close();
  };

  return {
    get(id, now) {
      let member = held.get(id);
      if (member === undefined) {
        if (held.size >= settings.most) return undefined;
        member = make(id);
        held.set(id, member);
      }
      member.usedAt = now;
      return member;
    },
    dispatch(transaction, message, now) {
      const { member } = transaction;
      if (member.door === 'open' && member.proxies.length > 0) {
        sending.route(transaction, message);
      } else if (member.door === 'shut') {
        sending.lose(transaction, losses.shut(member.id));
      } else if (mayAppear(member)) {
        sending.wait(transaction, member.line);
      } else if (member.door === 'open') {
        sending.route(transaction, message);
      } else {
        const kept = find(member);
        if (kept === undefined || (now < kept.askAt && !kept.asking)) {
          sending.lose(transaction, losses.noDoor);
          return;
        }
        sending.wait(transaction, member.line);
        ask(kept);
      }
    },
    changed(ids) {
      for (const id of ids === 'all' ? held.keys() : ids) {
        const member = held.get(id);
        if (member === undefined) continue;
        doors.forget(id);
        if (member.asking) member.outdated = true;
        else ask(member);
      }
    },
    present(ids) {
      for (const id of ids) {
        const member = held.get(id);
        if (member?.card?.open === true && member.card.proxies.length === 0 && member.card.lookup === '') apply(member, member.card);
      }
    },
    renewed(ids, ingress) {
      const now = clock();
      for (const id of ids) {
        const known = renewals.get(`${id} ${ingress}`);
        if (known !== undefined) known.last = now;
        else if (held.has(id)) renewals.set(`${id} ${ingress}`, { id, ingress, first: now, last: now });
      }
    },
    repeat(ingresses) {
      for (const { proxies } of held.values()) {
        for (const proxy of proxies) {
          const [link] = proxy.links;
          if (proxy.through === undefined || link === undefined) continue;
          if (ingresses === 'all' || ingresses.has(proxy.through)) sending.repeat(link, proxy);
        }
      }
    },
    tend(now, ownerOf) {
      for (const [key, { id, ingress, first, last }] of renewals) {
        if (now - first < renewalTime) continue;
        renewals.delete(key);
        for (const proxy of held.get(id)?.proxies ?? []) {
          const [link] = proxy.links;
          if (proxy.through === ingress && link !== undefined) sending.repeat(link, proxy, last);
        }
      }
      for (const member of held.values()) {
        const owner = ownerOf(member.id);
        if (owner === undefined || owner === settings.self) member.foreignSince = 0;
        else if (member.foreignSince === 0) member.foreignSince = now;
        const inUse = member.inFlight > 0 || now - member.usedAt < settings.idle;
        const foreignFor = member.foreignSince === 0 ? 0 : now - member.foreignSince;
        const owes = foreignFor < settings.handover + owedTime && member.proxies.some(owesOn);
        if (member.inFlight === 0 && member.foreignSince > 0 && foreignFor >= settings.handover && !owes) {
          events.memberLeft(member.id, owner);
          letGo(member);
          continue;
        }
        if (!inUse && !member.proxies.some((proxy) => proxy.condition() === 'up')) {
          letGo(member);
          continue;
        }
        if (inUse && now >= member.askAt) ask(member);
        settle(member);
        // What another relay's member still waits for here has nobody else to dial for it.
        for (const proxy of member.proxies) proxy.tick(now, proxy.line.length() > 0 || (inUse && member.foreignSince === 0));
      }
    },
    close() {
      for (const member of held.values()) for (const proxy of member.proxies) proxy.close();
    },
    all: () => held.values(),
  };
}
