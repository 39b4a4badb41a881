import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { isLed, jetStreamTrouble, makeSettled } from './jetstream-trouble.js';

/** A JetStream stream that others publish into and that forgets what is old. */
export interface StreamOptions {
  readonly name: string;
  readonly subjects: readonly string[];
  /** ms after which something is forgotten. */
  readonly maxAge: number;
  /** Bytes beyond which the oldest is forgotten. */
  readonly maxBytes: number;
  /** Default: what the configuration of the bus says. */
  readonly replicas?: number;
}

/** ms in which something that is published twice, with the same Nats-Msg-Id, is stored once. */
const duplicates = 120_000;
/** A server with little room for streams is asked for half as much, and half of that, but not for less bytes. */
const leastBytes = 4 * 1024 * 1024;

function wanted({ name, subjects, maxAge, maxBytes, replicas = 1 }: StreamOptions): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [...subjects],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    max_age: nanos(maxAge),
    max_bytes: maxBytes,
    duplicate_window: nanos(Math.min(duplicates, maxAge)),
    num_replicas: replicas,
    // A direct answer goes to whatever subject its asker names, also into the buckets of others.
    allow_direct: false,
  };
}

/**
 * Makes a stream, or gives one that is there these limits. Several instances may do so at once. Resolves to the bytes it may hold, which is less
 * than asked for where the server has not that much room. Rejects with the error of the NATS library.
 */
export async function openStream(connection: NatsConnection, options: StreamOptions): Promise<number> {
  const manager = await jetstreamManager(connection);
  for (let bytes = options.maxBytes; ; bytes = Math.max(leastBytes, Math.floor(bytes / 2))) {
    try {
      await made(manager, wanted({ ...options, maxBytes: bytes }));
      return bytes;
    } catch (thrown) {
      if (bytes <= leastBytes || !lacksRoom(thrown)) throw thrown;
    }
  }
}

/** In a cluster it is said that there are no suitable servers, and why. */
function lacksRoom(thrown: unknown): boolean {
  return jetStreamTrouble(thrown) === 'full' || (thrown instanceof JetStreamApiError && /insufficient/i.test(thrown.message));
}

async function made(manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  const there = await manager.streams.info(config.name).catch((thrown: unknown) => {
    if (thrown instanceof JetStreamApiError && thrown.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw thrown;
  });
  if (there === undefined) {
    await makeSettled(
      () => manager.streams.info(config.name),
      () => manager.streams.add(config),
      async () => isLed(await manager.streams.info(config.name)),
    );
  } else if (differs(there.config, config)) {
    // It stays on as many servers as it is.
    await manager.streams.update(config.name, { ...there.config, ...config, num_replicas: there.config.num_replicas });
  }
}

function differs(there: StreamConfig, config: Partial<StreamConfig>): boolean {
  return (
    there.max_age !== config.max_age || there.max_bytes !== config.max_bytes || there.subjects.join() !== (config.subjects ?? []).join()
  );
}
