import type { Following } from '@guildhall/chassis/stream-follow';
import type { StreamPublisher } from '@guildhall/chassis/stream-publisher';
import type { StreamFacts, StreamMessage, StreamReader } from '@guildhall/chassis/stream-reader';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { createRecordReader, type RecordColumns } from '@guildhall/proto/records/record-columns';
import { streams, subjects } from '@guildhall/proto/subjects';
import type { Events } from './events.js';
import type { FrameFacts } from './fold/frame.js';
import { createLosses, type Losses } from './fold/losses.js';
import { minuteMs } from './fold/minutes.js';
import { pointsOf } from './fold/parts.js';
import { createSampling } from './fold/sampling.js';
import { createTraffic, type Traffic, type TrafficLimits } from './fold/traffic.js';
import { createSeen } from './seen.js';

/** How records are read and counted. */
export interface LiveConfig {
  readonly id: string;
  readonly limits: TrafficLimits;
  /** How far back is read where no minute is stored, ms. */
  readonly replay: number;
  readonly sampleBeyond: number;
  readonly lostAfter: number;
}

/** What reading and counting needs. */
export interface LiveNeeds {
  readonly reader: Pick<StreamReader, 'facts' | 'last' | 'placeAt' | 'follow'>;
  readonly minutes: Pick<StreamPublisher, 'publish'>;
  readonly events: Events;
  /** Time of day in ms, and monotonic ms. */
  readonly wall: () => number;
  readonly monotonic: () => number;
  /** A batch that came just now. */
  readonly arrived: (batch: RecordColumns, payload: Uint8Array) => void;
}

/** Records as they are counted. */
export interface Live {
  /** Counts of the second that ends now; called once a second. */
  frame(facts: Pick<FrameFacts, 'instances' | 'standing' | 'unheard'>): TrafficFrame;
  /** What reports say of losses goes here. */
  losses(): Losses;
  traffic(): Traffic;
  /** Points of minutes that may not be stored yet. */
  recent(): TrafficPoint[];
  /** Records that are stored and not looked at, about. */
  behind(): number;
  sampled(): number;
  /** Why records are not read; '' while they are. */
  trouble(): string;
  stop(): Promise<void>;
}

/** A message of the stream TRAFFIC is not much longer, bytes. */
const pointBytes = 384 * 1024;
/** Points that are remembered until they are surely stored. */
const mostRecent = 10;
/** Clocks of this machine and of NATS may differ by so much more than was seen, ms. */
const clockSlack = 2000;

/** Follows the stream of records from the last minute whose point is stored, and counts. */
export function startLive(config: LiveConfig, needs: LiveNeeds): Live {
  const { reader, events, wall, monotonic } = needs;
  const read = createRecordReader();
  const sampling = createSampling(config.sampleBeyond);
  const seen = createSeen();
  let losses = createLosses(config.lostAfter, wall(), monotonic);
  let traffic = createTraffic(config.limits, losses, 0);
  const recent: TrafficPoint[] = [];
  /** From this place on, batches count in frames. */
  let liveFrom = Number.POSITIVE_INFINITY;
  let facts: StreamFacts | undefined;
  let pending = 0;
  let perBatch = 1;
  let clockBehind = 0;
  let number = 0;
  let why = 'nothing was read yet';

  const tellPoints = (points: readonly TrafficPoint[]): void => {
    for (const point of points) {
      recent.push(point);
      if (recent.length > mostRecent) recent.shift();
      for (const [part, payload] of pointsOf(point, config.id, pointBytes).entries()) {
        needs.minutes.publish(subjects.trafficMinute, payload, `${point.from}.${part}`);
      }
    }
  };
  const begin = async (now: StreamFacts): Promise<number> => {
    const stored =
      (await reader.facts(streams.traffic)) === undefined ? undefined : await reader.last(streams.traffic, subjects.trafficMinute);
    const done = stored === undefined ? 0 : beginningOf(stored.payload, wall());
    const earliest = Math.floor((wall() - config.replay) / minuteMs) * minuteMs;
    const since = Math.max(done + minuteMs, earliest);
    losses = createLosses(config.lostAfter, since, monotonic);
    traffic = createTraffic(config.limits, losses, done);
    liveFrom = now.last + 1;
    return reader.placeAt(streams.records, since);
  };
  const leftOut = (result: 'sampled' | 'missed', count: number): void => {
    events.batch(result, count);
    losses.leftOut();
  };
  const hear = ({ sequence, stored, payload, pending: left }: StreamMessage): void => {
    pending = left;
    const live = sequence >= liveFrom;
    if (live) clockBehind = stored - wall();
    if (live && !sampling.takes(sequence)) {
      leftOut('sampled', 1);
      return;
    }
    const began = monotonic();
    const batch = read(payload);
    if (batch === undefined) {
      events.batch('malformed');
      return;
    }
    if (seen(`${batch.ingress} ${batch.epoch} ${batch.first}`)) return;
    perBatch += (batch.count - perBatch) / 16;
    tellPoints(traffic.batch(batch, { stored, times: live ? sampling.times() : 1, live }));
    events.batch('folded');
    events.folded(batch.count, monotonic() - began);
    if (live) needs.arrived(batch, payload);
  };
  const following: Following = reader.follow(streams.records, {
    from: begin,
    heard: (message) => {
      try {
        hear(message);
      } catch (thrown) {
        events.failed('counting records', thrown);
      }
    },
    missed: (count) => leftOut('missed', count),
    anew() {
      events.anew(streams.records);
      liveFrom = 0;
    },
    trouble(now) {
      why = now;
      events.trouble(streams.records, now);
    },
    looked(now) {
      facts = now;
      pending = Math.max(0, now.last + 1 - following.next());
    },
  });

  const behind = (): number => Math.round(pending * perBatch);
  const caughtUp = (): boolean => why === '' && facts !== undefined && pending === 0 && following.next() >= liveFrom;
  const quiet = (): void => {
    // The stream's clock is what minutes go by.
    if (caughtUp()) tellPoints(traffic.quiet(wall() + Math.min(clockBehind, 0) - clockSlack));
  };
  const sample = (): void => {
    const before = sampling.times();
    if (following.next() >= liveFrom) sampling.behind(behind());
    if (sampling.times() !== before) events.sampling(sampling.times());
  };

  return {
    frame({ instances, standing, unheard }) {
      quiet();
      number += 1;
      const frame = traffic.frame(
        { at: wall(), number, console: config.id, sampled: sampling.times(), instances, behind: behind(), standing, unheard },
        caughtUp(),
      );
      events.lost(Number(frame.dropped), Number(frame.lost));
      sample();
      return frame;
    },
    losses: () => losses,
    traffic: () => traffic,
    recent: () => [...recent, ...traffic.unfinished()],
    behind,
    sampled: sampling.times,
    trouble: () => why,
    stop: () => following.stop(),
  };
}

/** The minute of the last point that is stored; one that cannot be is none. */
function beginningOf(payload: Uint8Array, now: number): number {
  try {
    const from = Number(TrafficPoint.decode(payload).from);
    return from % minuteMs === 0 && from <= now + minuteMs ? from : 0;
  } catch {
    return 0;
  }
}
