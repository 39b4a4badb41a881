import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { streams, subjects } from '@guildhall/proto/subjects';
import { configSchema } from './config.js';
import { type Core, startCore } from './core.js';
import { createEvents, type Events } from './events.js';
import { payloadOf, type ToldBatch, type ToldRecord } from './records.stage.js';
import type { Named } from './reports.js';

const log = createLogger('console', 'console-1', { level: 'silent', pretty: false, stream: 'stderr' });
const noMeters = { counter: () => undefined, gauge: () => undefined };

/** A nats-server, a connection of the test's own, and cores of consoles that read from it. */
export interface CoreStage {
  readonly server: TestServer;
  readonly bus: Bus;
  /** Aborted at the end. */
  readonly signal: AbortSignal;
  /** Instances that greet. */
  there: readonly Named[];
  /** What policy makes. */
  makeStreams(): Promise<void>;
  /** `counts`: batches by what became of them, and minutes. */
  startConsole(id?: string, settings?: Record<string, unknown>): { core: Core; counts: Map<string, number> };
  /** Stores payloads on a subject, by default batches of records, and waits until they are. */
  store(payloads: readonly Uint8Array[], subject?: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the nats-server that the environment names. */
export async function openCoreStage(env: Parameters<typeof startTestServer>[0]): Promise<CoreStage> {
  const server = await startTestServer(env);
  const bus = await connectBus({ url: server.url }, 'story', log);
  const ending = new AbortController();
  const cores: Core[] = [];
  let stored = 0;
  const stage: CoreStage = {
    server,
    bus,
    signal: ending.signal,
    there: [],
    async makeStreams() {
      const limits = { maxAge: 3_600_000, maxBytes: 64 * 1024 * 1024 };
      await bus.stream({ name: streams.records, subjects: [subjects.records('any').replace('any', '*')], ...limits });
      await bus.stream({ name: streams.kept, subjects: [subjects.kept('any').replace('any', '*')], ...limits });
      await bus.stream({ name: streams.traffic, subjects: [subjects.trafficMinute], ...limits });
    },
    startConsole(id = 'console-1', settings = {}) {
      const config = configSchema.parse({ id, nats: { url: server.url }, ...settings });
      const told = createEvents(log, noMeters, { behind: () => 0, sampled: () => 1, sizes: () => ({ members: 0, pairs: 0 }) });
      const counts = new Map<string, number>();
      const count = (what: string, by: number): void => void counts.set(what, (counts.get(what) ?? 0) + by);
      const events: Events = {
        ...told,
        batch: (result, by = 1) => count(result, by),
        minute: (result, by) => count(`minute ${result}`, by),
        failed: (what, thrown) => {
          throw new Error(what, { cause: thrown });
        },
      };
      const core = startCore(config, bus, events, () => stage.there);
      cores.push(core);
      return { core, counts };
    },
    async store(payloads, subject = subjects.records('ingress-1')) {
      const publisher = bus.publisher({ bytes: 1e8, inFlight: 1e8, retry: 2000, stored: () => undefined, dropped: () => undefined });
      for (const payload of payloads) {
        stored += 1;
        publisher.publish(subject, payload, `stored ${stored}`);
      }
      await publisher.finish(10_000);
      publisher.close();
    },
    async close() {
      ending.abort();
      for (const core of cores.splice(0)) await core.close();
      await bus.close();
      await server.remove();
    },
  };
  return stage;
}

/** A batch of now. */
export function batch(records: readonly ToldRecord[], of: ToldBatch = {}): Uint8Array {
  return payloadOf(records, { at: Date.now(), ...of });
}

/** Frames from when everything is read. */
export async function ready(core: Core, signal: AbortSignal): Promise<AsyncIterator<TrafficFrame>> {
  const frames = core.watch([], signal)[Symbol.asyncIterator]();
  while (core.reasons().length > 0) await frames.next();
  return frames;
}
