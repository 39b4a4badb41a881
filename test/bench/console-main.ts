import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer } from '@guildhall/chassis/nats-server.stage';
import { configSchema } from '@guildhall/console/config';
import { start } from '@guildhall/console/start';
import { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { streams, subjects } from '@guildhall/proto/subjects';
import { recordPayload } from './record-batches.js';

/**
 * How many records a second a whole console keeps up with, from a real nats-server: `node test/dist/bench/console-main.js [records/s] [seconds]
 * [ingresses]`. The console is a process of its own; its CPU and that of nats-server are counted apart. Figures are those it tells on the bus.
 */
const [, , rateText = '50000', secondsText = '10', ingressText = '2'] = process.argv;
const shape = { members: 50, refusedOneOf: 50 };
const ticks = 10;

/** The child: a console, until it is told to end. */
async function beConsole(url: string): Promise<void> {
  const door = { host: '127.0.0.1', port: 0 };
  const config = configSchema.parse({ id: 'console-1', nats: { url }, grpc: door, http: door, log: { level: 'error' } });
  const ending = new AbortController();
  process.once('disconnect', () => ending.abort());
  process.on('message', () => process.send?.(process.cpuUsage()));
  const { closed } = await start(config, ending.signal);
  process.send?.('serves');
  await closed;
}

interface Seen {
  requests: number;
  behind: number;
  sampled: number;
  frames: number;
}

function watch(bus: Bus): Seen {
  const seen: Seen = { requests: 0, behind: 0, sampled: 1, frames: 0 };
  bus.subscribe(subjects.traffic, (payload) => {
    const { all, behind, sampled, more } = TrafficFrame.decode(payload);
    seen.requests += Number(all?.requests ?? 0n);
    if (more) return;
    seen.behind = Math.max(seen.behind, Number(behind));
    seen.sampled = Math.max(seen.sampled, sampled);
    seen.frames += 1;
  });
  return seen;
}

async function until(fits: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !fits(); waited += 20) {
    if (waited > 60_000) throw new Error(`in a minute, ${what} did not happen`);
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function measure(): Promise<void> {
  const rate = Number(rateText);
  const seconds = Number(secondsText);
  const ingresses = Number(ingressText);
  const server = await startTestServer(process.env);
  const bus = await connectBus(
    { url: server.url },
    'bench',
    createLogger('bench', 'bench-1', { level: 'error', pretty: false, stream: 'stderr' }),
  );
  const limits = { maxAge: 3_600_000, maxBytes: 2 ** 30 };
  await bus.stream({ name: streams.records, subjects: [subjects.records('any').replace('any', '*')], ...limits });
  await bus.stream({ name: streams.kept, subjects: [subjects.kept('any').replace('any', '*')], ...limits });
  await bus.stream({ name: streams.traffic, subjects: [subjects.trafficMinute], ...limits });
  const seen = watch(bus);
  const child = fork(fileURLToPath(import.meta.url), ['console', server.url]);
  await once(child, 'message');
  const cpu = async (): Promise<number> => {
    child.send('cpu');
    const [{ user, system }] = await once(child, 'message');
    return Number(user) + Number(system);
  };
  await until(() => seen.frames > 2, 'a frame');
  let stored = 0;
  let dropped = 0;
  const publisher = bus.publisher({
    bytes: 256 * 2 ** 20,
    inFlight: 32 * 2 ** 20,
    retry: 5000,
    stored: (count) => {
      stored += count;
    },
    dropped: (count) => {
      dropped += count;
    },
  });
  const perBatch = Math.min(2000, Math.floor(rate / ticks / ingresses));
  const perTick = Math.round(rate / ticks / perBatch);
  const before = await cpu();
  const began = performance.now();
  let made = 0;
  for (let tick = 1; tick <= seconds * ticks; tick += 1) {
    for (let index = 0; index < perTick; index += 1) {
      const payload = recordPayload(perBatch, made + 1, Date.now(), shape);
      publisher.publish(subjects.records(`ingress-${1 + (index % ingresses)}`), payload, `bench.${made}`, perBatch);
      made += perBatch;
    }
    await pause(Math.max(0, began + (tick * 1000) / ticks - performance.now()));
  }
  const published = (performance.now() - began) / 1000;
  await publisher.finish(60_000);
  await until(() => seen.requests >= stored, 'the console counting all');
  const counted = (performance.now() - began) / 1000;
  const used = (await cpu()) - before;
  process.stdout.write(
    `${made} records in ${published.toFixed(1)} s (${Math.round(made / published)}/s), ${stored} stored, ${dropped} dropped: console counted ${seen.requests} ` +
      `in ${counted.toFixed(1)} s, at most ${seen.behind} behind, one of ${seen.sampled} batches at the coarsest, ` +
      `${(used / stored).toFixed(2)} us CPU a record (${((used / 1e6 / counted) * 100).toFixed(0)} % of a core)\n`,
  );
  child.disconnect();
  await once(child, 'exit');
  await bus.close();
  await server.remove();
}

await (process.argv[2] === 'console' ? beConsole(process.argv[3] ?? '') : measure());
