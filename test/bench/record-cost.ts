import { createWheel } from '@guildhall/chassis/wheel';
import type { AskAdmission } from '@guildhall/ingress/admit';
import { keptVerdict } from '@guildhall/ingress/kept-verdict';
import { createMembers } from '@guildhall/ingress/members';
import { createRecordKeeping } from '@guildhall/ingress/record-keeping';
import { createRecordUsers } from '@guildhall/ingress/record-users';
import { createRecords } from '@guildhall/ingress/records';
import { noteDecision, noteFarSide } from '@guildhall/ingress/story';
import { createTransactions, type ServerTransaction } from '@guildhall/ingress/transactions';
import type { Wire } from '@guildhall/ingress/wire';
import { Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';

/**
 * What records cost an ingress alone: CPU a transaction of the story, the record, and its part of the batch, without NATS. Run with
 * `node test/dist/bench/record-cost.js [users] [records]`: so many different users, 0: as many as records.
 */
const [users = 500, records = 400_000] = process.argv.slice(2).map(Number);

const bodies = 'x'.repeat(120);

function request(n: number): string {
  const from = users === 0 ? n : n % users;
  const to = users === 0 ? n : (n * 7) % users;
  return [
    `MESSAGE sip:bob${to}@bolt.example SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.acme.example:5061;branch=z9hG4bK${n.toString(36)}xyz`,
    'Max-Forwards: 70',
    `From: "Alice" <sip:alice${from}@acme.example>;tag=a${n}`,
    `To: <sip:bob${to}@bolt.example>`,
    `Call-ID: ${n.toString(16)}-5b1e-4bd0-9f3c@proxy.acme.example`,
    'CSeq: 1 MESSAGE',
    'Content-Type: text/plain',
    `Content-Length: ${bodies.length}`,
    '',
    bodies,
  ].join('\r\n');
}

const members = createMembers(1_000_000);
const wire: Wire = {
  id: 'w1',
  member: members.of('acme'),
  source: '192.0.2.1:40000',
  open: true,
  inFlight: 0,
  hasRoom: () => true,
  hold: () => undefined,
  release: () => undefined,
  text: () => undefined,
  bytes: () => undefined,
};
const verdict = keptVerdict(
  Verdict.fromPartial({ action: VerdictAction.FORWARD, member: 'bolt', code: 'allowed', rule: 'agreement acme bolt', sentence: 'yes' }),
  'acme',
  { freshUntil: 0, staleUntil: 0 },
);
const admission: AskAdmission = {
  kind: 'ask',
  peer: 'acme',
  fromDomain: 'acme.example',
  toDomain: 'bolt.example',
  toMember: '',
  method: 'MESSAGE',
  event: '',
  target: '',
  usage: '',
  token: undefined,
  secure: false,
  loop: 1,
};

let published = 0;
const keeping = createRecordKeeping({
  ingress: 'ingress-1',
  epoch: 'abcdefghij',
  subject: 'none',
  batchCount: 2_000,
  batchBytes: 512 * 1024,
  users: withKey(),
  counts: { made: 0, stored: 0, dropped: 0 },
  publisher: {
    publish(_subject, payload) {
      published += payload.length;
    },
    waiting: () => 0,
    finish: () => Promise.resolve(),
    close: () => undefined,
  },
  clock: () => performance.now(),
  wall: () => Date.now(),
});

function withKey() {
  const made = createRecordUsers('hashed');
  made.learn(Buffer.alloc(32, 1));
  return made;
}

const kept = createRecords({ epoch: 'abcdefghij', add: keeping.add });
const wheel = createWheel<ServerTransaction>({ slotMs: 100, slots: 64 }, () => undefined);
const transactions = createTransactions({ trying: 3_500, final: 25_000, timerC: 200_000, acknowledge: 32_000 }, wheel);

/** As many as are in flight at once: their objects are used again, so that what is measured is not how they are collected. */
const underWay = Array.from({ length: 64 }, (_, n) => {
  const message = parseMessage(Buffer.from(request(n), 'latin1'), defaultLimits);
  const transaction = transactions.open(`transaction ${n}`, message, wire, 0);
  transaction.target = 'bolt';
  return transaction;
});

/** ns of CPU a request that is read, and with its record or without: what lies in the caches is then what lies there in an ingress. */
function round({ bytes, ends }: Batch, recorded: boolean): number {
  const began = process.cpuUsage();
  let start = 0;
  for (const [n, end] of ends.entries()) {
    const message = parseMessage(bytes, defaultLimits, start, end);
    start = end;
    const transaction = underWay[n % underWay.length];
    if (transaction === undefined) continue;
    if (recorded) {
      // What was there before it is answered now.
      noteFarSide(transaction.story, 'relay-1', 'sip.bolt.example:5061', 120, 900, 1);
      kept.finished(transaction, 200, false, undefined, 420, 1.5);
    }
    transaction.request = message;
    if (recorded) {
      transaction.story = kept.begin(message, admission);
      noteDecision(transaction.story, verdict, 0.01);
    }
  }
  if (recorded) keeping.flush();
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1000) / ends.length;
}

/** Requests end to end, as they come from a socket. */
interface Batch {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
}

function batchFrom(first: number, count: number): Batch {
  const ends: number[] = [];
  let text = '';
  for (let n = 0; n < count; n += 1) {
    text += request(first + n);
    ends.push(text.length);
  }
  return { bytes: Buffer.from(text, 'latin1'), ends };
}

const size = 2_000;
const costs: { on: number[]; off: number[] } = { on: [], off: [] };
const batches = Array.from({ length: 20 }, (_, n) => batchFrom(n * size, size));
for (let n = 0; n < records; n += size) {
  const batch = batches[(n / size) % batches.length] ?? batchFrom(0, size);
  const order = (n / size) % 2 === 0;
  for (const recorded of [order, !order]) (recorded ? costs.on : costs.off).push(round(batch, recorded));
}

/** Of the rounds after the first quarter. */
function part(all: readonly number[], which: number): number {
  const warm = all.slice(all.length / 4).sort((a, b) => a - b);
  return warm[Math.floor(warm.length * which)] ?? 0;
}

const difference = (which: number): string => (part(costs.on, which) - part(costs.off, which)).toFixed(0);
const bytes = (published / keeping.counts.made).toFixed(1);
const without = part(costs.off, 0.5).toFixed(0);
console.log(
  `${users} users, ${records} records: a record costs ${difference(0.5)} ns (quarter of the rounds ${difference(0.25)}), beside ${without} ns for the rest; ${bytes} bytes`,
);
