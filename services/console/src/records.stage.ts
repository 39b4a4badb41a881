import { RecordAnswer, RecordBatch, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';

/** One record as a story tells it; what is left out is as in ordinary traffic. */
export interface ToldRecord {
  readonly kind?: RecordKind;
  readonly peer?: string;
  readonly target?: string;
  readonly method?: string;
  readonly code?: string;
  readonly sentence?: string;
  readonly answer?: RecordAnswer;
  readonly status?: number;
  readonly total?: number;
  readonly ago?: number;
  readonly requestBytes?: number;
  readonly answerBytes?: number;
  readonly tries?: number;
  readonly repeats?: number;
  readonly relay?: string;
  readonly fromUser?: string;
  readonly toUser?: string;
  readonly callId?: string;
}

/** Whose batch it is. */
export interface ToldBatch {
  readonly ingress?: string;
  readonly epoch?: string;
  readonly first?: number;
  readonly at?: number;
  readonly dropped?: number;
}

/** A batch of these records. */
export function batchOf(records: readonly ToldRecord[], batch: ToldBatch = {}): RecordBatch {
  const names: string[] = [];
  const name = (text: string | undefined): number => {
    if (text === undefined || text === '') return 0;
    if (!names.includes(text)) names.push(text);
    return names.indexOf(text) + 1;
  };
  const first = batch.first ?? 1;
  const handshake = ({ kind }: ToldRecord): boolean => kind === RecordKind.REFUSED_HANDSHAKE;
  return {
    ingress: batch.ingress ?? 'ingress-1',
    epoch: batch.epoch ?? 'epoch00001',
    first: BigInt(first),
    at: BigInt(batch.at ?? 1_700_000_000_000),
    dropped: BigInt(batch.dropped ?? 0),
    privacy: RecordPrivacy.HASHED,
    traceHigh: 0xabcdn,
    kind: records.map(({ kind }) => kind ?? RecordKind.TRANSACTION),
    ago: records.map(({ ago }) => ago ?? 0),
    peer: records.map(({ peer }) => name(peer ?? 'acme')),
    target: records.map((one) => name(one.target ?? (handshake(one) ? '' : 'bolt'))),
    fromDomain: records.map(({ peer }) => name(`${peer ?? 'acme'}.example`)),
    toDomain: records.map(({ target }) => name(`${target ?? 'bolt'}.example`)),
    method: records.map((one) => name(one.method ?? (handshake(one) ? '' : 'MESSAGE'))),
    event: records.map(() => 0),
    rule: records.map(() => name('model')),
    code: records.map(({ code }) => name(code)),
    sentence: records.map(({ sentence }) => name(sentence)),
    answer: records.map(({ answer }) => answer ?? RecordAnswer.FAR),
    status: records.map((one) => one.status ?? (handshake(one) ? 0 : 200)),
    total: records.map(({ total }) => total ?? 1000),
    decision: records.map(() => 10),
    linkWait: records.map(() => 20),
    far: records.map(() => 500),
    requestBytes: records.map(({ requestBytes }) => requestBytes ?? 600),
    answerBytes: records.map(({ answerBytes }) => answerBytes ?? 300),
    tries: records.map(({ tries }) => tries ?? 1),
    repeats: records.map(({ repeats }) => repeats ?? 0),
    link: records.map(() => 0),
    relay: records.map(({ relay }) => name(relay ?? 'relay-1')),
    source: records.map(() => name('198.51.100.7:5061')),
    fromUser: records.map(({ fromUser }) => name(fromUser)),
    toUser: records.map(({ toUser }) => name(toUser)),
    callId: records.map(({ callId }, index) => callId ?? `call-${first + index}`),
    trace: records.map((_, index) => BigInt(first + index)),
    flags: records.map(() => 0),
    names,
  };
}

/** The same as it is in the stream. */
export function payloadOf(records: readonly ToldRecord[], batch: ToldBatch = {}): Uint8Array {
  return RecordBatch.encode(batchOf(records, batch)).finish();
}
