import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { helloServices, subjects } from '@guildhall/proto/subjects';
import type { Bus } from './bus.js';
import { createSilence, hearingKey, mayHear, mostInstances } from './hearing.js';
import { readHello } from './hello.js';
import { countKnown, type Known, list, type Missed, type Service } from './roster-known.js';

/** A process of the hub as its last hello told. */
export interface Instance {
  readonly service: string;
  readonly id: string;
  readonly epoch: string;
  readonly draining: boolean;
  /** Transactions in flight; follows the hellos without `onChange`. */
  readonly load: number;
  /** How often its connection to NATS came back: what was on its way to or from it then may be lost. */
  readonly returns: number;
}

/** Who of the hub's processes is there: is heard, and hears. Knows this process itself from the start. */
export interface Roster {
  /** Instances of a service heard of lately that take new work, by id. The same array until something changes. */
  fresh(service: string): readonly Instance[];
  /** The ids of `fresh(service)`, in the same order, for `ownerOf`. The same array until something changes. */
  freshIds(service: string): readonly string[];
  /** Like `fresh`, but draining ones too. */
  every(service: string): readonly Instance[];
  /** Called after an instance of `service` came, left, went stale, started to drain, restarted or came back to NATS. Returns how to stop. */
  onChange(listener: (service: string) => void): () => void;
  /**
   * Nobody heard what was said to this incarnation of an instance: it is taken off at once, and taken back when it has come back to NATS,
   * or says hello later than what may still have been on its way (`intervalMs`). Not so where this process is itself just back at NATS and
   * nobody else of that service is yet: then it is waited for.
   */
  miss(service: string, id: string, epoch: string): void;
  /** Tells everyone, at once and from now on, that this process takes nothing new. */
  drain(): void;
  /** What the hello reports as transactions in flight. */
  setLoad(read: () => number): void;
  /** True while another process says hello under this one's service and id: a readiness reason, since both get each other's messages. */
  contested(): boolean;
  /** Counted since the start, for meters. */
  readonly counts: Readonly<RosterCounts>;
  /** A last hello that says draining, then silence. */
  close(): void;
}

/** What a roster did not believe, and whom it took off by itself. */
export interface RosterCounts {
  /** Instances taken off because nobody heard what was said to them. */
  missed: number;
  /** Instances taken off because nothing was heard of them for too long. */
  stale: number;
  /** Instances taken off because they are heard and do not hear. */
  deaf: number;
  /** Hellos that cannot be read, name no instance, or are not of the service on whose subject they came. */
  malformedHellos: number;
  foreignHellos: number;
}

/** This process; `epoch` is from `newEpoch`. */
export interface Self {
  service: string;
  id: string;
  epoch: string;
}

/** Who is new is answered with a hello of our own, at most this often. */
const answerMs = 50;

/**
 * Says hello every `intervalMs` and takes an instance off `staleMs` after its last hello, both by this process's own
 * monotonic clock. While the bus is down nobody goes stale; when it is back everyone has twice that to be back too.
 *
 * A cluster of nats-servers may let through one direction only (a server whose disk is full may stop reading another's route). So each hello says
 * whom its process hears, and who has not heard this one for twice `staleMs` is taken off until it does: on a busy machine either may be late, and
 * to hear and be heard takes both. Where nobody hears it, or half of the others fall silent at once, this process goes to another server.
 */
export function createRoster(bus: Bus, self: Self, timing: { intervalMs?: number; staleMs?: number }, clock: () => number): Roster {
  const { intervalMs = 500, staleMs = 1500 } = timing;
  // Two ticks a hello, so that one who died is noticed at most half an interval after it went stale.
  const tickMs = intervalMs / 2;
  const services = new Map<string, Service>();
  const listeners = new Set<(service: string) => void>();
  const missed = new Map<string, Missed>();
  const counts: RosterCounts = { missed: 0, stale: 0, deaf: 0, malformedHellos: 0, foreignHellos: 0 };
  const fellSilent = createSilence(2 * intervalMs, 20 * staleMs);
  const ownKey = hearingKey(self.service, self.id, self.epoch);
  let returns = 0;
  let draining = false;
  let readLoad = () => 0;
  let lastSent = Number.NEGATIVE_INFINITY;
  let lastTick = clock();
  let contestedUntil = Number.NEGATIVE_INFINITY;

  const serviceOf = (name: string): Service => {
    const existing = services.get(name);
    if (existing !== undefined) return existing;
    const made: Service = { known: new Map(), fresh: [], ids: [], every: [] };
    services.set(name, made);
    return made;
  };

  const changed = (name: string): void => {
    list(serviceOf(name));
    for (const listener of [...listeners]) listener(name);
  };

  const alive = { heard: 0, listed: 0, deaf: false, awaited: false, unheard: false };
  const own: Known = { ...self, ...alive, draining: false, load: 0, returns: 0, key: ownKey };

  const send = (): void => {
    lastSent = clock();
    own.load = Math.min(Math.max(0, Math.trunc(readLoad())), 0xffffffff);
    const hears = [...services.values()].flatMap(({ known }) => Array.from(known.values(), ({ key }) => key));
    bus.publish(subjects.hello(self.service, self.id), Hello.encode({ ...self, draining, load: own.load, returns, hears }).finish());
  };

  const isMissed = (key: string, epoch: string, times: number): boolean => {
    const one = missed.get(key);
    if (one === undefined) return false;
    if (one.epoch === epoch && one.returns === times && clock() < one.until) return true;
    missed.delete(key);
    return false;
  };

  /** `of`: the service whose subject it came on, which NATS lets only that one use. */
  const heard = (of: string, payload: Uint8Array): void => {
    const hello = readHello(payload);
    if (hello === undefined) {
      counts.malformedHellos += 1;
      return;
    }
    const { service: name, id, epoch, load, returns: times } = hello;
    if (name !== of) {
      counts.foreignHellos += 1;
      return;
    }
    if (name === self.service && id === self.id) {
      if (epoch !== self.epoch && !hello.draining) contestedUntil = clock() + staleMs;
      return;
    }
    if (isMissed(`${name} ${id}`, epoch, times)) return;
    const before = services.get(name)?.known.get(id);
    if (before === undefined && countKnown(services) >= mostInstances) return;
    if (before?.epoch === epoch && before.draining === hello.draining && before.returns === times && !before.unheard) {
      before.heard = clock();
      before.load = load;
      if (before.awaited) isBack(name, before);
      listen(before, hello.hears);
      return;
    }
    // Never away itself, as far as it knows, and yet it did not hear: only who sees it go and come says that again.
    if (before?.unheard === true && before.returns === times) takeOff(before);
    const told = { service: name, id, epoch, draining: hello.draining, load, returns: times, key: hearingKey(name, id, epoch) };
    const stays = before?.epoch === epoch && before.returns === times ? before : undefined;
    const now: Known = { ...alive, ...told, heard: clock(), listed: stays?.listed ?? clock(), deaf: stays?.deaf ?? false };
    serviceOf(name).known.set(id, now);
    changed(name);
    if (before?.epoch !== epoch && clock() - lastSent >= answerMs) send();
    isBack(name, now);
  };

  const listen = (instance: Known, hears: readonly number[]): void => {
    const now = clock();
    if (mayHear(hears, ownKey)) instance.listed = now;
    // This process stood still, so nobody could hear it; the next tick allows for that.
    else if (now - lastTick > 2 * tickMs) return;
    const deaf = now - instance.listed >= 2 * staleMs;
    if (deaf === instance.deaf) return;
    instance.deaf = deaf;
    if (deaf) counts.deaf += 1;
    changed(instance.service);
    if (deaf && others().every((one) => one.deaf)) bus.elsewhere();
  };

  const takeOff = ({ service: name, id }: Known): void => {
    serviceOf(name).known.delete(id);
    changed(name);
  };

  const miss = (instance: Known): void => {
    const { service: name, id, epoch } = instance;
    if (instance.awaited && [...serviceOf(name).known.values()].every((one) => one.awaited || one.draining)) {
      instance.unheard = true;
      return;
    }
    missed.set(`${name} ${id}`, { epoch, returns: instance.returns, until: clock() + intervalMs });
    counts.missed += 1;
    takeOff(instance);
  };

  /** Somebody can take over from those that were missed and are still awaited. */
  const isBack = (name: string, instance: Known): void => {
    instance.awaited = false;
    for (const one of [...serviceOf(name).known.values()]) if (one.awaited && one.unheard) miss(one);
  };

  const others = (): readonly Known[] =>
    [...services.values()].flatMap(({ known }) => [...known.values()].filter((instance) => instance !== own));

  const sweep = (now: number): void => {
    const gone = others().filter((instance) => now - instance.heard >= staleMs);
    counts.stale += gone.length;
    for (const { service, id } of gone) serviceOf(service).known.delete(id);
    for (const name of new Set(gone.map((instance) => instance.service))) changed(name);
    // Who drains says so, and then nothing.
    if (fellSilent(now, gone.filter((instance) => !instance.draining).length, others().length)) bus.elsewhere();
  };

  const tick = (): void => {
    const now = clock();
    const late = now - lastTick - tickMs;
    lastTick = now;
    // This process stood still: hellos that came meanwhile are not read yet.
    if (late > tickMs) {
      for (const instance of others()) {
        instance.heard += late;
        instance.listed += late;
      }
      for (const one of missed.values()) one.until += late;
    }
    if (bus.connected()) sweep(now);
    for (const [key, one] of missed) if (now - one.until >= staleMs) missed.delete(key);
    if (now - lastSent >= intervalMs - tickMs / 2) send();
  };

  serviceOf(self.service).known.set(self.id, own);
  changed(self.service);
  const stops = helloServices.map((name) => bus.subscribe(subjects.hellos(name), (payload) => heard(name, payload)));
  const forgetBus = bus.onConnected((up) => {
    if (!up) return;
    const now = clock();
    for (const instance of others()) {
      instance.heard = now + staleMs;
      instance.listed = now + staleMs;
      instance.awaited = true;
    }
    // Who was missed was missed by way of a server that is not ours any more.
    missed.clear();
    returns = (returns + 1) >>> 0;
    own.returns = returns;
    send();
  });
  const timer = setInterval(tick, tickMs);
  timer.unref();
  send();

  const startDrain = (): void => {
    if (draining) return;
    draining = true;
    own.draining = true;
    changed(self.service);
    send();
  };

  return {
    fresh: (service) => services.get(service)?.fresh ?? [],
    freshIds: (service) => services.get(service)?.ids ?? [],
    every: (service) => services.get(service)?.every ?? [],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    miss(service, id, epoch) {
      const instance = services.get(service)?.known.get(id);
      if (instance !== undefined && instance !== own && instance.epoch === epoch) miss(instance);
    },
    counts,
    drain: startDrain,
    setLoad(read) {
      readLoad = read;
    },
    contested: () => clock() < contestedUntil,
    close() {
      clearInterval(timer);
      for (const stop of stops) stop();
      forgetBus();
      listeners.clear();
      startDrain();
    },
  };
}
