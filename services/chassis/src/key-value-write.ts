import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Premise } from './key-value.js';

/** Writes into a bucket with conditions that the library of buckets does not offer: on the whole bucket, and notes on deletions. */
export interface BucketWriter {
  put(key: string, value: Uint8Array, premise?: Premise): Promise<number>;
  markDeleted(key: string, note: Uint8Array, premise?: Premise): Promise<number>;
}

/** A key as the library would take it: it becomes part of a subject. */
const keyShape = /^[-/=\w]+(?:\.[-/=\w]+)*$/;

/** The premise as JetStream takes it: sequence numbers of the bucket's stream are the revisions. */
function expectation(premise: Premise | undefined): { lastSequence?: number; lastSubjectSequence?: number } {
  return {
    ...(premise?.lastRevision === undefined ? {} : { lastSequence: premise.lastRevision }),
    ...(premise?.previousRevision === undefined ? {} : { lastSubjectSequence: premise.previousRevision }),
  };
}

/** Writes as NATS' key-value buckets are written (ADR-8 of NATS): a value is a message on its key's subject, a deletion one with a header. */
export function bucketWriter(connection: NatsConnection, bucket: string): BucketWriter {
  const stream = jetstream(connection);
  const subjectOf = (key: string): string => {
    if (!keyShape.test(key)) throw new TypeError(`"${key.slice(0, 80)}" is no key`);
    return `$KV.${bucket}.${key}`;
  };
  return {
    async put(key, value, premise) {
      const { seq } = await stream.publish(subjectOf(key), value, { expect: expectation(premise) });
      return seq;
    },
    async markDeleted(key, note, premise) {
      const marks = headers();
      marks.set('KV-Operation', 'DEL');
      const { seq } = await stream.publish(subjectOf(key), note, { headers: marks, expect: expectation(premise) });
      return seq;
    },
  };
}
