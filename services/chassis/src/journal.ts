import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { Fault } from './fault.js';
import { isLed, type JetStreamTrouble, jetStreamTrouble, makeSettled, troubleText, untilThere } from './jetstream-trouble.js';
import type { StoreNeeds } from './key-value.js';

/** One record of a journal. Places count from 1 without gaps; a gap means that somebody took records out. */
export interface JournalRecord {
  readonly place: number;
  readonly value: Uint8Array;
}

/** A JetStream stream that is only ever added to, one record behind the other. Every call rejects with a JournalError. */
export interface Journal {
  /** The last record, or undefined while there is none. */
  last(): Promise<JournalRecord | undefined>;
  /** Adds a record behind the place `after` (0: as the first), else `conflict`. Returns its place once it is stored. */
  append(value: Uint8Array, after: number): Promise<number>;
  /** Records of the places from `from` on, at most `most` places, in order; taken-out ones are missing. */
  read(from: number, most: number): Promise<JournalRecord[]>;
}

/** Why a journal refused: somebody else added first, there is no server to ask, it has no room left, or something else. */
export class JournalError extends Error {
  readonly code: JetStreamTrouble;

  constructor(code: JetStreamTrouble, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JournalError';
    this.code = code;
  }
}

/** Records asked for at the same time. */
const readAtOnce = 32;

/**
 * Opens a journal, or makes it: on disk, never thinned out, and its records cannot be taken out over the API. Throws a Fault
 * `bus-no-jetstream` or `bus-journal`.
 */
export async function openJournal(
  connection: NatsConnection,
  options: { readonly stream: string; readonly subject: string; readonly replicas?: number },
  { connected, note, log }: Pick<StoreNeeds, 'connected' | 'note' | 'log'>,
): Promise<Journal> {
  const { stream, subject, replicas = 1 } = options;
  if (connection.info?.jetstream !== true) {
    throw new Fault('bus-no-jetstream', `NATS runs without JetStream, which keeps the journal ${stream}`, {
      cure: 'start nats-server with -js and a storage folder (-sd), or enable jetstream in its configuration',
      exitCode: 3,
    });
  }
  const config: Partial<StreamConfig> & { name: string } = {
    name: stream,
    subjects: [subject],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: true,
    // Reads go to the leader: what is added builds on what was read.
    allow_direct: false,
  };
  const make = async (): Promise<JetStreamManager> => {
    const manager = await jetstreamManager(connection);
    await makeSettled(
      async () => {
        // One that is there stays on as many servers as it is: asked for otherwise, it would be refused.
        config.num_replicas = (await manager.streams.info(stream)).config.num_replicas;
      },
      () => manager.streams.add(config),
      async () => isLed(await manager.streams.info(stream)),
    );
    return manager;
  };
  const manager = await make().catch((thrown: unknown) => {
    throw new Fault(
      'bus-journal',
      `NATS does not give us the stream ${stream}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      {
        cure: 'check the JetStream limits and the permissions of the NATS user',
        cause: thrown,
      },
    );
  });

  const { num_replicas: kept = replicas } = config;
  if (kept !== replicas) log.warn({ stream, kept, wanted: replicas }, 'the stream is there already, and stays on as many servers as it is');

  const patiently = untilThere();
  const tried = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      if (!connected()) throw new JournalError('unavailable', `${what} ${stream}: there is no connection to NATS`);
      const result = await patiently(call).catch(async (thrown: unknown) => {
        if (!isMissing(thrown)) throw thrown;
        // NATS came back without its storage.
        await make();
        return call();
      });
      note('');
      return result;
    } catch (thrown) {
      const trouble = thrown instanceof JournalError ? thrown.code : jetStreamTrouble(thrown);
      note(troubleText(trouble));
      if (thrown instanceof JournalError) throw thrown;
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new JournalError(trouble, `${what} ${stream}: ${why}`, thrown);
    }
  };
  const record = async (place: number): Promise<JournalRecord | undefined> => {
    const found = await manager.streams.getMessage(stream, { seq: place });
    return found === null ? undefined : { place, value: found.data };
  };

  return {
    last: () =>
      tried('read the end of', async () => {
        const { last_seq: place } = (await manager.streams.info(stream)).state;
        if (place === 0) return undefined;
        const found = await manager.streams.getMessage(stream, { last_by_subj: subject });
        return found === null ? { place, value: new Uint8Array() } : { place: found.seq, value: found.data };
      }),
    append: (value, after) =>
      tried('add to', async () => {
        // COMPAT nats-server 2.9: an expected last sequence of 0 is looked at only for the subject, and there is but this one.
        const stored = await manager.jetstream().publish(subject, value, { expect: { streamName: stream, lastSubjectSequence: after } });
        return stored.seq;
      }),
    read: (from, most) =>
      tried('read', async () => {
        const { last_seq: last } = (await manager.streams.info(stream)).state;
        const found: JournalRecord[] = [];
        for (let at = Math.max(1, from); at <= Math.min(last, from + most - 1); at += readAtOnce) {
          const places = Array.from({ length: Math.min(readAtOnce, Math.min(last, from + most - 1) - at + 1) }, (_, index) => at + index);
          for (const one of await Promise.all(places.map(record))) if (one !== undefined) found.push(one);
        }
        return found;
      }),
  };
}

/** Whether there is no such stream: its own API says so, and a record that is published has nobody to take it. */
function isMissing(thrown: unknown): boolean {
  if (thrown instanceof JetStreamApiError) return thrown.code === JetStreamApiCodes.StreamNotFound;
  return thrown instanceof errors.NoRespondersError || (thrown instanceof errors.RequestError && thrown.isNoResponders());
}
