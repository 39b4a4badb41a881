import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Bus } from '@guildhall/chassis/bus';
import { dialNats } from '@guildhall/chassis/bus-dial';
import { monotonic, wall } from '@guildhall/chassis/clock';
import { followReports } from '@guildhall/chassis/follow-reports';
import { createStreamReader } from '@guildhall/chassis/stream-reader';
import type { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import type { StreamStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { readRecordBatch } from '@guildhall/proto/records/read-batch';
import { streams, subjects } from '@guildhall/proto/subjects';
import { createCall } from './call.js';
import type { ConsoleConfig } from './config.js';
import type { Feed } from './doors/feed.js';
import type { Events } from './events.js';
import { makeFull, pointOf } from './fold/frame.js';
import { framesOf } from './fold/parts.js';
import { createHearing } from './hearing.js';
import { createHistory } from './history.js';
import { createLatest } from './latest.js';
import { type Live, startLive } from './live.js';
import { createMemberIds } from './member-ids.js';
import { wantedBy } from './record-filter.js';
import { createReports, type Named } from './reports.js';
import { createSearch } from './search.js';
import { createSeconds } from './seconds.js';
import { statusOf } from './status.js';
import { createTails } from './tails.js';
import { createUserTexts } from './user-texts.js';

/** What stands behind the doors, at work. */
export interface Core extends Feed {
  /** Why it cannot answer as it should, a sentence each. */
  reasons(): string[];
  live: Pick<Live, 'behind' | 'sampled'>;
  sizes(): { readonly members: number; readonly pairs: number };
  close(): Promise<void>;
}

const frameMs = 1000;
/** On the bus, so many frames apart, one is full. */
const fullEvery = 30;
/** Messages of the bus are kept below this, bytes: nats-server takes 1 MiB unless told otherwise. */
const frameBytes = 512 * 1024;
const minuteOptions = { bytes: 64 * 1024 * 1024, inFlight: 4 * 1024 * 1024, retry: 2000 } as const;
/** How long minutes that are not stored yet may take at the end, ms. */
const lastWords = 1000;

/**
 * Starts reading, counting and telling. Nothing here waits for JetStream: as long as it is away, there is nothing to count. `there`: instances
 * that greet, whose reports are awaited.
 */
export function startCore(config: ConsoleConfig, bus: Bus, events: Events, there: () => readonly Named[]): Core {
  const now = (): number => wall().getTime();
  const reader = createStreamReader(() => dialNats(config.nats, `console ${config.id} streams`, subjects.inbox('console')));
  const minutes = bus.publisher({
    ...minuteOptions,
    stored: (count) => events.minute('stored', count),
    dropped: (count) => events.minute('failed', count),
  });
  const tails = createTails(config.tail, (by) => events.receivers('tail', by));
  const latest = createLatest((by) => events.receivers('traffic', by));
  const seconds = createSeconds({ bytes: config.history.bytes, ms: config.history.seconds });
  const reports = createReports(config.limits);
  const unheard = (): string[] => reports.unheard(there());
  const hearing = createHearing(unheard);
  const live = startLive(
    { id: config.id, limits: config.limits, replay: config.history.replay, sampleBeyond: config.sampleBeyond, lostAfter: config.lostAfter },
    {
      reader,
      minutes,
      events,
      wall: now,
      monotonic,
      arrived: (batch, payload) => tails.tell(batch, () => readRecordBatch(payload)),
    },
  );
  const hear = (report: InstanceReport): void => {
    reports.hear(report, monotonic());
    hearing.heard();
    const { service, id, epoch, started, recordsDropped } = report;
    const at = Number(report.at);
    if (service === 'ingress') live.losses().alive(id, epoch, Number(started), Number(recordsDropped));
    for (const told of report.told) live.losses().told({ id, epoch, at }, told.ingress, told.epoch, Number(told.finals));
  };
  const stopReports = followReports(bus, hear, events.reportDropped);

  let lastAt = now();
  let lastFrame: TrafficFrame | undefined;
  const fullOf = (frame: TrafficFrame): TrafficFrame =>
    makeFull({ ...frame, unheard: unheard() }, live.traffic().known, reports.standing(monotonic()));
  const tick = (): void => {
    const standing = reports.standing(monotonic());
    const frame = live.frame({ instances: reports.instances(monotonic()), standing, unheard: unheard() });
    const at = Number(frame.at);
    seconds.add({ ...pointOf(frame, Math.max(1, at - lastAt)), members: frame.members.filter(hasTraffic) });
    lastAt = at;
    lastFrame = frame;
    latest.tell(frame, () => fullOf(frame));
    const told = Number(frame.number) % fullEvery === 1 ? fullOf(frame) : frame;
    for (const payload of framesOf(told, frameBytes)) bus.publish(subjects.traffic, payload);
  };
  const timer = setInterval(() => {
    try {
      tick();
    } catch (thrown) {
      events.failed('making a frame', thrown);
    }
  }, frameMs);
  timer.unref();

  const users = createUserTexts(bus);
  const search = createSearch(config.search, {
    reader,
    users,
    monotonic,
    began: (by) => events.receivers('search', by),
    ended: events.searched,
  });
  const reasons = (): string[] => {
    if (!bus.connected()) return ['NATS is not connected'];
    return live.trouble() === '' ? [] : [`records cannot be read: ${live.trouble()}`];
  };

  return {
    knows: createMemberIds(bus, () => new Set([...live.traffic().known.members, ...reports.standing(monotonic()).keys()])),
    async *watch(members, signal) {
      await hearing.all(signal);
      yield* latest.watch(members, signal);
    },
    query: createHistory({ reader, seconds, recent: live.recent, wall: now, figures: config.history.figures }),
    search,
    async *tail(filter, signal) {
      yield* tails.receive(wantedBy(filter, await users(filter.user)), signal);
    },
    call: createCall(reader, search, now),
    async status(signal) {
      await hearing.all(signal);
      if (lastFrame === undefined) throw new ApiFault('unavailable', 'this console has only just begun', 'ask again in a second');
      const told = await Promise.all([streams.records, streams.kept, streams.traffic].map((name) => streamStatus(name, live)));
      return statusOf({
        at: now(),
        instances: reports.instances(monotonic()),
        members: fullOf(lastFrame).members,
        links: reports.links(monotonic()),
        streams: told,
        behind: live.behind(),
        sampled: live.sampled(),
        bus: bus.connected() ? '' : 'This console is not connected to NATS',
      });
    },
    reasons,
    live,
    sizes: () => live.traffic().sizes(),
    async close() {
      clearInterval(timer);
      stopReports();
      await live.stop();
      await minutes.finish(lastWords);
      minutes.close();
      await reader.close();
    },
  };

  async function streamStatus(name: string, { trouble }: Pick<Live, 'trouble'>): Promise<StreamStatus> {
    const none = { name, messages: 0n, bytes: 0n, firstAt: 0n };
    const why = name === streams.records ? trouble() : '';
    try {
      const facts = await reader.facts(name);
      if (facts === undefined) return { ...none, trouble: 'there is no such stream' };
      const { messages, bytes, firstStored } = facts;
      return { name, messages: BigInt(messages), bytes: BigInt(bytes), firstAt: BigInt(firstStored), trouble: why };
    } catch {
      return { ...none, trouble: 'JetStream of NATS does not answer' };
    }
  }
}

/** A member that only stands otherwise than before is nothing for history. */
function hasTraffic({ sent, received }: TrafficFrame['members'][number]): boolean {
  return [sent, received].some((tally) => tally !== undefined && (tally.requests > 0n || tally.handshakesRefused > 0n));
}
