import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import type { Bus } from '@guildhall/chassis/bus';
import type { ListTurnedAwayRequest, TurnedAwayConnection } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { type Refused, TurnedAway } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { type CloseReason, closeReasons } from '@guildhall/proto/reason';
import { subjects } from '@guildhall/proto/subjects';
import type { AdminHandlers } from '../api/api-handlers.js';

/** Whom the hub turned away lately, of every ingress and relay. */
export interface TurnedAwayRing {
  /** Newest first: those that `fits`, at most `limit`. */
  list(fits: (one: TurnedAwayConnection) => boolean, limit: number): TurnedAwayConnection[];
  size(): number;
  stop(): void;
}

/** Counted for meters. */
export interface TurnedAwayListener {
  turnedAway(told: number, untold: number): void;
}

/** Listed where the caller does not say how many, and at most. */
const usualLimit = 100;
const mostListed = 10_000;
/** Entries of one message that are looked at, and characters of a text kept. */
const mostAtOnce = 256;
const longest = 400;
const mostTexts = 32;

/** Keeps the newest `most` in memory; what a message holds besides is not kept. */
export function keepTurnedAway(bus: Bus, most: number, listener: TurnedAwayListener): TurnedAwayRing {
  /** A ring: the place of the oldest, once it is full, is where the next goes. */
  const held: TurnedAwayConnection[] = [];
  let next = 0;
  const stop = bus.subscribe(subjects.turnedAway, (payload) => {
    const { service, id, refused, untold } = TurnedAway.decode(payload);
    const instance = `${service} ${id}`.slice(0, 80);
    for (const one of refused.slice(0, mostAtOnce)) {
      held[next] = connection(one, instance);
      next = (next + 1) % most;
    }
    listener.turnedAway(refused.length, untold);
  });
  return {
    stop,
    size: () => held.length,
    list(fits, limit) {
      const found: TurnedAwayConnection[] = [];
      for (let back = 1; back <= held.length && found.length < limit; back += 1) {
        const one = held[(next - back + held.length) % held.length];
        if (one !== undefined && fits(one)) found.push(one);
      }
      return found;
    },
  };
}

function isCloseReason(code: string): code is CloseReason {
  return Object.hasOwn(closeReasons, code);
}

function connection(refused: Refused, instance: string): TurnedAwayConnection {
  const short = (text: string) => text.slice(0, longest);
  const { about, cure } = isCloseReason(refused.reason) ? closeReasons[refused.reason] : { about: '', cure: '' };
  return {
    when: short(refused.when),
    reason: short(refused.reason),
    about,
    cure,
    source: short(refused.source),
    detail: short(refused.detail),
    subject: short(refused.subject),
    issuer: short(refused.issuer),
    names: refused.names.slice(0, mostTexts).map(short),
    usages: refused.usages.slice(0, mostTexts).map(short),
    member: short(refused.member),
    spki: short(refused.spki),
    validUntil: short(refused.validUntil),
    instance,
  };
}

/** "192.0.2.1:5061", or any port of "192.0.2.1"; IPv6 in brackets or not. */
function isFrom(source: string, wanted: string): boolean {
  if (source === wanted) return true;
  const address = source.replace(/:\d+$/, '');
  return address === wanted || address === `[${wanted}]`;
}

/** Whether this caller may see it: an operator and a dashboard all, a member its own, and those of nobody from an address that it names. */
function maySee(one: TurnedAwayConnection, caller: Caller, source: string): boolean {
  if (caller.scope === 'operator' || caller.scope === 'dashboard') return true;
  if (caller.scope !== 'member' || caller.member === '') return false;
  return one.member === caller.member || (one.member === '' && source !== '' && isFrom(one.source, source));
}

/** Answers AdminService.ListTurnedAway. */
export function listTurnedAway(ring: TurnedAwayRing): AdminHandlers['listTurnedAway'] {
  return async ({ member, source, limit }: ListTurnedAwayRequest, caller) => {
    if (limit > mostListed) throw new ApiFault('invalid', `At most ${mostListed} can be listed.`, 'ask for fewer');
    const fits = (one: TurnedAwayConnection): boolean =>
      maySee(one, caller, source) && (member === '' || one.member === member) && (source === '' || isFrom(one.source, source));
    return { connections: ring.list(fits, limit === 0 ? usualLimit : limit) };
  };
}
