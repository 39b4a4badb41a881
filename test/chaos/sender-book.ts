import type { ResponseSink } from '../bench/response-scan.js';
import { countOne, createColumn } from './columns.js';
import type { ConnectionEntry, SenderBook } from './party-protocol.js';

/** What a sender writes down while it sends. All moments are of moment.ts. */
export interface SenderBookkeeping extends ResponseSink {
  /** Takes the next numbers, `count` of them, for requests to `peer` (counted in `peers`) on a connection; gives the first. */
  sent(count: number, peer: number, connection: number, at: number): number;
  /** The moment of the answers that follow. */
  now(at: number): void;
  /** Opens an entry for a connection to this port and gives its number. */
  opened(port: number, at: number): number;
  closed(connection: number, end: 'closed' | 'broken', at: number): void;
  heldBack(count: number): void;
  trouble(words: string): void;
  /** How many have no final answer though their connection is open. */
  unanswered(): number;
  book(): SenderBook;
}

interface Entry {
  readonly port: number;
  readonly openedAt: number;
  closedAt: number;
  end: ConnectionEntry['end'];
}

/** Where the hub writes why it answers itself (RFC 3326): `Reason: SIP;cause=504;text="no-answer: …"`. */
const reasonField = '\r\nReason: SIP;';
const reasonText = ';text="';

/** @param run part of every Call-ID of this sender @param peers domains it sends to; grows */
export function createSenderBook(run: string, peers: readonly string[]): SenderBookkeeping {
  const peer = createColumn((length) => new Uint8Array(length));
  const sentAt = createColumn((length) => new Float64Array(length));
  const answeredAt = createColumn((length) => new Float64Array(length));
  const status = createColumn((length) => new Uint16Array(length));
  const reason = createColumn((length) => new Uint8Array(length));
  const times = createColumn((length) => new Uint8Array(length));
  const lane = createColumn((length) => new Uint32Array(length));
  const columns = [peer, sentAt, answeredAt, status, reason, times, lane];
  const reasons: string[] = [];
  const connections: Entry[] = [];
  const troubles = new Set<string>();
  const retryAfter = { given: 0, missing: 0 };
  let count = 0;
  let heldBack = 0;
  let strays = 0;
  let now = 0;
  /** All before it have their answer. */
  let settled = 0;

  const reasonNumber = (code: string): number => {
    const known = reasons.indexOf(code);
    return known >= 0 ? known + 1 : reasons.push(code);
  };

  return {
    sent(more, to, connection, at) {
      const from = count;
      count += more;
      for (const column of columns) column.reach(count - 1);
      peer.array.fill(to, from, count);
      sentAt.array.fill(at, from, count);
      lane.array.fill(connection, from, count);
      return from;
    },
    now(at) {
      now = at;
    },
    response(code, number, text, at, end) {
      if (code < 200) return;
      if (!(number >= 0 && number < count)) {
        strays += 1;
        return;
      }
      countOne(times.array, number);
      if (times.array[number] !== 1) return;
      answeredAt.array[number] = now;
      status.array[number] = code;
      if (code < 300) return;
      const field = text.indexOf(reasonField, at);
      if (field >= 0 && field < end) {
        const words = text.indexOf(reasonText, field) + reasonText.length;
        reason.array[number] = reasonNumber(text.slice(words, Math.min(text.indexOf(':', words), text.indexOf('"', words))));
      }
      if (code !== 503) return;
      const field503 = text.indexOf('\r\nRetry-After: ', at);
      if (field503 >= 0 && field503 < end) retryAfter.given += 1;
      else retryAfter.missing += 1;
    },
    broken: (text) => void troubles.add(`not a response: ${JSON.stringify(text)}`),
    trouble: (words) => void troubles.add(words),
    opened: (port, at) => connections.push({ port, openedAt: at, closedAt: 0, end: '' }) - 1,
    closed(connection, end, at) {
      const entry = connections[connection];
      if (entry === undefined || entry.end !== '') return;
      entry.closedAt = at;
      entry.end = end;
    },
    heldBack(more) {
      heldBack += more;
    },
    unanswered() {
      while (settled < count && times.array[settled] !== 0) settled += 1;
      let open = 0;
      for (let number = settled; number < count; number += 1)
        if (times.array[number] === 0 && connections[lane.array[number] ?? 0]?.end === '') open += 1;
      return open;
    },
    book: () => ({
      run,
      peers,
      count,
      peer: peer.array.slice(0, count),
      sentAt: sentAt.array.slice(0, count),
      answeredAt: answeredAt.array.slice(0, count),
      status: status.array.slice(0, count),
      reason: reason.array.slice(0, count),
      reasons,
      times: times.array.slice(0, count),
      connection: lane.array.slice(0, count),
      connections,
      retryAfter,
      heldBack,
      strays,
      troubles: [...troubles],
    }),
  };
}
