import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type As, bearer, certificateFor } from '@guildhall/chassis/api/api-port.stage';
import { HealthService, HealthCheckResponse_ServingStatus as Serving } from '@guildhall/proto/gen/grpc/health/v1/health';
import {
  GetCallRequest,
  MetricsServiceService as Metrics,
  QueryTrafficRequest,
  RecordFilter,
  SearchRecordsRequest,
  TailRecordsRequest,
  type WatchTrafficResponse,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DoorsCast, type DoorsOptions, type DoorsStage, makeDoorsCast, openDoorsStage } from './doors.stage.js';

let cast: DoorsCast;
let stage: DoorsStage;

const open = async (options: DoorsOptions = {}) => {
  stage = await openDoorsStage(cast, options);
};
const getStatus = (as: As) => stage.caller.ask(Metrics.getStatus, {}, as);
const refused = (code: status, text = '') => ({ code, details: expect.stringContaining(text) });

/** Everything of a stream up to its end. Rejects with the ServiceError. */
function all<Response>(stream: ClientReadableStream<Response>): Promise<Response[]> {
  return new Promise((resolve, reject) => {
    const heard: Response[] = [];
    stream.on('data', (response: Response) => heard.push(response));
    stream.on('error', reject);
    stream.on('end', () => resolve(heard));
  });
}

/** How a stream ends that has begun. */
const ended = (stream: ClientReadableStream<unknown>) =>
  new Promise<{ code: number; details: string }>((resolve) => {
    stream.on('error', ({ code, details }: ServiceError) => resolve({ code, details }));
    stream.on('end', () => resolve({ code: status.OK, details: '' }));
  });
const watch = async (as: As) => {
  const stream: ClientReadableStream<WatchTrafficResponse> = stage.caller.listen(Metrics.watchTraffic, { members: [] }, as);
  const over = ended(stream);
  await new Promise((resolve) => stream.once('data', resolve));
  return { stream, over };
};

beforeAll(async () => {
  cast = await makeDoorsCast();
});
afterEach(() => stage.close());

describe('a call is refused', () => {
  it.each<[string, readonly string[]]>([
    ['nothing', []],
    ['a token of nobody', [`Bearer gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}`]],
    ['another scheme', ['Basic b3BlcmF0b3I6eA==']],
  ])('with %s', async (_what, authorization) => {
    await open();
    await expect(getStatus({ authorization })).rejects.toMatchObject(refused(status.UNAUTHENTICATED));
    await expect(all(stage.caller.listen(Metrics.watchTraffic, { members: [] }, { authorization }))).rejects.toMatchObject(
      refused(status.UNAUTHENTICATED),
    );
    expect(stage.feed.asked).toEqual([]);
  });

  it('with a certificate of nobody, and it is told why', async () => {
    await open();
    const shown = await certificateFor(cast.authority, 'eve.example');
    await expect(getStatus({ shown })).rejects.toMatchObject(refused(status.UNAUTHENTICATED, 'That is nobody.'));
  });

  it('while policy does not answer, with what to do about it', async () => {
    await open();
    stage.policy.fall();
    const known = bearer(stage.policy.token('operator'));
    await expect(getStatus(known)).rejects.toMatchObject(refused(status.UNAVAILABLE, 'policy does not answer. Cure: try again'));
  });

  it('when it names what cannot be, or others', async () => {
    await open();
    const operator = bearer(stage.policy.token('operator'));
    const acme = bearer(stage.policy.token('member:acme'));
    const search = (filter: Partial<RecordFilter>, as: As, limit = 0) => {
      const request = { ...SearchRecordsRequest.create(), filter: RecordFilter.fromPartial(filter), limit };
      return all(stage.caller.listen(Metrics.searchRecords, request, as));
    };
    await expect(search({}, operator, 10_001)).rejects.toMatchObject(refused(status.INVALID_ARGUMENT, 'limit'));
    await expect(search({ traceId: 'z' }, operator)).rejects.toMatchObject(refused(status.INVALID_ARGUMENT));
    await expect(search({ user: 'u'.repeat(60_000) }, operator)).rejects.toMatchObject(refused(status.INVALID_ARGUMENT));
    await expect(search({ user: 'u'.repeat(70_000) }, operator)).rejects.toMatchObject(refused(status.RESOURCE_EXHAUSTED));
    await expect(search({ member: 'bolt' }, acme)).rejects.toMatchObject(refused(status.PERMISSION_DENIED, 'its own half'));
    const history = QueryTrafficRequest.fromPartial({ members: ['acme', 'bolt'] });
    await expect(stage.caller.ask(Metrics.queryTraffic, history, acme)).rejects.toMatchObject(refused(status.PERMISSION_DENIED));
    await expect(stage.caller.ask(Metrics.getCall, GetCallRequest.create(), operator)).rejects.toMatchObject(
      refused(status.INVALID_ARGUMENT),
    );
    expect(stage.feed.asked).toEqual([]);
  });

  it('when the feed refuses it, in its words', async () => {
    await open();
    stage.feed.refuse(new ApiFault('unavailable', 'JetStream does not answer.', 'look after it'));
    await expect(getStatus(bearer(stage.policy.token('operator')))).rejects.toMatchObject(
      refused(status.UNAVAILABLE, 'JetStream does not answer. Cure: look after it'),
    );
  });

  it('beyond the searches one may have at the same time', async () => {
    await open({ access: { searches: 8, searchesPerCaller: 1, answerTime: '1s', patience: 300 } });
    stage.feed.hang();
    const as = bearer(stage.policy.token('dashboard'));
    const first = stage.caller.listen(Metrics.searchRecords, SearchRecordsRequest.create(), as);
    const over = ended(first);
    await expect.poll(() => stage.feed.asked).toHaveLength(1);
    const second = stage.caller.listen(Metrics.searchRecords, SearchRecordsRequest.create(), as);
    await expect(all(second)).rejects.toMatchObject(refused(status.RESOURCE_EXHAUSTED, 'Too many searches'));
    first.cancel();
    expect(await over).toMatchObject({ code: status.CANCELLED });
  });

  it('in the clear beyond this machine', async () => {
    await open();
    await expect(openDoorsStage(cast, { clear: true, grpc: { host: '0.0.0.0' } })).rejects.toMatchObject({ code: 'grpc-in-the-clear' });
  });
});

describe('a stream ends', () => {
  it('once its token is revoked; others go on', async () => {
    await open();
    const token = stage.policy.token('dashboard');
    const ending = await watch(bearer(token));
    const staying = await watch(bearer(stage.policy.token('operator')));
    stage.policy.revoke(token);
    expect(await ending.over).toEqual(refused(status.UNAUTHENTICATED, 'That is nobody.'));
    await expect.poll(() => stage.feed.open()).toBe(1);
    staying.stream.cancel();
    expect(await staying.over).toMatchObject({ code: status.CANCELLED });
  });

  it('where policy is away for longer than one waits for it', async () => {
    await open();
    const { over } = await watch(bearer(stage.policy.token('operator')));
    stage.policy.fall();
    expect(await over).toEqual(refused(status.UNAVAILABLE));
  });

  it('where its reader takes nothing', async () => {
    await open({ access: { stall: 300 } });
    stage.feed.swell(500_000);
    const { stream } = await watch(bearer(stage.policy.token('operator')));
    stream.pause();
    // The client's library takes some itself before it stops.
    const looks = { timeout: 15_000 };
    await expect
      .poll(() => {
        stage.feed.second(1);
        return stage.feed.open();
      }, looks)
      .toBe(0);
    expect(await stage.metrics()).toMatch(/api_calls_total\{.*method="WatchTraffic",status="(CANCELLED|RESOURCE_EXHAUSTED)"/);
  });

  it('when the port closes', async () => {
    await open();
    const { over } = await watch(bearer(stage.policy.token('operator')));
    await stage.doors.close(5000);
    expect(await over).toEqual(refused(status.UNAVAILABLE, 'ending'));
  });
});

describe('a call', () => {
  it('shows policy a hash and no secret, and asks once for many', async () => {
    await open({ holdsFor: 5000 });
    const token = stage.policy.token('operator');
    await Promise.all(Array.from({ length: 5 }, () => getStatus(bearer(token))));
    await getStatus(bearer(token));
    expect(stage.policy.questions).toHaveLength(1);
    expect(stage.policy.questions[0]).toMatchObject({ tokenId: token.split('_')[2], source: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    expect(JSON.stringify(stage.policy.questions)).not.toContain(token.split('_')[3]);
  });

  it('is answered whole to operators and dashboards', async () => {
    await open();
    for (const scope of ['operator', 'dashboard']) {
      const as = bearer(stage.policy.token(scope));
      expect(await getStatus(as)).toMatchObject({ verdict: 'impaired', members: [{}, {}, {}], instances: [{}], behind: 8n });
      const found = await all(stage.caller.listen(Metrics.searchRecords, SearchRecordsRequest.create(), as));
      expect(found.flatMap(({ records }) => records.map(({ callId }) => callId))).toEqual(['ab', 'bc', 'ca']);
    }
  });

  it('is answered by its own half to a member', async () => {
    await open();
    const as: As = { shown: cast.acme };
    const history = await stage.caller.ask(Metrics.queryTraffic, QueryTrafficRequest.create(), as);
    expect(history.points).toMatchObject([{ members: [{ member: 'acme' }], pairs: [{}, {}], all: { requests: 20n }, dropped: 0n }]);
    expect(stage.feed.asked.at(-1)).toMatchObject({ members: ['acme'] });
    const call = await stage.caller.ask(Metrics.getCall, GetCallRequest.fromPartial({ callId: 'x' }), as);
    expect([call.records.map(({ callId }) => callId), call.messages.map(({ member }) => member)]).toEqual([['ab', 'ca'], ['acme']]);
  });

  it('watches and tails', async () => {
    await open();
    const as = bearer(stage.policy.token('operator'));
    const { stream } = await watch(as);
    const next = new Promise<WatchTrafficResponse>((resolve) => stream.once('data', resolve));
    stage.feed.second(4);
    expect(await next).toMatchObject({ frame: { number: 1n, all: { requests: 12n }, otherPairs: { requests: 7n } } });
    const tail = stage.caller.listen(Metrics.tailRecords, TailRecordsRequest.fromPartial({ filter: { callId: 'x' } }), as);
    const over = ended(tail);
    await expect.poll(() => stage.feed.open()).toBe(2);
    const heard = new Promise((resolve) => tail.once('data', resolve));
    stage.feed.record({ callId: 'x' });
    expect(await heard).toMatchObject({ records: [{ callId: 'x' }], skipped: 0n });
    tail.cancel();
    await over;
  });

  it('of health is for everybody, and tells of readiness', async () => {
    await open();
    const health = () => stage.caller.ask(HealthService.check, { service: 'guildhall.metrics.v1.MetricsService' }, {});
    expect(await health()).toEqual({ status: Serving.SERVING });
    stage.setReady(false);
    expect(await health()).toEqual({ status: Serving.NOT_SERVING });
  });
});
