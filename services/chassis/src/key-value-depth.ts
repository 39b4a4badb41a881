import { jetstreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

/**
 * Lets a bucket that was made to keep fewer revisions of a key keep as many as are wanted. Resolves to how many it keeps: not
 * being allowed to change it is no reason not to use it.
 */
export async function deepened(connection: NatsConnection, store: KV, history: number): Promise<number> {
  const { streamInfo } = await store.status();
  const keeps = streamInfo.config.max_msgs_per_subject;
  if (keeps >= history) return keeps;
  return jetstreamManager(connection)
    .then((manager) => manager.streams.update(streamInfo.config.name, { ...streamInfo.config, max_msgs_per_subject: history }))
    .then(
      (info) => info.config.max_msgs_per_subject,
      () => keeps,
    );
}
