import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Bus, connectBus } from './bus.js';
import { dialNats } from './bus-dial.js';
import { createLogger } from './log.js';
import { startTestServer, type TestServer } from './nats-server.stage.js';
import type { Following } from './stream-follow.js';
import { createStreamReader, type StreamMessage, type StreamReader } from './stream-reader.js';

const stream = { name: 'THINGS', subjects: ['things.*'], maxAge: 3_600_000, maxBytes: 8 * 1024 * 1024 };
const signal = new AbortController().signal;

let server: TestServer;
let bus: Bus;
let reader: StreamReader;

beforeEach(async () => {
  server = await startTestServer(process.env);
  bus = await connectBus(
    { url: server.url },
    'story',
    createLogger('story', 'story-1', { level: 'silent', pretty: false, stream: 'stderr' }),
  );
  reader = createStreamReader(() => dialNats({ url: server.url }, 'reader', '_INBOX'));
});

afterEach(async () => {
  await reader.close();
  await bus.close();
  await server.remove();
});

async function store(from: number, to: number): Promise<void> {
  const publisher = bus.publisher({ bytes: 1e7, inFlight: 1e7, retry: 2000, stored: () => undefined, dropped: () => undefined });
  for (let number = from; number <= to; number += 1) publisher.publish('things.one', Buffer.from(`thing ${number}`), `${number} ${from}`);
  await publisher.finish(10_000);
  publisher.close();
}

const textOf = ({ payload }: StreamMessage): string => Buffer.from(payload).toString();

it('says how a stream stands, and that there is none', async () => {
  expect(await reader.facts('THINGS')).toBeUndefined();
  await bus.stream(stream);
  expect(await reader.facts('THINGS')).toMatchObject({ messages: 0, last: 0, firstStored: 0 });
  await store(1, 3);
  const facts = await reader.facts('THINGS');
  expect(facts).toMatchObject({ messages: 3, first: 1, last: 3 });
  expect(facts?.firstStored).toBeGreaterThan(1_600_000_000_000);
});

it('reads a piece of a stream, its last message, and from a time on', async () => {
  await bus.stream(stream);
  await store(1, 2500);
  const heard: StreamMessage[] = [];
  await reader.read('THINGS', { from: 20, to: 2480 }, (message) => heard.push(message), signal);
  expect([heard.length, heard[0] && textOf(heard[0]), heard.at(-1)?.sequence, heard.at(-1)?.pending]).toEqual([2461, 'thing 20', 2480, 20]);
  const rest: StreamMessage[] = [];
  await reader.read('THINGS', { from: 2499, to: 9999 }, (message) => rest.push(message), signal);
  expect(rest.map(textOf)).toEqual(['thing 2499', 'thing 2500']);
  const last = await reader.last('THINGS', 'things.one');
  expect(last && textOf(last)).toBe('thing 2500');
  expect(await reader.last('THINGS', 'things.other')).toBeUndefined();
  expect([await reader.placeAt('THINGS', 0), await reader.placeAt('THINGS', Date.now() + 60_000)]).toEqual([1, 2501]);
});

it('stops reading when it is told to', async () => {
  await bus.stream(stream);
  await store(1, 500);
  const ending = new AbortController();
  const heard: number[] = [];
  const hear = ({ sequence }: StreamMessage): void => {
    heard.push(sequence);
    if (sequence === 10) ending.abort();
  };
  await reader.read('THINGS', { from: 1, to: 500 }, hear, ending.signal);
  expect(heard.length).toBe(10);
});

it('follows a stream before it is made, over a crash of NATS, and when it comes back empty', async () => {
  const heard: string[] = [];
  const troubles: string[] = [];
  let missed = 0;
  let anew = 0;
  let wake = (): void => undefined;
  const following: Following = reader.follow('THINGS', {
    from: () => 3,
    heard: (message) => {
      heard.push(textOf(message));
      wake();
    },
    missed: (count) => {
      missed += count;
    },
    anew: () => {
      anew += 1;
    },
    trouble: (why) => {
      troubles.push(why);
      wake();
    },
  });
  bus.onConnected(() => wake());
  const until = async (fits: () => boolean): Promise<void> => {
    while (!fits()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  await until(() => troubles.includes('there is no such stream yet'));
  await bus.stream(stream);
  await store(1, 5);
  await until(() => heard.length === 3);
  await server.kill();
  await server.start();
  await until(() => troubles.at(-1) === '' && bus.connected());
  await store(6, 7);
  await until(() => heard.length === 5);
  await server.kill();
  server.forget();
  await server.start();
  await until(() => troubles.at(-1) !== '' && bus.connected());
  await bus.stream(stream);
  await store(101, 102);
  await until(() => heard.length === 7);
  expect(heard).toEqual(['thing 3', 'thing 4', 'thing 5', 'thing 6', 'thing 7', 'thing 101', 'thing 102']);
  expect([missed, anew, following.next()]).toEqual([0, 1, 3]);
}, 60_000);
