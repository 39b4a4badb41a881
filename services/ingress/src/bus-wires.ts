import { reasons } from '@guildhall/proto/reason';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { subjects } from '@guildhall/proto/subjects';
import type { Answers } from './answers.js';
import { type Counts, countMessage } from './counts.js';
import { type Members, noteOwed } from './members.js';
import type { Records } from './records.js';
import type { RelayWires } from './relay-wires.js';
import type { Relays } from './relays.js';
import type { Wire } from './wire.js';
import { readWires, type WireBatches, type WireEntry } from './wires.js';

/** Messages whose connection another process of the hub holds, or handles (RFC 5923). */
export interface BusWires {
  /** "These came in on a link I dialled": requests to be admitted like any others. */
  arrived(payload: Uint8Array): void;
  /** "Write these on your wire": requests for members that cannot be dialled. */
  depart(payload: Uint8Array): void;
  /** A response came in on one of our connections: it belongs to the relay that owns the member. */
  response(message: Message, wire: Wire): void;
}

/** What handling them takes. */
export interface BusWiresDesk {
  readonly limits: SipLimits;
  readonly members: Members;
  readonly relays: Relays;
  readonly relayWires: RelayWires;
  readonly batches: WireBatches;
  readonly answers: Answers;
  readonly counts: Counts;
  readonly records: Pick<Records, 'serial' | 'refused'>;
  /** Monotonic ms. */
  clock(): number;
  isMember(id: string): boolean;
  request(message: Message, wire: Wire): void;
}

/** Ingress's side of both conversations (wire.proto). */
export function createBusWires(desk: BusWiresDesk): BusWires {
  const { counts, members, batches } = desk;
  /** Subjects by relay, so that none is composed for each message. */
  const subjectOf = new Map<string, string>();

  const arrive = (relay: string, entry: WireEntry): void => {
    const message = read(entry.bytes, desk.limits);
    if (message === undefined || message.status !== 0) {
      counts.brokenBatches += 1;
      return;
    }
    if (!desk.isMember(entry.member)) {
      if (message.method !== 'ACK')
        batches.text(subjects.depart('relay', relay), entry.wire, entry.member, entry.source, refuseStranger(message, entry));
      return;
    }
    const wire = desk.relayWires.of(relay, entry.wire, members.of(entry.member), entry.source);
    if (wire === undefined) counts.lostArrivals += 1;
    else desk.request(message, wire);
  };

  /** The answer to who is no member. */
  const refuseStranger = (message: Message, { member: peer, source }: WireEntry): string => {
    const refusal = { status: 403, code: 'unknown-peer', sentence: reasons['unknown-peer'].about, header: '' } as const;
    const serial = desk.records.serial();
    const answer = desk.answers.refusal(message, { source }, refusal, serial);
    countMessage(counts, message.method, refusal.status, false);
    desk.records.refused(message, { peer, source }, refusal.status, refusal, serial, answer.length, desk.clock());
    return answer;
  };

  return {
    arrived(payload) {
      const batch = readWires(payload);
      if (batch === undefined || batch.from.service !== 'relay' || !idShape.test(batch.from.id)) counts.brokenBatches += 1;
      else for (const entry of batch.entries) arrive(batch.from.id, entry);
    },
    depart(payload) {
      const batch = readWires(payload);
      if (batch === undefined) {
        counts.brokenBatches += 1;
        return;
      }
      for (const { wire: id, member, bytes } of batch.entries) {
        // Who does not read is not written to: that would break its connection, and the answers it waits for with it.
        const wire = members.find(member)?.wires.find((one) => one.open && (id === '' || one.id === id) && one.hasRoom());
        if (wire === undefined) {
          counts.lostDepartures += 1;
          continue;
        }
        noteOwed(wire.member);
        wire.bytes(bytes, 0, bytes.length);
      }
    },
    response(message, wire) {
      const owner = desk.relays.ownerId(wire.member.id);
      if (owner === undefined) {
        counts.lostArrivals += 1;
        return;
      }
      let subject = subjectOf.get(owner);
      if (subject === undefined) {
        subject = subjects.arrived('relay', owner);
        subjectOf.set(owner, subject);
      }
      batches.bytes(subject, wire.id, wire.member.id, wire.source, message.buffer, message.start, message.end);
    },
  };
}

const idShape = /^[A-Za-z0-9_-]{1,64}$/;

function read(bytes: Buffer, limits: SipLimits): Message | undefined {
  try {
    return parseMessage(bytes, limits);
  } catch {
    return undefined;
  }
}
