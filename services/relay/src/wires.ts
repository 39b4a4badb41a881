import type { Bus } from '@guildhall/chassis/bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { Turn } from '@guildhall/chassis/turn';
import type { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { reasons } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { subjects } from '@guildhall/proto/subjects';
import type { Answers } from './answers.js';
import type { Events } from './events.js';
import type { Link } from './member.js';
import { addMessage, createWireSender, eachWire, type LostWires, readWires, type Self, type WireSender } from './wire-batch.js';

/** Connections whose ends are handled by different processes (RFC 5923). */
export interface Wires {
  /** A request came in on a link we dialled: an ingress admits it like any other. */
  request(m: Message, link: Link, source: string): void;
  /** An ingress answers such a request: bytes for one of our links. */
  depart(payload: Uint8Array): void;
  /** Responses that came in on connections an ingress accepted. */
  arrived(payload: Uint8Array, answers: Answers): void;
}

const nothing = Buffer.alloc(0);

/** Seconds after which a refused request may be tried again. */
const retryAfter = 2;

/** `ingresses`: ids of those that are there. The one that owns a link gets its requests, or where nobody hears them there another; without one they are refused (503). */
export function createWires(
  bus: Bus,
  turn: Turn,
  self: Self,
  ingresses: () => readonly string[],
  linkOf: (id: string) => Link | undefined,
  limits: SipLimits,
  clock: () => number,
  events: Events,
): Wires {
  const refuse = (m: Message, link: Link): void => {
    if (m.method === 'ACK' || !canAnswer(m)) return;
    const headers = [`Retry-After: ${retryAfter}`, 'Reason: SIP;cause=503;text="hub-unavailable"'];
    link.write(writeResponse(m, reasons['hub-unavailable'].status, { toTag: link.id, headers }), nothing, 0, 0);
  };
  /** Nobody heard these: `elsewhere` says who else may, and hands them on. */
  const each = (batch: WireBatch, elsewhere: (link: Link, bytes: Buffer) => boolean): void =>
    eachWire(batch, (wire, _member, bytes) => {
      const link = linkOf(wire);
      if (link?.isUp() === true && !elsewhere(link, bytes)) refuse(parseMessage(bytes, limits), link);
    });
  const senderWith = (lost: LostWires['lost']): WireSender =>
    createWireSender(bus, turn, self, (ingress) => subjects.arrived('ingress', ingress), { lost, clock });
  const second = senderWith((_ingress, batch) => each(batch, () => false));
  const first = senderWith((ingress, batch) => {
    const others = ingresses().filter((id) => id !== ingress);
    each(batch, ({ id: wire, member, address: source }, bytes) => {
      const other = ownerOf(wire, others);
      if (other !== undefined) second.add(other, { wire, member, source }, '', bytes, 0, bytes.length);
      return other !== undefined;
    });
  });

  return {
    request(m, link, source) {
      // One link always enters at the same ingress: its requests stay in order.
      const ingress = ownerOf(link.id, ingresses());
      if (ingress === undefined || !bus.connected()) {
        refuse(m, link);
        return;
      }
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
        const link = linkOf(wire);
        if (link === undefined || link.member !== member || !link.isUp() || !link.hasRoom()) {
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
        let m: Message;
        try {
          m = parseMessage(bytes, limits);
        } catch {
          events.badAnswers += 1;
          return;
        }
        if (m.status === 0) events.strays += 1;
        else answers.response(m, member, undefined);
      });
    },
  };
}
