import { createWheel } from '@guildhall/chassis/wheel';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { createMembers, type Members } from './members.js';
import { createTransactions, type ServerTransaction, type Transactions, transactionKey } from './transactions.js';
import type { Wire } from './wire.js';

/** A wire that keeps what is written to it. */
export interface FakeWire extends Wire {
  readonly written: string[];
  /** What `hasRoom` says. */
  room: boolean;
  /** Nothing is read from it now. */
  held: boolean;
}

/** Transactions whose time is a number that tests set. */
export interface Table {
  readonly transactions: Transactions;
  readonly members: Members;
  readonly expired: ServerTransaction[];
  wire(member: string): FakeWire;
  open(text: string, wire: Wire, now?: number): ServerTransaction;
  /** Lets time pass to `now`. */
  pass(now: number): void;
}

/** Final 25 s, Timer C 200 s, ACK 32 s; of accepted INVITEs so many are known. */
export function transactionTable(mostAccepted?: number): Table {
  const members = createMembers(100);
  const expired: ServerTransaction[] = [];
  const wheel = createWheel<ServerTransaction>({ slotMs: 100, slots: 64 }, (transaction) => expired.push(transaction));
  wheel.advance(0);
  const transactions = createTransactions({ trying: 3_500, final: 25_000, timerC: 200_000, acknowledge: 32_000 }, wheel, mostAccepted);
  return {
    transactions,
    members,
    expired,
    wire(id) {
      const member = members.of(id);
      const written: string[] = [];
      const wire: FakeWire = {
        id: `w${member.wires.length}`,
        member,
        source: '192.0.2.1:5061',
        open: true,
        inFlight: 0,
        room: true,
        held: false,
        hasRoom: () => wire.room,
        hold() {
          wire.held = true;
        },
        release() {
          wire.held = false;
        },
        written,
        text: (message) => void written.push(message),
        bytes: (from, start, end) => void written.push(from.toString('latin1', start, end)),
      };
      member.wires.push(wire);
      return wire;
    },
    open(text, wire, now = 0) {
      const request = message(text);
      return transactions.open(transactionKey(request, wire.member.id), request, wire, now);
    },
    pass: (now) => wheel.advance(now),
  };
}

/** A message from its text on the wire. Throws SipError. */
export function message(text: string): Message {
  return parseMessage(Buffer.from(text, 'latin1'), defaultLimits);
}
