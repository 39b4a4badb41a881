import type { Bus } from '@guildhall/chassis/bus';
import { askPolicy } from '@guildhall/chassis/bus-ask';
import { PrivacyKeyAnswer, PrivacyKeyQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import type { IngressConfig } from './config.js';
import type { RecordEvents } from './record-events.js';
import { createRecordKeeping, type RecordCounts, type RecordKeeping } from './record-keeping.js';
import { createRecordUsers } from './record-users.js';

/** What the keeping of records needs. */
export interface RecordParts {
  readonly config: IngressConfig;
  readonly epoch: string;
  readonly bus: Pick<Bus, 'connected' | 'maxPayload' | 'onConnected' | 'publisher' | 'request'>;
  readonly events: RecordEvents;
  readonly rim: { clock(): number; wall(): number };
}

/** A batch is not made larger than this, and one publish not more than NATS takes. */
const batchBytes = 512 * 1024;
/** Bytes of a publish that are not the batch's. */
const envelope = 4_096;
/** Of the buffer, the part that may be on its way at once, and at most. */
const inFlight = { share: 1 / 4, most: 4 * 1024 * 1024 };
/** ms until policy is asked for the key again. */
const keyRetry = 1_000;

/** Starts to keep records; undefined where they are off. Until policy has told the key of the hashes, users are left out. */
export function openRecords({ config, epoch, bus, events, rim }: RecordParts): RecordKeeping | undefined {
  const { records, timeouts } = config;
  if (!records.enabled) return undefined;
  const users = createRecordUsers(records.privacy);
  const counts: RecordCounts = { made: 0, stored: 0, dropped: 0 };
  const publisher = bus.publisher({
    bytes: records.bufferBytes,
    inFlight: Math.min(inFlight.most, records.bufferBytes * inFlight.share),
    retry: records.retry,
    stored(count) {
      counts.stored += count;
    },
    dropped(count) {
      counts.dropped += count;
      events.dropped(count);
    },
    trouble: events.trouble,
  });
  const keeping = createRecordKeeping({
    ingress: config.id,
    epoch,
    subject: subjects.records(config.id),
    batchCount: records.batchCount,
    batchBytes: Math.min(batchBytes, bus.maxPayload - envelope),
    users,
    counts,
    publisher,
    clock: rim.clock,
    wall: rim.wall,
  });

  let closed = false;
  let again: NodeJS.Timeout | undefined;
  const learn = async (): Promise<void> => {
    try {
      const answer = await askPolicy(bus, subjects.privacyKey, PrivacyKeyQuestion.encode({}).finish(), timeouts.ask);
      if (!users.learn(PrivacyKeyAnswer.decode(answer).key)) throw new Error('policy gave no key');
      events.keyLearned();
    } catch (error) {
      events.keyFailed(error);
      if (!closed) again = setTimeout(() => void learn(), keyRetry).unref();
    }
  };
  if (users.wantsKey()) void learn();
  const timer = setInterval(keeping.flush, records.interval);

  return {
    ...keeping,
    close() {
      closed = true;
      clearInterval(timer);
      clearTimeout(again);
      keeping.close();
    },
  };
}
