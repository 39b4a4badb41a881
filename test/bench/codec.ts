import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createOutbox } from '@guildhall/chassis/outbox';
import { addressDomain } from '@guildhall/proto/sip/address';
import { downstreamBranch, isLoop, loopHash } from '@guildhall/proto/sip/branch';
import { checkRequest } from '@guildhall/proto/sip/check';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { firstHeader, headerValueEnd, headerValueStart, type Message, parseMessage } from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import { readSender } from '@guildhall/proto/sip/received';
import { parseVia } from '@guildhall/proto/sip/via';
import { editedHead, hereOf, rewrite } from '@guildhall/relay/rewrite';

/** What one step of reading and rewriting a 600-byte MESSAGE costs. */
export interface CodecFigure {
  readonly name: string;
  readonly nanoseconds: number;
}

/** Reading a message from the stream, checking it and writing it out again as the relay does, in one chain: at most 4 microseconds. */
export const totalName = 'total: read, check, rewrite';
/** The same with what ingress looks up on the way: top Via, From domain, loop hash and loop. */
const walkName = 'and with identity, transaction and loop';

const wireBytes = 600;
const messagesPerChunk = 16;
const warmUpRounds = 1_000;
const roundsPerSample = 8;
const samples = 250;

/** A MESSAGE of exactly 600 bytes as it leaves a member's proxy: two Vias, the usual headers, a short text. */
function sampleMessage(sequence: number): string {
  const head = (length: number) =>
    `MESSAGE sip:bob@bolt.example SIP/2.0\r\n` +
    `Via: SIP/2.0/TLS sip.acme.example:5061;branch=z9hG4bK1f2a.9c${sequence}e4d6b1a0c;i=2\r\n` +
    `Via: SIP/2.0/TCP 10.1.2.3:49152;received=10.1.2.3;rport=49152;branch=z9hG4bK-524287-1---7d3f${sequence}\r\n` +
    `Max-Forwards: 69\r\n` +
    `From: "Alice Example" <sip:alice@acme.example>;tag=8f3c2b${sequence}\r\n` +
    `To: <sip:bob@bolt.example>\r\n` +
    `Call-ID: 5b1c0f2e${sequence}@10.1.2.3\r\n` +
    `CSeq: ${sequence} MESSAGE\r\n` +
    `User-Agent: Sample Phone 4.2\r\n` +
    `Content-Type: text/plain;charset=UTF-8\r\n` +
    `Content-Length: ${length}\r\n\r\n`;
  const bodyBytes = wireBytes - head(100).length;
  return head(bodyBytes) + 'x'.repeat(bodyBytes);
}

const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');
const source = readSender('192.0.2.7:40001');

/** What the relay does to a request's head. */
function rewritten(m: Message, branch: string): string {
  return editedHead(m, rewrite(m, { here, branch, recordRoute: '', source }));
}

interface Step {
  readonly name: string;
  /** Handles `messagesPerChunk` messages. */
  run(): void;
}

/**
 * The cost of one message in each step, in nanoseconds: the best of many short samples, taken in turn, because other processes on the machine
 * only ever make a sample longer.
 */
function measure(steps: readonly Step[]): CodecFigure[] {
  for (const step of steps) for (let i = 0; i < warmUpRounds; i++) step.run();
  const best = steps.map(() => Number.POSITIVE_INFINITY);
  for (let sample = 0; sample < samples; sample++) {
    steps.forEach((step, index) => {
      const start = performance.now();
      for (let i = 0; i < roundsPerSample; i++) step.run();
      best[index] = Math.min(best[index] ?? 0, (performance.now() - start) / (roundsPerSample * messagesPerChunk));
    });
  }
  return steps.map(({ name }, index) => ({ name, nanoseconds: Math.round((best[index] ?? 0) * 1e6) }));
}

/** Measures the codec in about a second. */
export function measureCodec(): CodecFigure[] {
  const texts = Array.from({ length: messagesPerChunk }, (_, index) => sampleMessage(100 + index));
  const chunk = Buffer.from(texts.join(''), 'latin1');
  const held: Message[] = [];
  let count = 0;
  let onMessage = (m: Message): void => void held.push(m);
  const reader = createMessageReader(defaultLimits, {
    message: (m) => onMessage(m),
    ping: () => undefined,
    pong: () => undefined,
    broken: (error) => {
      throw error;
    },
  });
  reader.feed(chunk);
  onMessage = () => {
    count++;
  };
  const hosts: ReadonlySet<string> = new Set(['hub.example']);
  // As a link gathers what it writes in a turn.
  const outbox = createOutbox(4096);
  const each = (handle: (m: Message) => number | string) => () => {
    for (const m of held) count += handle(m) === '' ? 1 : 0;
  };
  const atFirst = (m: Message, id: number, read: (m: Message, start: number, end: number) => string) => {
    const index = firstHeader(m, id);
    return read(m, headerValueStart(m, index), headerValueEnd(m, index));
  };
  const passOn = (m: Message, loop: number): void => {
    outbox.text(rewritten(m, downstreamBranch('k3x9a', count & 0xffff, loop, 0)));
    outbox.bytes(m.buffer, m.start + m.head.length, m.end);
    count++;
  };
  const check = (m: Message): void => {
    if (checkRequest(m) !== undefined) throw new Error('the sample message does not pass');
  };
  const everything = (m: Message): void => {
    check(m);
    const from = firstHeader(m, Header.from);
    const domain = addressDomain(m, headerValueStart(m, from), headerValueEnd(m, from));
    const loop = loopHash(m);
    if (isLoop(m, hosts, loop)) throw new Error('the sample message loops');
    const top = firstHeader(m, Header.via);
    const via = parseVia(m, headerValueStart(m, top), headerValueEnd(m, top));
    passOn(m, loop);
    count += domain.length + via.port;
  };
  const feed = { name: 'reader.feed, 16 messages a chunk', run: () => reader.feed(chunk) };
  const figures = measure([
    feed,
    {
      name: 'parseMessage',
      run: () => {
        for (let i = 0; i < messagesPerChunk; i++) parseMessage(chunk, defaultLimits, i * wireBytes, (i + 1) * wireBytes);
      },
    },
    { name: 'checkRequest', run: each((m) => (checkRequest(m) === undefined ? 0 : 1)) },
    { name: 'parseVia', run: each((m) => atFirst(m, Header.via, (source, start, end) => parseVia(source, start, end).branch)) },
    { name: 'addressDomain', run: each((m) => atFirst(m, Header.from, addressDomain)) },
    { name: 'loopHash', run: each(loopHash) },
    { name: 'isLoop', run: each((m) => (isLoop(m, hosts, 12_345) ? 1 : 0)) },
    {
      name: 'rewrite to bytes',
      run: () => {
        for (const m of held) outbox.text(rewritten(m, 'z9hG4bKk3x9a.2f.1kx0z9'));
        count += outbox.take().length;
      },
    },
  ]);
  const whole = (): void => {
    feed.run();
    count += outbox.take().length;
  };
  onMessage = (m) => {
    check(m);
    passOn(m, 12_345);
  };
  const total = measure([{ name: totalName, run: whole }]);
  onMessage = everything;
  return [...figures, ...measure([{ name: walkName, run: whole }]), ...total];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, nanoseconds } of measureCodec()) console.log(`${String(nanoseconds).padStart(7)} ns  ${name}`);
}
