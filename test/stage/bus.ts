import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Hub } from './hub.js';

/** A stranger on the hub's bus who got hold of a password: says and overhears whatever it likes. */
export interface Intruder {
  /** Publishes, with a reply subject where one is given; resolves when the server has it. */
  say(subject: string, payload: Uint8Array, reply?: string): Promise<void>;
  /** Asks and gives the answer, or undefined when none came within `patience` ms. */
  ask(subject: string, payload: Uint8Array, patience?: number): Promise<Uint8Array | undefined>;
  /** Everything that went over subjects of this pattern since. */
  overhear(pattern: string): Promise<readonly Msg[]>;
  close(): Promise<void>;
}

/** Connects to a hub's NATS as the services do. */
export async function intrude(hub: Pick<Hub, 'nats'>): Promise<Intruder> {
  const { url, user, password } = hub.nats;
  const connection: NatsConnection = await connect({ servers: url.split(','), user, pass: password, reconnect: false });
  return {
    async say(subject, payload, reply) {
      connection.publish(subject, payload, reply === undefined ? {} : { reply });
      await connection.flush();
    },
    async ask(subject, payload, patience = 500) {
      try {
        return (await connection.request(subject, payload, { timeout: patience })).data;
      } catch {
        return undefined;
      }
    },
    async overhear(pattern) {
      const heard: Msg[] = [];
      connection.subscribe(pattern, {
        callback(error, message) {
          if (error === null) heard.push(message);
        },
      });
      await connection.flush();
      return heard;
    },
    close: () => connection.close(),
  };
}
