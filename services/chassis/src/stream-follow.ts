import type { Consumer, JsMsg } from '@nats-io/jetstream';
import type { StreamFacts, StreamMessage } from './stream-reader.js';

/** How a stream is followed. */
export interface FollowOptions {
  /** Where to begin, asked once, when the stream is there. */
  readonly from: (facts: StreamFacts) => Promise<number> | number;
  /** Called for each message in order, synchronously. */
  readonly heard: (message: StreamMessage) => void;
  /** So many messages were gone from the stream before they could be read. */
  readonly missed: (count: number) => void;
  /** The stream is another one than before: places begin anew. */
  readonly anew: () => void;
  /** Why nothing can be read, in words, whenever that changes; '' when something can. */
  readonly trouble: (why: string) => void;
  /** How the stream stands, at each look: about once a second. */
  readonly looked?: (facts: StreamFacts) => void;
}

/** A stream that is followed. */
export interface Following {
  /** The place that is read next; 0 before the beginning is known. */
  next(): number;
  stop(): Promise<void>;
}

/** What following needs of NATS. */
export interface FollowNeeds {
  facts(): Promise<StreamFacts | undefined>;
  consumer(from: number): Promise<Consumer>;
  messageOf(message: JsMsg): StreamMessage;
}

const lookMs = 1000;
/** Messages that are on their way at a time: they may all be in memory. */
const atOnce = 64;
/** Looks at which something was there to be read and nothing came, before a consumer is taken for dead. */
const patientLooks = 5;

/** Follows a stream until it is stopped: a consumer that dies, a server that is away or comes back empty only make it begin again where it was. */
export function followStream(needs: FollowNeeds, options: FollowOptions): Following {
  const ending = new AbortController();
  let next = 0;
  let made = '';
  let why: string | undefined;

  const tell = (now: string): void => {
    if (now === why) return;
    why = now;
    options.trouble(now);
  };
  const hear = (raw: JsMsg): void => {
    const message = needs.messageOf(raw);
    if (message.sequence < next) return;
    if (message.sequence > next) options.missed(message.sequence - next);
    next = message.sequence + 1;
    options.heard(message);
  };
  const begin = async (facts: StreamFacts): Promise<void> => {
    if (next === 0) next = Math.max(await options.from(facts), facts.first, 1);
    else if (isAnother(facts)) {
      next = Math.max(facts.first, 1);
      options.anew();
    }
    made = facts.made;
  };
  const isAnother = (facts: StreamFacts): boolean => facts.made !== made || facts.last + 1 < next;
  /** Reads until the consumer ends, or has to. */
  const readOn = async (): Promise<void> => {
    const consumer = await needs.consumer(next);
    const messages = await consumer.consume({ max_messages: atOnce, expires: 10_000, idle_heartbeat: 2000, callback: hear });
    let over = false;
    const closed = messages.closed().then(() => {
      over = true;
    });
    try {
      let stuck = 0;
      for (let at = next; !over && !ending.signal.aborted; at = next) {
        await Promise.race([closed, pause(ending.signal)]);
        const facts = await needs.facts();
        if (facts === undefined || isAnother(facts)) return;
        options.looked?.(facts);
        tell('');
        stuck = facts.last >= next && at === next ? stuck + 1 : 0;
        if (stuck >= patientLooks) return;
      }
    } finally {
      await messages.close();
      if (!ending.signal.aborted) void consumer.delete().catch(() => undefined);
    }
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        const facts = await needs.facts();
        if (facts === undefined) tell('there is no such stream yet');
        else {
          await begin(facts);
          tell('');
          options.looked?.(facts);
          await readOn();
          continue;
        }
      } catch (thrown) {
        tell(thrown instanceof Error ? thrown.message : String(thrown));
      }
      await pause(ending.signal);
    }
  };
  const running = run();

  return {
    next: () => next,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

function pause(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, lookMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
