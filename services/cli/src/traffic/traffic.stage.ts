import { GetStatusResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { type DeepPartial, RoutingRecord, Tally, TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addTallies } from '@guildhall/proto/traffic/sums';

/** What others may write into any text. */
export const hostile = 'evil\u001b[2J\u001b]0;owned\u0007\r\n\u202egnp.exe\u0000';

/** Eight requests: five good, one not found, two refused by the hub; half of them in less than 1 ms, quantiles as they follow. */
export const someTally: Tally = addTallies(
  Tally.fromPartial({
    requests: 8n,
    ok: 5n,
    clientErrors: 3n,
    refused: 2n,
    handshakesRefused: 1n,
    requestBytes: 4096n,
    answerBytes: 2048n,
    retries: 1n,
    repeats: 2n,
    bucket: [10, 40],
    count: [7n, 1n],
  }),
  Tally.fromPartial({}),
);

/** A frame of a second in which acme sent to bolt, and cade had no traffic. */
export function someFrame(partial: DeepPartial<TrafficFrame> = {}): TrafficFrame {
  const whole: DeepPartial<TrafficFrame> = {
    at: 1_800_000_000_000n,
    number: 1n,
    console: 'console-1',
    full: true,
    sampled: 1,
    all: someTally,
    reasons: [
      { code: 'denied-by-rule', status: 403, count: 2n },
      { code: '', status: 404, count: 1n },
    ],
    members: [
      {
        member: 'acme',
        sent: someTally,
        reasons: [{ code: 'denied-by-rule', status: 403, count: 2n }],
        inFlight: 3,
        connections: 2,
        linksUp: 1,
        linksDown: 1,
        waiting: 4,
        certificateDays: 9.9,
      },
      { member: 'bolt', received: someTally, connections: 1, linksUp: 2, certificateDays: 300.2 },
      { member: 'cade', linksDown: 1 },
    ],
    pairs: [{ from: 'acme', to: 'bolt', tally: someTally }],
    inFlight: 3,
    connections: 3,
    ...partial,
  };
  return TrafficFrame.fromPartial(whole);
}

/** A MESSAGE of acme to bolt, answered 200 in 27 ms. */
export function someRecord(partial: DeepPartial<RoutingRecord> = {}): RoutingRecord {
  const whole: DeepPartial<RoutingRecord> = {
    ingress: 'ingress-1',
    epoch: 'e1',
    number: 7n,
    at: 1_800_000_000_123n,
    kind: 'transaction',
    peer: 'acme',
    target: 'bolt',
    fromDomain: 'acme.example',
    toDomain: 'bolt.example',
    method: 'MESSAGE',
    rule: 'agreement acme.bolt',
    answer: 'far',
    status: 200,
    total: 27.4,
    decision: 0.4,
    linkWait: 0.2,
    far: 25.5,
    requestBytes: 512,
    answerBytes: 300,
    tries: 1,
    link: '127.0.0.1:6061',
    relay: 'relay-1',
    source: '127.0.0.1:40000',
    fromUser: '~abcdefghijklmnop@acme.example',
    toUser: '~ponmlkjihgfedcba@bolt.example',
    callId: 'call-1@acme.example',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    traced: true,
    ...partial,
  };
  return RoutingRecord.fromPartial(whole);
}

/** The same refused by a rule. */
export function refusedRecord(): RoutingRecord {
  return someRecord({
    method: 'INVITE',
    answer: 'hub',
    status: 403,
    code: 'denied-by-rule',
    sentence: 'The rule calls refuses INVITE from acme to bolt.',
    rule: 'calls',
    relay: '',
    link: '',
    tries: 0,
    linkWait: 0,
    far: 0,
    total: 0.9,
    traced: false,
  });
}

/** A handshake without a certificate. */
export function handshakeRecord(): RoutingRecord {
  return RoutingRecord.fromPartial({
    ingress: 'ingress-1',
    epoch: 'e1',
    number: 8n,
    at: 1_800_000_000_456n,
    kind: 'refused-handshake',
    code: 'no-certificate',
    sentence: 'no certificate was shown',
    source: '192.0.2.7:40000',
  });
}

/** A hub of one of each service, a link down. */
export function someStatus(partial: DeepPartial<GetStatusResponse> = {}): GetStatusResponse {
  const instance = (service: string, more: object = {}) => ({
    service,
    id: `${service}-1`,
    epoch: 'e1',
    version: '0.1.0',
    ready: true,
    upS: 3600,
    memoryBytes: 100n * 1024n ** 2n,
    membershipVersion: 12n,
    ...more,
  });
  const whole: DeepPartial<GetStatusResponse> = {
    at: 1_800_000_000_000n,
    verdict: 'impaired',
    reasons: ['A link of bolt is down.'],
    instances: [
      instance('ingress', { recordsMade: 1234n, recordsStored: 1230n, recordsDropped: 4n, inFlight: 3, overload: 'late' }),
      instance('policy', { leads: true }),
      instance('relay', { ready: false, reasons: ['NATS is not connected'] }),
      instance('console', { silentS: 12 }),
    ],
    members: someFrame().members,
    links: [
      { member: 'acme', relay: 'relay-1', address: '127.0.0.1:6061', state: 'up' },
      { member: 'bolt', relay: 'relay-1', address: '127.0.0.1:6071', state: 'backoff', why: 'connection refused' },
    ],
    streams: [
      { name: 'RECORDS', messages: 100n, bytes: 4096n, firstAt: 1_799_999_000_000n },
      { name: 'TRAFFIC', trouble: 'there is no such stream' },
    ],
    ...partial,
  };
  return GetStatusResponse.fromPartial(whole);
}
