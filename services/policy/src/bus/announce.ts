import type { Bus } from '@guildhall/chassis/bus';
import { Changed } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';

/** More members touched by one change are told as everybody. */
const mostTouched = 1000;

/** Tells everyone what to ask anew: what concerns these members, or everything. */
export type Announce = (version: bigint, members: ReadonlySet<string>, all: boolean) => void;

/** Every instance announces what it has put in force itself, so that whoever asks a slower one first asks again. */
export function announcer(bus: Bus): Announce {
  return (version, members, all) => {
    const everybody = all || members.size > mostTouched;
    bus.publish(
      subjects.changed,
      Changed.encode({ version, members: everybody ? [] : [...members], all: everybody, revocations: 0n }).finish(),
    );
  };
}
