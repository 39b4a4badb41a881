/** How much may wait to be stored in a stream, and for how long nothing is heard before it is said again. */
export interface PublisherOptions {
  /** Bytes of payloads kept until they are stored; beyond them the oldest that did not leave yet are dropped. */
  readonly bytes: number;
  /** Of these, bytes that left and are not known to be stored. */
  readonly inFlight: number;
  /** ms until what is not known to be stored is published again. */
  readonly retry: number;
  /** Told when NATS has stored something, and when something was dropped: the `count` it was published with. */
  stored(count: number): void;
  dropped(count: number): void;
  /** Told why nothing is stored, in words, at every answer or silence; '' when something was. */
  trouble?(why: string): void;
}

/** The way there and the answers: what the publisher needs of a connection. */
export interface PublisherLine {
  up(): boolean;
  /** Publishes with a header Nats-Msg-Id; the answer names `ticket`. */
  send(subject: string, payload: Uint8Array, id: string, ticket: number): void;
}

/** Publishes into streams that others made, bounded and acknowledged. Nobody ever waits for it. */
export interface StreamPublisher {
  /** The payload must stay as it is. `id`: the stream stores it once within its window of duplicates, however often it is published. */
  publish(subject: string, payload: Uint8Array, id: string, count?: number): void;
  /** Sum of the counts of what is not stored yet. */
  waiting(): number;
  /** Resolves when all is stored, or after so many ms. */
  finish(ms: number): Promise<void>;
  /** What is not stored counts as dropped. */
  close(): void;
}

/** A StreamPublisher without its connection: told of what happens there. */
export interface PublisherDesk extends StreamPublisher {
  /** The answer to a publish: '' when it is stored, else why not. */
  answered(ticket: number, why: string): void;
  /** The connection is there, or back: what was on its way may be lost. */
  returned(): void;
}

interface Entry {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly id: string;
  readonly count: number;
  sentAt: number;
}

const silence = 'JetStream of NATS does not answer';

/** `clock` is monotonic ms. While it is in trouble it says only the oldest again: a server that does not read must not be filled up. */
export function createPublisherDesk(options: PublisherOptions, line: PublisherLine, clock: () => number): PublisherDesk {
  let waiting: Entry[] = [];
  /** By ticket, in the order in which they left first. */
  const flying = new Map<number, Entry>();
  let tickets = 0;
  let bytes = 0;
  let flyingBytes = 0;
  let counted = 0;
  let troubled = false;
  let finished: (() => void) | undefined;

  const send = (ticket: number, entry: Entry): void => {
    entry.sentAt = clock();
    line.send(entry.subject, entry.payload, entry.id, ticket);
  };
  const pump = (): void => {
    if (troubled || !line.up()) return;
    let gone = 0;
    for (const entry of waiting) {
      if (flying.size > 0 && flyingBytes + entry.payload.length > options.inFlight) break;
      gone += 1;
      tickets += 1;
      flying.set(tickets, entry);
      flyingBytes += entry.payload.length;
      send(tickets, entry);
    }
    if (gone > 0) waiting = waiting.slice(gone);
  };
  const forget = (entry: Entry): void => {
    bytes -= entry.payload.length;
    counted -= entry.count;
  };
  const sayAgain = (): void => {
    if (line.up()) for (const [ticket, entry] of flying) send(ticket, entry);
  };
  const dropOldest = (): void => {
    let gone = 0;
    let count = 0;
    for (const entry of waiting) {
      if (bytes <= options.bytes) break;
      gone += 1;
      count += entry.count;
      forget(entry);
    }
    if (gone === 0) return;
    waiting = waiting.slice(gone);
    options.dropped(count);
  };
  const look = (): void => {
    const [oldest] = flying;
    if (oldest === undefined || !line.up()) return;
    const [ticket, entry] = oldest;
    if (clock() - entry.sentAt < options.retry) return;
    troubled = true;
    options.trouble?.(silence);
    send(ticket, entry);
  };
  const timer = setInterval(look, Math.max(10, options.retry / 4));
  timer.unref();

  return {
    waiting: () => counted,
    publish(subject, payload, id, count = 1) {
      waiting.push({ subject, payload, id, count, sentAt: 0 });
      bytes += payload.length;
      counted += count;
      pump();
      dropOldest();
    },
    answered(ticket, why) {
      const entry = flying.get(ticket);
      // Said twice, and both were answered.
      if (entry === undefined) return;
      options.trouble?.(why);
      if (why !== '') {
        troubled = true;
        return;
      }
      flying.delete(ticket);
      flyingBytes -= entry.payload.length;
      forget(entry);
      options.stored(entry.count);
      if (troubled) sayAgain();
      troubled = false;
      pump();
      if (bytes === 0) finished?.();
    },
    returned() {
      troubled = false;
      sayAgain();
      pump();
    },
    finish(ms) {
      if (bytes === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const patience = setTimeout(resolve, ms);
        finished = () => {
          clearTimeout(patience);
          resolve();
        };
      });
    },
    close() {
      clearInterval(timer);
      const lost = counted;
      waiting = [];
      flying.clear();
      bytes = 0;
      flyingBytes = 0;
      counted = 0;
      finished?.();
      if (lost > 0) options.dropped(lost);
    },
  };
}
