import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Hub } from './hub.js';
import { defaultPatience } from './mailbox.js';
import { readBatch, type StoredBatch, type StoredRecord } from './stored-record.js';

/** What is stored in a stream, from its beginning and as it comes. */
export interface StoredMessages {
  /** In the stream's order, each once. */
  readonly messages: readonly Msg[];
  /** Resolves as soon as `fits` holds, now or after a message to come; rejects after `patience` ms with what `describe` says. */
  until(what: string, fits: () => boolean, describe: () => string, patience?: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads a stream by JetStream's own protocol: a consumer that the server pushes everything to. Also who has no client of ours can do that.
 */
export async function followStream({ nats }: Pick<Hub, 'nats'>, stream: string): Promise<StoredMessages> {
  const { url, user, password } = nats;
  const connection: NatsConnection = await connect({ servers: url.split(','), user, pass: password, reconnect: false });
  const messages: Msg[] = [];
  const watchers = new Set<() => void>();
  const inbox = `_INBOX.stage.${process.pid}.${Math.trunc(performance.now() * 1000)}`;
  connection.subscribe(inbox, {
    callback(error, message) {
      if (error !== null || message.reply === undefined || message.reply === '') return;
      messages.push(message);
      for (const watcher of [...watchers]) watcher();
    },
  });
  const config = { deliver_subject: inbox, deliver_policy: 'all', ack_policy: 'none', replay_policy: 'instant', num_replicas: 1 };
  const answer = await connection.request(`$JS.API.CONSUMER.CREATE.${stream}`, JSON.stringify({ stream_name: stream, config }));
  const { error } = answer.json<{ error?: { description: string } }>();
  if (error !== undefined) {
    await connection.close();
    throw new Error(`no consumer of ${stream}: ${error.description}`);
  }
  return {
    messages,
    until(what, fits, describe, patience = defaultPatience) {
      if (fits()) return Promise.resolve();
      // Made here so that the stack leads to the line of the test that waits.
      const failure = new Error();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(look);
          failure.message = `${stream} was to hold ${what}; there is ${describe()}`;
          reject(failure);
        }, patience);
        const look = () => {
          if (!fits()) return;
          watchers.delete(look);
          clearTimeout(timer);
          resolve();
        };
        watchers.add(look);
      });
    },
    close: () => connection.close(),
  };
}

/** The routing records of a hub. */
export interface RecordStream {
  batches(): readonly StoredBatch[];
  records(): readonly StoredRecord[];
  /** Records of this Call-ID, once `count` of them are there. */
  of(callId: string, count?: number): Promise<readonly StoredRecord[]>;
  /** Resolves with all records as soon as they fit. */
  until(what: string, fits: (records: readonly StoredRecord[]) => boolean, patience?: number): Promise<readonly StoredRecord[]>;
  close(): Promise<void>;
}

/** Follows the stream RECORDS from its first message on. */
export async function followRecords(hub: Pick<Hub, 'nats'>): Promise<RecordStream> {
  const stored = await followStream(hub, 'RECORDS');
  const batches: StoredBatch[] = [];
  const records: StoredRecord[] = [];
  const read = () => {
    for (const message of stored.messages.slice(batches.length)) {
      const batch = readBatch(message.data);
      batches.push(batch);
      records.push(...batch.records);
    }
  };
  const until: RecordStream['until'] = async (what, fits, patience) => {
    const look = () => {
      read();
      return fits(records);
    };
    await stored.until(what, look, () => `${records.length} records:\n${records.map(describeRecord).slice(-60).join('\n')}`, patience);
    return records;
  };
  return {
    batches() {
      read();
      return batches;
    },
    records() {
      read();
      return records;
    },
    until,
    async of(callId, count = 1) {
      const own = () => records.filter((record) => record.callId === callId);
      await until(`${count} of the call ${callId}`, () => own().length >= count);
      return own();
    },
    close: stored.close,
  };
}

/** One line about a record, for a failed wait. */
export function describeRecord({ kind, peer, target, method, status, answer, code, callId }: StoredRecord): string {
  return `  ${kind} ${peer} to ${target}: ${method} ${status} by ${answer} ${code} (${callId})`;
}
