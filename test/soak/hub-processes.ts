import { residentMiB } from '../bench/usage.js';
import type { Hub } from '../stage/hub.js';

/** Resident memory in MiB by process of a hub, such as "ingress-1" or "nats-server". */
export type Resident = ReadonlyMap<string, number>;

/** Reads it from /proc; every service of the hub must run in a process of its own. */
export function residentOf({ ingresses, relays, policies, nats }: Hub): Resident {
  const services = [...ingresses, ...relays, ...policies].map((one) => [one.id, residentMiB(one.pid())] as const);
  return new Map([...services, ['nats-server', residentMiB(nats.pid())]]);
}

/** The least of each process over `seconds`, looked at every second: what is not garbage. */
export async function restingOf(hub: Hub, seconds: number): Promise<Resident> {
  const least = new Map(residentOf(hub));
  for (let second = 0; second < seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const [name, mib] of residentOf(hub)) least.set(name, Math.min(mib, least.get(name) ?? mib));
  }
  return least;
}
