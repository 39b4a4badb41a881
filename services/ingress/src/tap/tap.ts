import type { Message } from '@guildhall/proto/sip/message';
import type { Wire } from '../wire.js';
import { callIdOf, headEnd, withoutCredentials } from './head-cut.js';
import type { HepExport } from './hep-export.js';
import { type HepEnd, hepEnd, nowhere } from './hep-packet.js';
import type { KeptHeads } from './kept-heads.js';

/** Sees whole messages on their way in and out of this ingress, for those who look for a fault. */
export interface Tap {
  /** Whether anybody looks: to be asked once a message that came, and nothing else is done where it is false. */
  on: boolean;
  /** A member sent this. Only while `on`. */
  came(message: Message, wire: Wire): void;
  /** While somebody looks, what is written to this wire is seen too; while nobody does, writing to it costs nothing more. Once a wire. */
  follow(wire: Wire): void;
  /** Whether heads of this dialog are kept; false at once while `on` is. */
  isMarked(callId: string): boolean;
}

/** Who looks. */
export interface TapSinks {
  readonly hep: Pick<HepExport, 'send'> | undefined;
  /** Whole messages go to the capture server, not their heads alone. */
  readonly bodies: boolean;
  readonly kept: KeptHeads | undefined;
  /** Wall time, ms. */
  wall(): number;
}

/** A tap, and how it is told now and then that who looks may have changed. */
export interface TapControl extends Tap {
  review(): void;
}

/** How a wire is written to. */
type Writing = Pick<Wire, 'text' | 'bytes'>;

/** The hub's own answers begin so; what else it writes as text are its signs of life, whose answers nobody passes on. */
const answerStart = 'SIP/2.0 ';

/** On while there is a capture server or somebody's heads are kept. */
export function createTap({ hep, bodies, kept, wall }: TapSinks): TapControl {
  /** The two ends of each connection, read once. */
  const ends = new WeakMap<Wire, { readonly far: HepEnd; readonly near: HepEnd }>();
  const endsOf = (wire: Wire): { readonly far: HepEnd; readonly near: HepEnd } => {
    const known = ends.get(wire);
    if (known !== undefined) return known;
    const made = { far: hepEnd(wire.source), near: wire.local === undefined ? nowhere : hepEnd(wire.local) };
    ends.set(wire, made);
    return made;
  };

  const capture = (bytes: Buffer, start: number, end: number, wire: Wire, inbound: boolean): void => {
    if (hep === undefined) return;
    const { far, near } = endsOf(wire);
    const until = headEnd(bytes, start, end);
    const head = withoutCredentials(bytes.subarray(start, until));
    hep.send({
      from: inbound ? far : near,
      to: inbound ? near : far,
      at: wall(),
      callId: callIdOf(bytes, start, until),
      payload: bodies ? Buffer.concat([head, bytes.subarray(until, end)]) : head,
    });
  };

  const went = (bytes: Buffer, start: number, end: number, wire: Wire): void => {
    capture(bytes, start, end, wire, false);
    kept?.went(bytes, start, end, wire);
  };

  /** How the wires were written to that may have to be seen: they are as they were while nobody looks. */
  const followed = new Map<Wire, Writing>();

  const see = (wire: Wire, { text, bytes }: Writing): void => {
    wire.text = (message) => {
      if (wire.open && message.startsWith(answerStart)) {
        const written = Buffer.from(message, 'latin1');
        went(written, 0, written.length, wire);
      }
      text(message);
    };
    wire.bytes = (from, start, end) => {
      if (wire.open) went(from, start, end, wire);
      bytes(from, start, end);
    };
  };

  const tap: TapControl = {
    on: hep !== undefined,
    review() {
      const on = hep !== undefined || kept?.watching() === true;
      const changed = on !== tap.on;
      tap.on = on;
      for (const [wire, writing] of followed) {
        if (!wire.open) followed.delete(wire);
        else if (changed && on) see(wire, writing);
        else if (changed) Object.assign(wire, writing);
      }
    },
    isMarked: (callId) => tap.on && kept?.isMarked(callId) === true,
    came(message, wire) {
      capture(message.buffer, message.start, message.end, wire, true);
      kept?.came(message, wire);
    },
    follow(wire) {
      // Without either nobody will ever look.
      if (hep === undefined && kept === undefined) return;
      const { text, bytes } = wire;
      const writing = { text, bytes };
      followed.set(wire, writing);
      if (tap.on) see(wire, writing);
    },
  };
  tap.review();
  return tap;
}
