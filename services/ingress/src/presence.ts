import type { Job, Turn } from '@guildhall/chassis/turn';
import { Presence } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { subjects } from '@guildhall/proto/subjects';

/** Tells the relays which members that cannot be dialled are connected here. */
export interface PresenceAnnouncer {
  /** Something may have changed for a member: told at the end of the turn. */
  touch(member: string): void;
  /** A connection to which relays had something written is gone. Where the member has another, it is told as connected once more: then they know. */
  lost(member: string): void;
  /** Tells everything. */
  announce(): void;
}

/** Who announces, and what is so now. */
export interface PresenceLink {
  readonly id: string;
  readonly epoch: string;
  readonly turn: Turn;
  publish(subject: string, payload: Uint8Array): void;
  /** Whether a member has an open connection here and cannot be dialled. */
  present(member: string): boolean;
  /** All members with a connection here. */
  connected(): Iterable<string>;
}

/** An announcer that has told nothing yet. */
export function createPresence(link: PresenceLink): PresenceAnnouncer {
  /** What the relays were told last. */
  let told = new Set<string>();
  const touched = new Set<string>();
  const lost = new Set<string>();
  const send = (full: boolean, connected: string[], left: string[]): void =>
    link.publish(subjects.present, Presence.encode({ ingress: link.id, epoch: link.epoch, full, connected, left }).finish());

  const delta: Job = {
    queued: false,
    run() {
      const connected = [...touched].filter((member) => link.present(member) && (!told.has(member) || lost.has(member)));
      const left = [...touched].filter((member) => !link.present(member) && told.has(member));
      touched.clear();
      lost.clear();
      for (const member of connected) told.add(member);
      for (const member of left) told.delete(member);
      if (connected.length > 0 || left.length > 0) send(false, connected, left);
    },
  };

  const touch = (member: string): void => {
    touched.add(member);
    link.turn.later(delta);
  };

  return {
    touch,
    lost(member) {
      lost.add(member);
      touch(member);
    },
    announce() {
      told = new Set([...link.connected()].filter((member) => link.present(member)));
      send(true, [...told], []);
    },
  };
}
