import { randomBytes } from 'node:crypto';
import type { Bus } from '@guildhall/chassis/bus';
import type { KeyValue } from '@guildhall/chassis/key-value';
import type { StreamOptions } from '@guildhall/chassis/stream';
import { PrivacyKeyAnswer, PrivacyKeyQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { policyQueue, streams, subjects } from '@guildhall/proto/subjects';
import type { PolicyConfig } from '../config.js';
import { privacyKey } from './privacy-key.js';

/** Told of what nobody waits for. */
export interface RecordsListener {
  failed(what: string, thrown: unknown): void;
  /** A stream was made smaller than asked for: the server has not that much room. */
  lessRoom(stream: string, wanted: number, given: number): void;
}

/** ms after NATS is back, or after a look that failed, until the streams are looked at: JetStream may need longer than NATS to be back. */
const afterReturn = 1_000;

/**
 * The streams of records and what is made of them, the largest last: it may do with what room is left. Their subjects are those of every instance.
 */
export function recordStreams(config: PolicyConfig['records']): readonly StreamOptions[] {
  const every = (subject: (id: string) => string): string => subject('any').replace(/any$/, '*');
  return [
    { name: streams.records, subjects: [every(subjects.records)], maxAge: config.maxAge, maxBytes: config.maxBytes },
    { name: streams.kept, subjects: [every(subjects.kept)], maxAge: config.keptAge, maxBytes: config.keptBytes },
    { name: streams.traffic, subjects: [subjects.trafficMinute], maxAge: config.trafficAge, maxBytes: config.trafficBytes },
  ].sort((one, other) => one.maxBytes - other.maxBytes);
}

/**
 * Makes the streams, looks now and then and whenever NATS is back whether they are there still, and answers who asks for the key of the hashes.
 * Whoever publishes waits for the streams by itself, so nothing of this keeps policy from serving. Returns how to stop.
 */
export function keepRecords(
  bus: Pick<Bus, 'onConnected' | 'stream' | 'subscribe'>,
  bucket: Pick<KeyValue, 'create' | 'get'>,
  config: PolicyConfig['records'],
  listener: RecordsListener,
): () => void {
  const wanted = recordStreams(config);
  /** Told once. */
  const told = new Set<string>();
  let key: Uint8Array | undefined;
  let looking = false;
  let failing = false;
  let stopped = false;
  let soon: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      key ??= await privacyKey(bucket, randomBytes);
      for (const stream of wanted) {
        const given = await bus.stream(stream);
        if (given >= stream.maxBytes || told.has(stream.name)) continue;
        told.add(stream.name);
        listener.lessRoom(stream.name, stream.maxBytes, given);
      }
      failing = false;
    } catch (thrown) {
      if (!failing && !stopped) listener.failed('keeping the streams of records', thrown);
      failing = true;
      lookSoon();
    } finally {
      looking = false;
    }
  };
  const lookSoon = (): void => {
    clearTimeout(soon);
    if (!stopped) soon = setTimeout(() => void look(), Math.min(afterReturn, config.look));
  };

  const stops = [
    // What waits for answers goes first.
    bus.onConnected((up) => {
      clearTimeout(soon);
      if (up) lookSoon();
    }),
    bus.subscribe(
      subjects.privacyKey,
      (payload, reply) => {
        PrivacyKeyQuestion.decode(payload);
        if (key !== undefined) reply?.(PrivacyKeyAnswer.encode({ key: Buffer.from(key) }).finish());
      },
      policyQueue,
    ),
  ];
  const timer = setInterval(() => void look(), config.look);
  void look();
  return () => {
    stopped = true;
    clearInterval(timer);
    clearTimeout(soon);
    for (const stop of stops) stop();
  };
}
