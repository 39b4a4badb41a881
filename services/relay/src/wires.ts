import type { Bus } from '@guildhall/chassis/bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import { reasons } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import type { Answers } from './answers.js';
import type { Events } from './events.js';
import type { Link } from './member.js';
import { addMessage, eachWire, readWires, type WireSender } from './wire-batch.js';

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

/** `ingresses`: ids of those that are there. The one that owns a link gets its requests; without one they are refused (503). */
export function createWires(
  bus: Bus,
  ingresses: () => readonly string[],
  sender: WireSender,
  linkOf: (id: string) => Link | undefined,
  limits: SipLimits,
  events: Events,
): Wires {
  const refuse = (m: Message, link: Link): void => {
    if (m.method === 'ACK' || !canAnswer(m)) return;
    const headers = [`Retry-After: ${retryAfter}`, 'Reason: SIP;cause=503;text="hub-unavailable"'];
    link.write(writeResponse(m, reasons['hub-unavailable'].status, { toTag: link.id, headers }), nothing, 0, 0);
  };
  return {
    request(m, link, source) {
      // One link always enters at the same ingress: its requests stay in order.
      const ingress = ownerOf(link.id, ingresses());
      if (ingress === undefined || !bus.connected()) {
        refuse(m, link);
        return;
      }
      events.arrivals += 1;
      addMessage(sender, ingress, { wire: link.id, member: link.member, source }, m);
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
