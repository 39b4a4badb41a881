import type { Bus } from '@guildhall/chassis/bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import { createSlices } from '@guildhall/chassis/slices';
import type { Turn } from '@guildhall/chassis/turn';
import type { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import { roomyLimits, type SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { readMessage } from '@guildhall/proto/sip/read-message';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { subjects } from '@guildhall/proto/subjects';
import type { Answers } from './answers.js';
import { createEntrusted, type Entrusted, type EntrustedDesk } from './entrusted.js';
import { createEntrustedCancels, type HolderName } from './entrusted-cancels.js';
import type { Events } from './events.js';
import type { Link } from './member.js';
import type { BudgetLimits } from './queue.js';
import { addMessage, createWireSender, eachWire, type LostWires, readWires, type Self, type WireSender } from './wire-batch.js';

/** Connections whose ends are handled by different processes (RFC 5923). */
export interface Wires extends Pick<Entrusted, 'owes' | 'waiting' | 'busIs' | 'tend' | 'leave'> {
  /** A request came in on a link we dialled: an ingress admits it like any other. */
  request(m: Message, link: Link, source: string): void;
  /** Nothing new is taken from links any more. */
  refuseNew(): void;
  /** An ingress answers such a request: bytes for one of our links. */
  depart(payload: Uint8Array): void;
  /** Responses that came in on connections an ingress accepted. */
  arrived(payload: Uint8Array, answers: Answers): void;
}

/** What wires are made with. */
export interface WiresDesk {
  readonly bus: Bus;
  readonly turn: Turn;
  readonly self: Self;
  /** Ids of the ingresses that take new work. The one that owns a link gets its requests, or where nobody hears them there another; without one they are refused (503). */
  ingresses(): readonly string[];
  readonly instanceOf: EntrustedDesk['instanceOf'];
  linkOf(id: string): Link | undefined;
  readonly limits: SipLimits;
  /** Requests of links that may wait for an ingress's answer, and their bytes. */
  readonly room: BudgetLimits;
  /** Monotonic ms. */
  clock(): number;
  readonly events: Events;
}

const nothing = Buffer.alloc(0);

/** Seconds after which a refused request may be tried again. */
const retryAfter = 2;

/** ms of a turn for the answers to what an ingress had that is gone, of which there may be thousands. */
const answersATurn = 3;

/** A request of a link that is answered in the place of who has it. */
interface Orphan {
  readonly link: Link;
  readonly bytes: Buffer;
  readonly holder: HolderName;
}

/** The relay's side of both conversations (wire.proto). */
export function createWires({ bus, turn, self, linkOf, limits, clock, events, ...desk }: WiresDesk): Wires {
  let isClosing = false;

  const refuse = (m: Message, link: Link, code: ReasonCode, again = `Retry-After: ${retryAfter}`): void => {
    if (m.method === 'ACK' || !canAnswer(m)) return;
    const { status, about } = reasons[code];
    const headers = [`Reason: SIP;cause=${status};text="${code}: ${about}"`, ...(again === '' ? [] : [again])];
    link.write(writeResponse(m, status, { toTag: link.id, headers }), nothing, 0, 0);
  };
  const senderWith = (lost: LostWires['lost'], again = false): WireSender =>
    createWireSender(bus, turn, self, (ingress) => subjects.arrived('ingress', ingress), { lost, clock, again });

  const cancelling = senderWith(() => undefined);
  const cancels = createEntrustedCancels({
    most: desk.room.count,
    epochOf: (ingress) => (bus.connected() ? desk.instanceOf(ingress)?.epoch : undefined),
    say: (link, ingress, text) => cancelling.add(ingress, wireOf(link), '', text, 0, text.length),
  });
  const orphans = createSlices<Orphan>(turn, answersATurn, clock, ({ link, bytes, holder }) => {
    const m = parseMessage(bytes, limits);
    // Whether it went on from there nobody knows. Without Retry-After its sender takes a 503 for a 500, and does not turn away from the hub (RFC 3261 21.5.4).
    refuse(m, link, 'hub-unavailable', '');
    cancels.take(m, link, holder, clock());
  });
  const entrusted = createEntrusted({
    room: desk.room,
    instanceOf: desk.instanceOf,
    again: (link, ingress, bytes) => repeats.add(ingress, wireOf(link), '', bytes, 0, bytes.length),
    answer(link, bytes, why, holder) {
      if (why === 'lost') {
        orphans.take({ link, bytes, holder });
        return;
      }
      const m = parseMessage(bytes, limits);
      refuse(m, link, 'hub-draining');
      cancels.take(m, link, holder, clock());
    },
    given: events.entrustedLost,
  });

  /** Nobody heard these: whoever else may gets those that still wait, or they are refused. */
  const each = (batch: WireBatch, otherOf: (link: Link) => string | undefined): void =>
    eachWire(batch, (wire, _member, bytes) => {
      const link = linkOf(wire);
      if (link === undefined) return;
      const other = otherOf(link);
      const m = parseMessage(bytes, limits);
      if (!entrusted.unheard(m, link, other, clock()) || !link.isUp()) return;
      if (other === undefined) refuse(m, link, 'hub-unavailable');
      else second.add(other, wireOf(link), '', bytes, 0, bytes.length);
    });
  const second = senderWith((_ingress, batch) => each(batch, () => undefined));
  const first = senderWith((ingress, batch) => {
    const others = desk.ingresses().filter((id) => id !== ingress);
    each(batch, (link) => ownerOf(link.id, others));
  });
  // What an ingress heard before is nobody else's, whether it hears it again or not.
  const repeats = senderWith(() => undefined, true);

  return {
    owes: entrusted.owes,
    waiting: entrusted.waiting,
    busIs: entrusted.busIs,
    tend(now) {
      entrusted.tend(now);
      cancels.tend(now);
    },
    leave: entrusted.leave,
    refuseNew() {
      isClosing = true;
    },
    request(m, link, source) {
      if (m.method === 'CANCEL' && cancels.covers(m, link)) {
        // The INVITE has its final response, so this has no effect (RFC 3261 9.2), and goes to nobody who may not know it.
        link.write(writeResponse(m, 200, { toTag: link.id }), nothing, 0, 0);
        return;
      }
      // One link always enters at the same ingress: its requests stay in order.
      const ingress = entrusted.follows(m, link) ?? ownerOf(link.id, desk.ingresses());
      if (ingress === '') return;
      if (ingress === undefined || !bus.connected()) {
        refuse(m, link, 'hub-unavailable');
        return;
      }
      if (isClosing && m.method !== 'ACK' && m.method !== 'CANCEL') {
        refuse(m, link, 'hub-draining');
        return;
      }
      const taken = entrusted.take(m, link, ingress, clock());
      if (taken === 'full') refuse(m, link, 'hub-overloaded');
      if (taken !== 'taken') return;
      events.arrivals += 1;
      addMessage(first, ingress, { wire: link.id, member: link.member, source }, m);
    },
    depart(payload) {
      const batch = readWires(payload);
      if (batch === undefined) {
        events.wireBatchesBad += 1;
        return;
      }
      eachWire(batch, (wire, member, bytes) => {
        if (cancels.answered(batch.id, wire, bytes)) return;
        const link = linkOf(wire);
        if (link === undefined || link.member !== member || !entrusted.answers(link, bytes) || !link.isUp() || !link.hasRoom()) {
          events.departuresLost += 1;
          return;
        }
        events.departures += 1;
        link.write('', bytes, 0, bytes.length);
      });
    },
    arrived(payload, answers) {
      const batch = readWires(payload);
      if (batch === undefined) {
        events.wireBatchesBad += 1;
        return;
      }
      eachWire(batch, (_wire, member, bytes) => {
        const fitting = readMessage(bytes, limits);
        const m = fitting instanceof SipError ? readMessage(bytes, roomyLimits) : fitting;
        if (m instanceof SipError) events.badAnswers += 1;
        else if (m.status === 0) events.strays += 1;
        else if (fitting instanceof SipError) answers.broken(m, member, undefined, fitting);
        else answers.response(m, member, undefined);
      });
    },
  };
}

function wireOf({ id: wire, member, address: source }: Link) {
  return { wire, member, source };
}
