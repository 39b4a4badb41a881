import { createSocket } from 'node:dgram';
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';

/** A server of DNS over UDP on 127.0.0.1 that says what a story wants. */
export interface DnsServer {
  /** "127.0.0.1:port", as a configuration names it. */
  readonly address: string;
  /** Replaces the records under a name and type. None: the name has no such record. */
  set(type: 'A', name: string, addresses: readonly string[]): void;
  set(type: 'SRV', name: string, records: readonly SrvWords[]): void;
  set(type: 'NAPTR', name: string, records: readonly NaptrWords[]): void;
  /** How often a name was asked for with a type. */
  asked(type: string, name: string): number;
  /** Whether it answers, says that it cannot (SERVFAIL), or nothing at all. */
  behave(how: 'answer' | 'fail' | 'silent'): void;
  close(): Promise<void>;
}

export interface SrvWords {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

export interface NaptrWords {
  readonly order?: number;
  readonly preference?: number;
  readonly service: string;
  readonly replacement: string;
}

/** Response codes in the low bits of the flags (RFC 1035 4.1.1). */
const serverFailure = 2;
const noSuchName = 3;
/** Seconds that answers may be kept. */
const ttl = 1;

/** Starts a server that knows nothing yet. */
export async function startDns(): Promise<DnsServer> {
  const records = new Map<string, readonly Answer[]>();
  const questions = new Map<string, number>();
  let behaviour: 'answer' | 'fail' | 'silent' = 'answer';
  const key = (type: string, name: string) => `${type} ${name.toLowerCase()}`;

  const socket = createSocket('udp4', (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const { type, name } = question;
    questions.set(key(type, name), (questions.get(key(type, name)) ?? 0) + 1);
    if (behaviour === 'silent') return;
    const answers = behaviour === 'fail' ? [] : [...(records.get(key(type, name)) ?? [])];
    const isKnown = [...records.keys()].some((known) => known.endsWith(` ${name.toLowerCase()}`));
    const code = behaviour === 'fail' ? serverFailure : isKnown ? 0 : noSuchName;
    const flags = RECURSION_DESIRED | code;
    socket.send(encode({ type: 'response', id: query.id ?? 0, flags, questions: [question], answers }), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });

  function set(type: 'A', name: string, addresses: readonly string[]): void;
  function set(type: 'SRV', name: string, words: readonly SrvWords[]): void;
  function set(type: 'NAPTR', name: string, words: readonly NaptrWords[]): void;
  function set(type: 'A' | 'SRV' | 'NAPTR', name: string, words: readonly (string | SrvWords | NaptrWords)[]): void {
    records.set(
      key(type, name),
      words.map((one) => answerOf(name, one)),
    );
  }

  return {
    address: `127.0.0.1:${socket.address().port}`,
    set,
    asked: (type, name) => questions.get(key(type, name)) ?? 0,
    behave(how) {
      behaviour = how;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answerOf(name: string, words: string | SrvWords | NaptrWords): Answer {
  if (typeof words === 'string') return { type: 'A', name, ttl, data: words };
  if ('target' in words) {
    const { target, port, priority = 0, weight = 1 } = words;
    return { type: 'SRV', name, ttl, data: { target, port, priority, weight } };
  }
  const { order = 1, preference = 1, service, replacement } = words;
  return { type: 'NAPTR', name, ttl, data: { order, preference, flags: 's', services: service, regexp: '', replacement } };
}
