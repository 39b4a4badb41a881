import { InstanceReport, MemberIdsAnswer, MemberIdsQuestion, MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { MemberTraffic, Tally, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batch, type CoreStage, openCoreStage, ready } from './core.stage.js';
import { emptyFilter } from './search.js';

const minute = 60_000;
const hour = 3_600_000;

let stage: CoreStage;
beforeEach(async () => {
  stage = await openCoreStage(process.env);
});
afterEach(() => stage.close());

/** A minute in which acme sent so many requests, as a console stores it. */
function minuteOf(from: number, requests: number): Uint8Array {
  const tally = Tally.fromPartial({ requests: BigInt(requests), ok: BigInt(requests) });
  const members = [MemberTraffic.fromPartial({ member: 'acme', sent: tally })];
  const point = { from: BigInt(from), length: 60_000n, all: tally, members, sampled: 1, lastPart: true };
  return TrafficPoint.encode(TrafficPoint.fromPartial(point)).finish();
}

it('refuses members that are none once policy says so, and nobody while it does not answer', async () => {
  await stage.makeStreams();
  const { core } = stage.startConsole();
  await ready(core, stage.signal);
  await core.knows(['nosuch']);
  const asked: string[][] = [];
  stage.bus.subscribe(subjects.memberIds, (payload, reply) => {
    const { ids } = MemberIdsQuestion.decode(payload);
    asked.push(ids);
    reply?.(MemberIdsAnswer.encode({ unknown: ids.filter((id) => id === 'nosuch'), known: ['acme', 'bolt'] }).finish());
  });
  await expect(core.knows(['acme', 'nosuch'])).rejects.toMatchObject({
    code: 'not-found',
    message: 'There is no member "nosuch".',
    cure: 'there are acme, bolt; guildhall member list tells all',
  });
  await core.knows(['bolt']);
  stage.bus.publish(
    subjects.report('ingress', 'i1'),
    InstanceReport.encode(
      InstanceReport.fromPartial({
        service: 'ingress',
        id: 'i1',
        epoch: 'e',
        at: 1n,
        lastPart: true,
        members: [MemberState.fromPartial({ member: 'acme' })],
      }),
    ).finish(),
  );
  await expect.poll(async () => (await core.status(stage.signal)).members.map(({ member }) => member)).toEqual(['acme']);
  await core.knows(['acme']);
  expect(asked).toEqual([['acme', 'nosuch'], ['bolt']]);
});

it('sums minutes up by the hour, those of before this console began as well', async () => {
  await stage.makeStreams();
  const now = Math.floor(Date.now() / hour) * hour;
  const minutes = [
    [now - 3 * hour, 1],
    [now - 3 * hour + 59 * minute, 2],
    [now - 2 * hour, 4],
    [now - hour + 30 * minute, 8],
  ] as const;
  await stage.store(
    minutes.map(([from, requests]) => minuteOf(from, requests)),
    subjects.trafficMinute,
  );
  const { core } = stage.startConsole();
  await ready(core, stage.signal);
  const asked = (from: number, until: number) =>
    core.query({ from: BigInt(from), until: BigInt(until), resolution: BigInt(hour), members: ['acme'] }, stage.signal);
  const { points, resolution, keptSince } = await asked(now - 3 * hour, now);
  expect([resolution, keptSince]).toEqual([BigInt(hour), 0n]);
  expect(
    points.map(({ from, length, all, members }) => [Number(from) - now, Number(length), all?.requests, members[0]?.sent?.requests]),
  ).toEqual([
    [-3 * hour, hour, 3n, 3n],
    [-2 * hour, hour, 4n, 4n],
    [-hour, hour, 8n, 8n],
  ]);
  expect((await asked(now - 5 * hour, now)).keptSince).toBe(BigInt(now - 3 * hour));
  expect((await asked(now - 2 * hour, now - hour)).points.map(({ all }) => all?.requests)).toEqual([4n]);
});

it('tells in its first frame who has not reported, and waits for who is about to', async () => {
  await stage.makeStreams();
  const { core } = stage.startConsole();
  await ready(core, stage.signal);
  stage.there = [{ service: 'relay', id: 'r1', epoch: 'e' }];
  const first = async () => {
    const { value } = await core.watch([], stage.signal)[Symbol.asyncIterator]().next();
    return [value?.full, value?.unheard, value?.members.map(({ member, linksUp }: MemberTraffic) => [member, linksUp])];
  };
  expect(await first()).toEqual([true, ['relay r1'], []]);
  const waiting = first();
  const links = [{ address: 'a:1', state: 'up', why: '', certificateEnds: 0n }];
  const members = [MemberState.fromPartial({ member: 'acme', links })];
  const report = InstanceReport.fromPartial({ service: 'relay', id: 'r1', epoch: 'e', at: 1n, lastPart: true, members });
  stage.bus.publish(subjects.report('relay', 'r1'), InstanceReport.encode(report).finish());
  expect(await waiting).toEqual([true, [], [['acme', 1]]]);
});

it('counts exactly how many records a search went through', async () => {
  await stage.makeStreams();
  const records = (count: number, callId: string) => Array.from({ length: count }, () => ({ callId }));
  await stage.store([
    batch(records(40, 'a'), { first: 1 }),
    batch(records(3, 'wanted'), { first: 41 }),
    batch(records(200, 'b'), { first: 44 }),
  ]);
  const { core } = stage.startConsole();
  let scanned = 0n;
  for await (const one of core.search({ filter: { ...emptyFilter, callId: 'wanted' }, since: 0n, until: 0n, limit: 0 }, stage.signal)) {
    scanned = one.scanned;
  }
  expect(scanned).toBe(243n);
});
