import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
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

/** Instances that make the same stream with different limits at the same moment look again so often. */
const looks = 5;
/** JetStream's error code for a stream of that name with another configuration. */
const nameInUse = 10_058;

/**
 * Makes a stream, or gives one that is there these limits. Several instances may do so at once. Where the server has not that much room, it leaves half
 * of what there is to the streams that are made after it; one that is there stays as large as it is. Resolves to the bytes it may hold. Rejects with the
 * error of the NATS library.
 */
export async function openStream(connection: NatsConnection, options: StreamOptions): Promise<number> {
  const manager = await jetstreamManager(connection);
  for (let left = looks; ; left -= 1) {
    const there = await found(manager, options.name);
    try {
      return there === undefined ? await make(manager, options) : await adjust(manager, there, options);
    } catch (thrown) {
      if (left <= 0 || !(await isMadeByOthers(manager, options.name, there, thrown))) throw thrown;
    }
  }
}

/** Whether what failed did so because others have made the same stream meanwhile: they may also have taken the room for it. */
async function isMadeByOthers(
  manager: JetStreamManager,
  name: string,
  before: StreamConfig | undefined,
  thrown: unknown,
): Promise<boolean> {
  if (thrown instanceof JetStreamApiError && thrown.code === nameInUse) return true;
  return before === undefined && lacksRoom(thrown) && (await found(manager, name)) !== undefined;
}

async function found(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (thrown) {
    if (thrown instanceof JetStreamApiError && thrown.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw thrown;
  }
}

async function make(manager: JetStreamManager, options: StreamOptions): Promise<number> {
  for (let bytes = options.maxBytes; ; bytes = Math.max(leastBytes, Math.floor(bytes / 2))) {
    const config = wanted({ ...options, maxBytes: bytes });
    try {
      await makeSettled(
        () => manager.streams.info(config.name),
        adding(manager, config),
        async () => isLed(await manager.streams.info(config.name)),
      );
    } catch (thrown) {
      if (bytes <= leastBytes || !lacksRoom(thrown)) throw thrown;
      continue;
    }
    const half = Math.floor(bytes / 2);
    if (bytes === options.maxBytes || half < leastBytes) return bytes;
    await manager.streams.update(config.name, { ...config, max_bytes: half });
    return half;
  }
}

/**
 * Adds a stream, and may be called again. COMPAT nats-server 2.9: it wants as much room once more for one that is there, before it sees that it is the
 * same.
 */
function adding(manager: JetStreamManager, config: Parameters<JetStreamManager['streams']['add']>[0]): () => Promise<StreamInfo> {
  let made: StreamInfo | undefined;
  return async () => {
    try {
      made = await manager.streams.add(config);
    } catch (thrown) {
      if (made === undefined || !lacksRoom(thrown)) throw thrown;
    }
    return made;
  };
}

/** It stays on as many servers as it is. To take what room there is by and by would leave none to others. */
async function adjust(manager: JetStreamManager, there: StreamConfig, options: StreamOptions): Promise<number> {
  const config = wanted(options);
  if (!differs(there, config)) return there.max_bytes;
  try {
    await manager.streams.update(config.name, { ...there, ...config, num_replicas: there.num_replicas });
    return options.maxBytes;
  } catch (thrown) {
    if (there.max_bytes >= options.maxBytes || !lacksRoom(thrown)) throw thrown;
  }
  const kept = { ...config, max_bytes: there.max_bytes };
  if (differs(there, kept)) await manager.streams.update(config.name, { ...there, ...kept, num_replicas: there.num_replicas });
  return there.max_bytes;
}

/** In a cluster it is said that there are no suitable servers, and why. */
function lacksRoom(thrown: unknown): boolean {
  return jetStreamTrouble(thrown) === 'full' || (thrown instanceof JetStreamApiError && /insufficient/i.test(thrown.message));
}

function differs(there: StreamConfig, config: Partial<StreamConfig>): boolean {
  return (
    there.max_age !== config.max_age || there.max_bytes !== config.max_bytes || there.subjects.join() !== (config.subjects ?? []).join()
  );
}
