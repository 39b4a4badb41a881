import { RecordAnswer, RecordBatch, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';

/** What made-up records are like. */
export interface BatchShape {
  readonly members: number;
  /** Of how many records one was refused by the hub. */
  readonly refusedOneOf: number;
}

/** A batch of made-up records of one ingress, as it makes them of ordinary traffic. */
export function recordBatch(count: number, first: number, at: number, { members, refusedOneOf }: BatchShape): RecordBatch {
  const ids = Array.from({ length: members }, (_, index) => `member-${index}`);
  const domains = ids.map((id) => `${id}.example`);
  const rest = ['MESSAGE', 'model', 'far-unreachable', 'the proxy cannot be reached', '203.0.113.9:5061', 'relay-1', '198.51.100.7:40000'];
  const users = Array.from({ length: 100 }, (_, index) => `~user${String(index).padStart(11, '0')}@${domains[index % members]}`);
  const names = [...ids, ...domains, ...rest, ...users];
  const inRest = (index: number): number => members * 2 + index + 1;
  const column = (value: (index: number) => number): number[] => Array.from({ length: count }, (_, index) => value(index));
  const refused = (index: number): boolean => (first + index) % refusedOneOf === 0;
  const from = (index: number): number => ((first + index) * 7) % members;
  const to = (index: number): number => ((first + index) * 13 + 1) % members;
  return {
    ingress: 'ingress-1',
    epoch: 'abcdefghij',
    first: BigInt(first),
    at: BigInt(at),
    dropped: 0n,
    privacy: RecordPrivacy.HASHED,
    traceHigh: 0x1234_5678_9abc_def0n,
    names,
    kind: column(() => RecordKind.TRANSACTION),
    ago: column((index) => 100 - Math.floor((index * 100) / count)),
    peer: column((index) => from(index) + 1),
    target: column((index) => to(index) + 1),
    fromDomain: column((index) => members + from(index) + 1),
    toDomain: column((index) => members + to(index) + 1),
    method: column(() => inRest(0)),
    event: column(() => 0),
    rule: column(() => inRest(1)),
    code: column((index) => (refused(index) ? inRest(2) : 0)),
    sentence: column((index) => (refused(index) ? inRest(3) : 0)),
    answer: column((index) => (refused(index) ? RecordAnswer.HUB : RecordAnswer.FAR)),
    status: column((index) => (refused(index) ? 504 : 200)),
    total: column((index) => 800 + ((index * 7919) % 20_000)),
    decision: column(() => 12),
    linkWait: column(() => 300),
    far: column((index) => 400 + ((index * 7919) % 19_000)),
    requestBytes: column(() => 612),
    answerBytes: column(() => 340),
    tries: column(() => 1),
    repeats: column(() => 0),
    link: column(() => inRest(4)),
    relay: column(() => inRest(5)),
    source: column(() => inRest(6)),
    fromUser: column((index) => inRest(7 + (index % 100))),
    toUser: column((index) => inRest(7 + ((index * 3) % 100))),
    callId: Array.from({ length: count }, (_, index) => `${(first + index).toString(36)}-d81f9a3c77e64b21@10.20.30.40`),
    trace: Array.from({ length: count }, (_, index) => BigInt(first + index)),
    flags: column(() => 0),
  };
}

/** The same as it is in the stream. */
export function recordPayload(count: number, first: number, at: number, shape: BatchShape): Uint8Array {
  return RecordBatch.encode(recordBatch(count, first, at, shape)).finish();
}
