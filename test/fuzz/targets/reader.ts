import type { SipLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage, wireBytes } from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { corpusInputs } from '../corpus-inputs.js';
import { bytesHash, createRandom, type Random } from '../random.js';
import { request, response, sipWords } from '../sip-grammar.js';
import { mendLength } from '../sip-lengths.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';

/** Small, so that inputs reach them. */
const limits: SipLimits = { messageBytes: 1_500, headers: 24, headerLineBytes: 300, startLineBytes: 120 };

/** What a reader told, and how far it went. */
interface Telling {
  readonly events: string[];
  /** Bytes of the messages that came whole. */
  whole: number;
  readonly kinds: Set<string>;
}

function shown(m: Message): string {
  return `${m.method}|${m.status}|${m.table.length}|${m.buffer.toString('latin1', m.start, m.end)}`;
}

/** `cuts` are ascending places in the input. */
function read(input: Buffer, cuts: readonly number[]): Telling {
  const telling: Telling = { events: [], whole: 0, kinds: new Set() };
  const note = (kind: string, m: Message | undefined): void => {
    telling.kinds.add(kind);
    telling.events.push(m === undefined ? kind : `${kind} ${shown(m)}`);
  };
  const reader = createMessageReader(limits, {
    message(m) {
      telling.whole += m.end - m.start;
      note(m.status === 0 ? 'request' : 'response', m);
    },
    ping: () => note('ping', undefined),
    // Where chunks end decides how often it comes.
    pong: () => undefined,
    broken(error, m) {
      promise(error instanceof SipError, 'what is broken is told as a SipError');
      note(`broken ${error.code}`, m);
    },
    refused: (error, m) => note(`refused ${error.code}`, m),
  });
  let from = 0;
  for (let index = 0; index <= cuts.length; index += 1) {
    const until = cuts[index] ?? input.length;
    // A reader may keep views of a chunk: each gets bytes of its own, as from a socket.
    reader.feed(cuts.length === 0 ? input : Buffer.from(input.subarray(from, until)));
    promise(reader.buffered() <= limits.messageBytes, 'no more is held than a message may have');
    promise(telling.whole + reader.buffered() <= until, 'no more is read than was fed');
    from = until;
  }
  return telling;
}

function someCuts(random: Random, length: number): number[] {
  const cuts = Array.from({ length: 1 + random.below(6) }, () => random.below(length + 1));
  return cuts.sort((one, other) => one - other);
}

function stream(random: Random): Buffer {
  let text = '';
  do text += random.once(6) ? random.pick(['\r\n\r\n', '\r\n', '\r\n\r\n\r\n']) : random.once(4) ? response(random) : request(random);
  while (random.once(2));
  return bytesOf(text);
}

/** The stream reader: the same messages however the bytes are cut, in bounds, and nothing thrown. */
export const readerTarget: Target = {
  name: 'reader',
  about: 'a stream of messages, cut at several places: the same comes out, in bounds, nothing is thrown',
  longest: 4_096,
  words: sipWords,
  seeds: () => corpusInputs(stream, 100),
  make: stream,
  mend: mendLength,
  run(input) {
    const once = read(input, []);
    const events = once.events.join('\n');
    const random = createRandom(bytesHash(input));
    const again = read(input, someCuts(random, input.length));
    promiseSame(again.events.join('\n'), events, 'the same messages come out however the bytes are cut');
    if (input.length < 1_000 && random.once(16)) {
      const bytewise = read(
        input,
        Array.from({ length: input.length }, (_, at) => at),
      );
      promiseSame(bytewise.events.join('\n'), events, 'the same messages come out byte by byte');
    }
    return [...once.kinds].join(' ');
  },
};

/** As the bus carries messages: one whole message in its own bytes, or nothing. Throws what is no SipError. */
export function parsed(input: Buffer, bounds: SipLimits): Message | string {
  try {
    const m = parseMessage(input, bounds);
    promise(wireBytes(m).equals(input), 'a message is exactly the bytes that it was read from');
    return m;
  } catch (error) {
    if (error instanceof SipError) return error.code;
    throw error;
  }
}
