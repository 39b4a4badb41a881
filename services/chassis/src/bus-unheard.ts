import { createInbox, type NatsConnection } from '@nats-io/transport-node';

/** What a message is published with by somebody who wants to know if there was nobody to hear it. Made once, for as many messages as one likes. */
export interface Unheard {
  /** The reply subject that only NATS itself answers. */
  readonly reply: string;
  /** Ends it: nothing is told afterwards. */
  close(): void;
}

/** Makes what `publish` takes; `listener` is called once a message that nobody heard, perhaps after `close` of others. */
export type MakeUnheard = (listener: () => void) => Unheard;

/** The status with which nats-server answers a message with a reply subject that has no subscriber. */
const noResponders = 503;

/**
 * One subscription for all reply subjects of a connection, made at the first. nats-server answers at once and by itself, in order
 * with everything else it sends here: the cheapest way to know that a process is gone. Reply subjects are below `prefixOfAll`; Each is
 * counted in `failures`; `threw` is told of a listener's exception.
 */
export function createUnheard(
  connection: NatsConnection,
  prefixOfAll: string,
  failures: { unheard: number },
  threw: (thrown: unknown) => void,
): MakeUnheard {
  const listeners = new Map<string, () => void>();
  let prefix = '';
  let count = 0;

  const listen = (): string => {
    const inbox = createInbox(prefixOfAll);
    connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error !== null || message.headers?.code !== noResponders) return;
        failures.unheard += 1;
        try {
          listeners.get(message.subject)?.();
        } catch (thrown) {
          threw(thrown);
        }
      },
    });
    return inbox;
  };

  return (listener) => {
    if (prefix === '') prefix = listen();
    count += 1;
    const reply = `${prefix}.${count}`;
    listeners.set(reply, listener);
    return { reply, close: () => void listeners.delete(reply) };
  };
}
