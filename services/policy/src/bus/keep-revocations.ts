import type { Bus } from '@guildhall/chassis/bus';
import { Changed, RevocationsPage, RevocationsRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import type { Membership } from '../decision/membership.js';
import { fingerprintOf, type Gathered, gatherRevocations, type StaleList } from './revocation-lists.js';
import { type Revoked, revocationsPage } from './revocations-page.js';

/** What is revoked, kept up with the membership, and told to ingress and relay. */
export interface KeptRevocations {
  /** Undefined before the first membership was gone through. */
  current(): Revoked | undefined;
  /** The membership in force: its lists are gone through if they are others. */
  follow(membership: Membership): void;
  /** Lists whose next one is overdue; they are honoured. */
  stale(): readonly StaleList[];
  stop(): void;
}

/** Who is told. */
export interface RevocationListener {
  /** Other lists are in force. */
  revocationsChanged(version: bigint, authorities: number, serials: number): void;
  revocationListUnusable(why: string): void;
  /** Told once a list. */
  revocationListStale(list: StaleList): void;
  /** Something that nobody waits for failed. */
  failed(what: string, thrown: unknown): void;
}

/** A page stays below this and below what NATS takes. */
const pageBytes = 400 * 1024;
/** How often it is looked whether a list has become overdue, ms. */
const lookEvery = 60_000;

/** Begins to answer once there is something to answer from. `wall` is the time of day, ms. */
export function keepRevocations(bus: Bus, listener: RevocationListener, wall: () => number): KeptRevocations {
  let revoked: Revoked | undefined;
  let gathered: Gathered | undefined;
  let seen = '';
  let newest: Membership | undefined;
  let working = false;
  let stopped = false;
  let stopAnswering: (() => void) | undefined;
  const toldStale = new Set<string>();

  const stale = (): readonly StaleList[] => gathered?.newest.filter(({ until }) => until < wall()) ?? [];
  const lookAtTime = (): void => {
    for (const list of stale()) {
      const name = `${list.owner} ${list.issuer} ${list.until}`;
      if (toldStale.has(name)) continue;
      toldStale.add(name);
      listener.revocationListStale(list);
    }
  };
  const timer = setInterval(lookAtTime, lookEvery).unref();

  const answer = (): (() => void) =>
    bus.subscribe(
      subjects.revocations,
      (payload, reply) => {
        if (revoked === undefined) return;
        const { after } = RevocationsRequest.decode(payload);
        reply?.(RevocationsPage.encode(revocationsPage(revoked, after, Math.min(pageBytes, bus.maxPayload - 1024))).finish());
      },
      policyQueue,
    );

  const put = (membership: Membership, next: Gathered): void => {
    const before = gathered;
    gathered = next;
    revoked = { version: membership.version, revoked: next.revoked };
    stopAnswering ??= answer();
    for (const problem of next.problems) if (before?.problems.includes(problem) !== true) listener.revocationListUnusable(problem);
    lookAtTime();
    const serials = [...next.revoked.values()].reduce((sum, list) => sum + list.length, 0);
    listener.revocationsChanged(membership.version, next.revoked.size, serials);
    bus.publish(subjects.changed, Changed.encode(Changed.fromPartial({ revocations: membership.version })).finish());
  };

  const work = async (): Promise<void> => {
    while (newest !== undefined && !stopped) {
      const membership: Membership = newest;
      newest = undefined;
      const print = fingerprintOf(membership);
      if (print === seen && gathered !== undefined) {
        revoked = { version: membership.version, revoked: gathered.revoked };
        continue;
      }
      const next = await gatherRevocations(membership);
      if (stopped) return;
      seen = print;
      put(membership, next);
    }
  };

  return {
    current: () => revoked,
    stale,
    follow(membership) {
      if (revoked !== undefined && membership.version === revoked.version && newest === undefined && !working) return;
      newest = membership;
      if (working) return;
      working = true;
      void work()
        .catch((thrown: unknown) => listener.failed('going through the revocation lists', thrown))
        .finally(() => {
          working = false;
        });
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      stopAnswering?.();
    },
  };
}
