import { CreateTokenRequest, type CreateTokenResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asked, openApi } from '../stage/admin.js';
import { getText, openEvents } from '../stage/events.js';
import { exchange, refusal } from '../stage/exchange.js';
import { totalsOfRecords, totalsOfTraffic } from '../stage/figures.js';
import { deedName } from '../stage/known-traffic.js';
import { type MetricsConnection, openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';
import { followRecords, type RecordStream } from '../stage/record-stream.js';

describe('a member sees its own half, and a dashboard all of it', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 2, policies: 2, consoles: 1 },
    cast: { acme: {}, bolt: {}, crow: {}, dune: {} },
  });
  let stream: RecordStream;
  const apis: Record<string, MetricsConnection> = {};
  const tokens: Record<string, string> = {};
  let began: number;

  beforeAll(async () => {
    began = Date.now();
    stream = await followRecords(hub());
    const admin = openApi(hub());
    for (const scope of ['member:acme', 'member:dune', 'dashboard']) {
      const request = CreateTokenRequest.fromPartial({ scope, note: 'a story' });
      const { secret } = await asked<CreateTokenResponse>((done) => admin.access.createToken(request, done));
      tokens[scope] = secret;
      apis[scope] = openMetrics(hub(), { token: secret });
    }
    admin.close();
    // By its certificate too.
    apis['certificate of acme'] = openMetrics(hub(), { identity: actor('acme').identity });
  });
  afterAll(async () => {
    for (const api of Object.values(apis)) api.close();
    await stream?.close();
  });
  const api = (who: string): MetricsConnection => {
    const found = apis[who];
    if (found === undefined) throw new Error(`nobody is ${who}`);
    return found;
  };
  const ofAcme = ({ peer, target }: { readonly peer: string; readonly target: string }) => peer === 'acme' || target === 'acme';
  const mine = () => stream.records().filter(ofAcme);

  it.each(['member:acme', 'certificate of acme'])(
    '%s: frames, tail, search, calls and history of what it sent and got, and of no pair of others',
    async (who) => {
      const watched = api(who).watch();
      const tailed = api(who).tail();
      const whole = api('dashboard').watch();
      for (const one of [watched, whole]) await one.until('a first frame', (frames) => frames.length > 0);
      const before = stream.records().length;
      for (let round = 0; round < 3; round += 1) {
        await exchange(actor('acme'), actor('bolt'));
        await exchange(actor('bolt'), actor('acme'));
        await exchange(actor('bolt'), actor('crow'));
        expect(await refusal(actor('bolt'), actor('bolt').request('MESSAGE', 'sip:bob@nobody.test'))).toBe('404 unknown-domain');
      }
      const records = (await stream.until('them all', (all) => all.length >= before + 12)).slice(before);
      const own = totalsOfRecords(records.filter(ofAcme));
      // The first frame tells of the second before, in which another story may have ended.
      const [wholly, partly] = [() => whole.items.slice(1), () => watched.items.slice(1)];
      await expect.poll(() => totalsOfTraffic(wholly())).toEqual(totalsOfRecords(records));
      await expect.poll(() => totalsOfTraffic(partly()).pairs).toEqual(own.pairs);
      const seen = totalsOfTraffic(partly());
      expect([seen.sent['acme'], seen.received['acme']]).toEqual([own.sent['acme'], own.received['acme']]);
      expect(watched.items.flatMap(({ members }) => members.map(({ member }) => member)).filter((member) => member !== 'acme')).toEqual([]);
      expect(watched.items.flatMap(({ pairs }) => pairs).filter(({ from, to }) => from !== 'acme' && to !== 'acme')).toEqual([]);
      expect(totalsOfTraffic(partly())).toMatchObject({ all: { requests: 6, ok: 6 }, reasons: {} });
      expect(watched.items.flatMap(({ instances }) => instances)).toEqual([]);

      await tailed.until('its own', (all) => all.length >= records.filter(ofAcme).length);
      expect(tailed.items.map(deedName).toSorted()).toEqual(records.filter(ofAcme).map(deedName).toSorted());
      expect((await api(who).search({})).map(deedName).toSorted()).toEqual(mine().map(deedName).toSorted());
      expect((await api(who).search({ code: 'unknown-domain' })).filter((record) => !ofAcme(record))).toEqual([]);
      for (const filter of [{ member: 'crow' }, { from: 'bolt', to: 'crow' }])
        await expect(api(who).search(filter)).rejects.toThrow('PERMISSION_DENIED');
      const foreign = records.find((record) => !ofAcme(record));
      expect(await api(who).search({ callId: foreign?.callId ?? '' })).toEqual([]);
      expect(await api(who).search({ traceId: foreign?.trace ?? '' })).toEqual([]);
      await expect(api(who).call(foreign?.callId ?? '')).rejects.toThrow('NOT_FOUND');
      const points = async () => (await api(who).query({ from: BigInt(began - 10_000), resolution: 1000n })).points;
      await expect.poll(async () => totalsOfTraffic(await points()).pairs).toEqual(totalsOfRecords(mine()).pairs);
      const pairs = (await points()).flatMap((point) => point.pairs);
      expect(pairs.filter(({ from, to }) => from !== 'acme' && to !== 'acme')).toEqual([]);
      const status = await api(who).status();
      expect(status.members.map(({ member }) => member).filter((member) => member !== 'acme')).toEqual([]);
      expect(status.links.filter(({ member }) => member !== 'acme')).toEqual([]);
      watched.stop();
      tailed.stop();
      whole.stop();
    },
  );

  it('who asks for another by name is refused, and gets nothing of it', async () => {
    await expect(api('member:dune').search({ member: 'acme' })).rejects.toThrow('PERMISSION_DENIED');
    await expect(
      api('member:dune')
        .watch(['acme', 'bolt'])
        .until('a frame', (frames) => frames.length > 0),
    ).rejects.toThrow('PERMISSION_DENIED');
    expect(await api('member:dune').search({})).toEqual([]);
  });

  it('over HTTPS the same: its own, and nothing without a token', async () => {
    const user = { token: tokens['member:acme'] ?? '' };
    const events = await openEvents(hub(), '/v1/traffic', user);
    await events.until('a frame', (all) => all.length > 1);
    expect(events.raw()).not.toMatch(/"(bolt|crow)","to":"(bolt|crow)"/);
    events.close();
    const { status, text } = await getText(hub(), '/v1/records', user);
    expect([status, text.includes('"peer":"acme"'), text.includes('"target":"crow"')]).toEqual([200, true, false]);
    for (const path of ['/v1/traffic', '/v1/traffic/history', '/v1/records', '/v1/records/tail', '/v1/calls/x', '/v1/status']) {
      expect([path, (await getText(hub(), path, {})).status]).toEqual([path, 401]);
      expect([path, (await getText(hub(), path, { token: 'gh1_a_0000000000000000_0000' })).status]).toEqual([path, 401]);
    }
  });
});
