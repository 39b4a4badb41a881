import { subjects } from '@guildhall/proto/subjects';
import type { Member } from './members.js';
import type { Wire } from './wire.js';
import type { WireBatches } from './wires.js';

/** Links that relays dialled and over which requests came in (RFC 5923): remembered so that the answers find back. */
export interface RelayWires {
  /** The wire a relay calls `id`; undefined when the relay's id or the wire's cannot be. */
  of(relay: string, id: string, member: Member, source: string): Wire | undefined;
  /**
   * Ends the wires of relays that `alive` does not know. One with open requests stays, since its relay may be back before the answers are. They take no other
   * connection meanwhile: a relay that is only cut off answers by itself, and its member would hear two. One that is dead took its links with it, and
   * whoever waited on one knows.
   */
  prune(alive: (relay: string) => boolean): void;
  size(): number;
}

const idShape = /^[A-Za-z0-9_-]{1,64}$/;
const longestWireId = 128;

interface RelayWire extends Wire {
  readonly relay: string;
}

/** Remembers at most `most`; the ones unused for longest are forgotten first, those with open requests excepted. `opened` is told of each new one. */
export function createRelayWires(batches: WireBatches, most: number, opened: (wire: Wire) => void = ignore): RelayWires {
  const table = new Map<string, RelayWire>();

  const makeRoom = (): void => {
    for (const [key, wire] of table) {
      if (table.size < most) return;
      if (wire.inFlight > 0) continue;
      wire.open = false;
      table.delete(key);
    }
  };

  return {
    size: () => table.size,
    of(relay, id, member, source) {
      const key = `${relay} ${id} ${member.id}`;
      const known = table.get(key);
      if (known !== undefined) {
        // To the end of the line of those to be forgotten.
        table.delete(key);
        table.set(key, known);
        return known;
      }
      if (!idShape.test(relay) || id === '' || id.length > longestWireId) return undefined;
      if (table.size >= most) makeRoom();
      if (table.size >= most) return undefined;
      const made = relayWire(relay, id, member, source, batches);
      table.set(key, made);
      opened(made);
      return made;
    },
    prune(alive) {
      for (const [key, wire] of table) {
        const isThere = alive(wire.relay);
        wire.open = isThere || wire.inFlight > 0;
        if (!isThere && wire.inFlight === 0) table.delete(key);
      }
    },
  };
}

function ignore(): void {}

function relayWire(relay: string, id: string, member: Member, source: string, batches: WireBatches): RelayWire {
  const subject = subjects.depart('relay', relay);
  return {
    relay,
    id,
    member,
    source,
    open: true,
    answersAlone: true,
    inFlight: 0,
    // The relay that holds it bounds what waits there.
    hasRoom: () => true,
    // Its link is shared with what the member answers there.
    hold: () => undefined,
    release: () => undefined,
    text: (message) => batches.text(subject, id, member.id, source, message),
    bytes: (from, start, end) => batches.bytes(subject, id, member.id, source, from, start, end),
  };
}
