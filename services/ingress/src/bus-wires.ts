import { type ReasonCode, reasons } from '@guildhall/proto/reason';
import { Header } from '@guildhall/proto/sip/header-name';
import { roomyLimits, type SipLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValue, type Message } from '@guildhall/proto/sip/message';
import { readMessage } from '@guildhall/proto/sip/read-message';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { subjects } from '@guildhall/proto/subjects';
import type { Answers } from './answers.js';
import { type Counts, countMessage } from './counts.js';
import { type Member, type Members, noteOwed } from './members.js';
import type { Records } from './records.js';
import { refuseBroken } from './refusing.js';
import type { RelayWires } from './relay-wires.js';
import type { Relays } from './relays.js';
import { createToldLately, type ToldAnswers } from './told-answers.js';
import type { Wire } from './wire.js';
import { isAsked, noAsks, noteAnswer, noteAsk, type WireAsks } from './wire-asks.js';
import { readWires, type WireBatches, type WireEntry } from './wires.js';

/** For so long after it wrote to a member a relay may wait for an answer, ms: Timer C, begun anew by each provisional response. */
const answerTime = 600_000;

/** Messages whose connection another process of the hub holds, or handles (RFC 5923). */
export interface BusWires {
  /** "These came in on a link I dialled": requests to be admitted like any others. */
  arrived(payload: Uint8Array): void;
  /** "Write these on your wire": requests for members that cannot be dialled. */
  depart(payload: Uint8Array): void;
  /** A response came in on one of our connections: it belongs to the relay that owns the member, or to one that did when it asked. */
  response(message: Message, wire: Wire): void;
  /** One that must not be passed on for this came in: who waits for it is told so, as far as it says who that is. */
  broken(message: Message, wire: Wire, error: SipError): void;
  /** Whether something of a relay's was written to a wire, and whether an answer to that may still come. */
  wroteTo(wire: Wire): boolean;
  isAsked(wire: Wire): boolean;
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
  readonly records: Records;
  /** Monotonic ms. */
  clock(): number;
  /** Undefined: it is not known yet who is. */
  isMember(id: string): boolean | undefined;
  /** Whether nothing new is taken: members are asked nothing any more over their connections here. */
  refuses(): boolean;
  request(message: Message, wire: Wire): void;
}

/** Ingress's side of both conversations (wire.proto). */
export function createBusWires(desk: BusWiresDesk): BusWires {
  const { counts, members, batches, clock } = desk;
  /** When each relay wrote to a member here last, monotonic ms: who owned it before still waits for what it asked. */
  const writers = new WeakMap<Member, Map<string, number>>();
  const written = new WeakMap<Wire, WireAsks>();
  const toldLately = createToldLately(batches.kept, clock);
  /** Subjects by relay, so that none is composed for each message, and lists of that relay alone. */
  const subjectOf = new Map<string, string>();
  const alone = new Map<string, readonly string[]>();
  const onlyOwner = (owner: string | undefined): readonly string[] => {
    if (owner === undefined) return nobody;
    let list = alone.get(owner);
    if (list === undefined) {
      list = [owner];
      alone.set(owner, list);
    }
    return list;
  };

  /** `told`: what was answered lately, where a relay says something again. */
  const arrive = (relay: string, entry: WireEntry, told: ToldAnswers | undefined): void => {
    const fitting = readMessage(entry.bytes, desk.limits);
    const message = fitting instanceof SipError ? readMessage(entry.bytes, roomyLimits) : fitting;
    if (message instanceof SipError || message.status !== 0) {
      counts.brokenBatches += 1;
      return;
    }
    // Its transaction is over: taken once more it would be another, with another branch.
    const answer = told?.to(entry.wire, message);
    if (answer !== undefined) {
      batches.bytes(subjects.depart('relay', relay), entry.wire, entry.member, entry.source, answer, 0, answer.length);
      return;
    }
    const isMember = desk.isMember(entry.member);
    if (isMember !== true) {
      refuse(relay, message, entry, isMember === undefined ? 'hub-unavailable' : 'unknown-peer');
      return;
    }
    const wire = desk.relayWires.of(relay, entry.wire, members.of(entry.member), entry.source);
    if (wire === undefined) {
      counts.lostArrivals += 1;
      refuse(relay, message, entry, 'hub-overloaded');
    } else if (fitting instanceof SipError) {
      const answer = refuseBroken(desk, fitting, message, wire);
      if (answer !== '') wire.text(answer);
    } else {
      desk.request(message, wire);
    }
  };

  /** Says no to who is no member, or has no wire here. */
  const refuse = (relay: string, message: Message, { wire, member: peer, source }: WireEntry, code: ReasonCode): void => {
    if (message.method === 'ACK') return;
    const refusal = { status: reasons[code].status, code, sentence: reasons[code].about, header: '' };
    const serial = desk.records.serial();
    const answer = desk.answers.refusal(message, { source }, refusal, serial);
    countMessage(counts, message.method, refusal.status, false);
    desk.records.refused(message, { peer, source }, refusal.status, refusal, serial, answer.length, clock());
    batches.text(subjects.depart('relay', relay), wire, peer, source, answer);
  };

  /** Says in the place of a member that cannot be written to that its relay is to try elsewhere. */
  const sendBack = (relay: string, { member, bytes }: WireEntry): void => {
    const request = readMessage(bytes, roomyLimits);
    if (request instanceof SipError || request.method === 'CANCEL' || !canAnswer(request)) return;
    batches.text(subjects.arrived('relay', relay), '', member, '', writeResponse(request, 503, {}));
  };

  /** A 502 in the place of an answer that cannot be passed on; '' where it does not say to what it is one, or is none that is waited for. */
  const badAnswer = (answer: Message, { member }: Wire, error: SipError): string => {
    if (answer.status < 200 || firstHeader(answer, Header.via) < 0) return '';
    try {
      const why = error.code === 'message-too-large' ? 'is larger than the hub passes on' : 'could not be understood';
      return writeResponse(answer, 502, { headers: [`Reason: SIP;cause=502;text="bad-gateway: the answer of ${member.id} ${why}"`] });
    } catch (error) {
      if (error instanceof SipError) return '';
      throw error;
    }
  };

  /** Who may wait for what came in on a wire: the relay that owns its member, and those that wrote to it before. */
  const askers = (wire: Wire): readonly string[] => {
    const owner = desk.relays.ownerId(wire.member.id);
    const asked = writers.get(wire.member);
    if (asked === undefined || (asked.size === 1 && owner !== undefined && asked.has(owner))) return onlyOwner(owner);
    const now = clock();
    for (const [relay, at] of asked) if (now - at > answerTime) asked.delete(relay);
    return [...onlyOwner(owner), ...[...asked.keys()].filter((relay) => relay !== owner)];
  };

  const noteAnswered = (message: Message, wire: Wire): void => {
    const asks = written.get(wire);
    if (asks !== undefined && !isToCancel(message)) noteAnswer(asks);
  };

  const noteWriter = (member: Member, relay: string, now: number): void => {
    const known = writers.get(member);
    if (known === undefined) writers.set(member, new Map([[relay, now]]));
    else known.set(relay, now);
  };

  const handOn = (relay: string, message: Message, wire: Wire): void => {
    let subject = subjectOf.get(relay);
    if (subject === undefined) {
      subject = subjects.arrived('relay', relay);
      subjectOf.set(relay, subject);
    }
    batches.bytes(subject, wire.id, wire.member.id, wire.source, message.buffer, message.start, message.end);
  };

  return {
    arrived(payload) {
      const batch = readWires(payload);
      if (batch === undefined || batch.from.service !== 'relay' || !idShape.test(batch.from.id)) {
        counts.brokenBatches += 1;
        return;
      }
      const { id, again } = batch.from;
      const told = again === true ? toldLately.on(subjects.depart('relay', id)) : undefined;
      if (told === undefined) toldLately.tidy();
      for (const entry of batch.entries) arrive(id, entry, told);
    },
    depart(payload) {
      const batch = readWires(payload);
      if (batch === undefined) {
        counts.brokenBatches += 1;
        return;
      }
      const relay = batch.from.service === 'relay' && idShape.test(batch.from.id) ? batch.from.id : '';
      const now = clock();
      for (const entry of batch.entries) {
        const { wire: id, member, bytes } = entry;
        const isNew = opens(bytes);
        // Who does not read is not written to: that would break its connection, and the answers it waits for with it.
        const wire =
          isNew && desk.refuses()
            ? undefined
            : members.find(member)?.wires.find((one) => one.open && (id === '' || one.id === id) && one.hasRoom());
        if (wire === undefined) {
          counts.lostDepartures += 1;
          if (relay !== '') sendBack(relay, entry);
          continue;
        }
        noteOwed(wire.member);
        const known = written.get(wire);
        const asks = known ?? noAsks(now);
        if (known === undefined) written.set(wire, asks);
        if (isNew) noteAsk(asks, now);
        if (relay !== '') noteWriter(wire.member, relay, now);
        wire.bytes(bytes, 0, bytes.length);
      }
    },
    wroteTo: (wire) => written.has(wire),
    isAsked(wire) {
      const asks = written.get(wire);
      return asks !== undefined && isAsked(asks, clock());
    },
    response(message, wire) {
      if (message.status >= 200) noteAnswered(message, wire);
      const relays = askers(wire);
      if (relays.length === 0) counts.lostArrivals += 1;
      for (const relay of relays) handOn(relay, message, wire);
    },
    broken(message, wire, error) {
      if (message.status >= 200) noteAnswered(message, wire);
      const text = badAnswer(message, wire, error);
      if (text === '') return;
      for (const relay of askers(wire)) batches.text(subjects.arrived('relay', relay), wire.id, wire.member.id, wire.source, text);
    },
  };
}

const idShape = /^[A-Za-z0-9_-]{1,64}$/;

const nobody: readonly string[] = [];

/** Whether a request is one that has an answer of its own: CANCEL's is that of its INVITE. */
function opens(bytes: Buffer): boolean {
  return !startsWith(bytes, ack) && !startsWith(bytes, cancel);
}

const ack = Buffer.from('ACK ');
const cancel = Buffer.from('CANCEL ');

function startsWith(bytes: Buffer, word: Buffer): boolean {
  for (let at = 0; at < word.length; at += 1) if (bytes[at] !== word[at]) return false;
  return true;
}

function isToCancel(response: Message): boolean {
  const cseq = firstHeader(response, Header.cseq);
  return cseq >= 0 && headerValue(response, cseq).endsWith('CANCEL');
}
