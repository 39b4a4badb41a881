import {
  type ExportMembershipResponse,
  type GetMemberResponse,
  type ListHistoryResponse,
  SetMemberStatusRequest,
  type SetMemberStatusResponse,
  type WatchMembershipResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiConnection, asked, openApi } from '../stage/admin.js';
import { exchange, outcome, reach, settle } from '../stage/exchange.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('the membership is changed as data, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, model: 'limited-clearinghouse', cast: { acme: {}, bolt: {}, crow: {} } });
  let api: ApiConnection;
  beforeAll(() => {
    api = openApi(hub());
  });
  afterAll(() => api.close());

  const setStatus = (id: string, status: string, rest: { reason?: string; until?: string } = {}, as = api) =>
    asked<SetMemberStatusResponse>((done) =>
      as.membership.setMemberStatus(SetMemberStatusRequest.fromPartial({ id, status, ...rest, order: { why: `${id} ${status}` } }), done),
    );

  /** Follows the membership. */
  function watch({ membership }: ApiConnection): { told: WatchMembershipResponse[]; cancel(): void } {
    const told: WatchMembershipResponse[] = [];
    const stream = membership.watchMembership({});
    stream.on('data', (one: WatchMembershipResponse) => told.push(one));
    stream.on('error', () => undefined);
    return { told, cancel: () => stream.cancel() };
  }

  /** What the final answer to a MESSAGE says, once it is the expected one; where it arrives it is answered. */
  async function told(sender: Member, receiver: Member, expected: string): Promise<string> {
    for (;;) {
      const said = sender.say('MESSAGE', `sip:bob@${receiver.domain}`);
      const final = sender.hearFinal(said);
      const heard = await receiver.hearUnless(said, final);
      if (heard !== undefined) receiver.answer(heard, 200);
      if (outcome(await final) === expected) return (await final).header('reason') ?? '';
    }
  }

  it('a quarantined member: its connections close, and everybody reads why and until when, till it ends by itself', async () => {
    const [acme, bolt, crow] = [actor('acme'), actor('bolt'), actor('crow')];
    await exchange(acme, crow);
    const port = crow.line().remotePort;
    const others = [acme.line(), bolt.line()];
    const until = new Date(Date.now() + 3000).toISOString();
    await setStatus('crow', 'quarantined', { reason: 'it floods', until });
    await crow.line().over;
    const words = await told(acme, crow, '403 target-not-active');
    expect(words).toContain('is quarantined until ');
    expect(words).toContain(`${until.slice(0, 19)}`);
    expect(words).toContain('it floods');
    await exchange(acme, bolt);
    expect([acme.line(), bolt.line()]).toEqual(others);
    await told(acme, crow, '200');
    await vi.waitFor(async () => {
      await crow.dial(port);
      await reach(crow, acme);
    }, 30_000);
  });

  it('two operators change the same: the second is told who was first', async () => {
    const other = openApi(hub(), { token: hub().operatorToken() }, topology.policies - 1);
    try {
      const { member } = await asked<GetMemberResponse>((done) => other.membership.getMember({ id: 'bolt' }, done));
      await setStatus('bolt', 'active');
      await setStatus('bolt', 'suspended', { reason: 'dues' });
      const late = asked<SetMemberStatusResponse>((done) =>
        other.membership.setMemberStatus(
          SetMemberStatusRequest.fromPartial({ id: 'bolt', status: 'pending', expected: member?.revision ?? 0n }),
          done,
        ),
      );
      await expect(late).rejects.toMatchObject({
        details: expect.stringMatching(/Somebody else changed member\.bolt in revision \d+ \(operator/),
      });
      await told(actor('acme'), actor('bolt'), '403 target-not-active');
      await setStatus('bolt', 'active', {}, other);
      await told(actor('acme'), actor('bolt'), '200');
    } finally {
      other.close();
    }
  });

  it('who watches is told every change as it comes into force, a member only its own', async () => {
    const own = openApi(hub(), { identity: actor('acme').identity }, topology.policies - 1);
    const [all, acme] = [watch(api), watch(own)];
    try {
      await expect.poll(() => all.told[0]).toMatchObject({ entries: [], version: expect.any(BigInt) });
      await expect.poll(() => acme.told[0]).toMatchObject({ entries: [] });
      await setStatus('crow', 'suspended', { reason: 'a look' });
      await setStatus('acme', 'active', {}, api);
      await setStatus('acme', 'suspended', { reason: 'a look' });
      await setStatus('crow', 'active');
      await setStatus('acme', 'active');
      const lines = (told: readonly WatchMembershipResponse[]) =>
        told.flatMap(({ entries }) =>
          entries.flatMap((one) => one.lines.filter((line) => line.startsWith('status:')).map((line) => `${one.key} ${line}`)),
        );
      const ofAcme = ['member.acme status: active -> suspended', 'member.acme status: suspended -> active'];
      await expect
        .poll(() => lines(all.told))
        .toEqual(['member.crow status: active -> suspended', ofAcme[0], 'member.crow status: suspended -> active', ofAcme[1]]);
      await expect.poll(() => lines(acme.told)).toEqual(ofAcme);
      const versions = all.told.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => Number(one - other)));
      expect(acme.told.flatMap(({ entries }) => entries.map(({ key }) => key)).filter((key) => key !== 'member.acme')).toEqual([]);
    } finally {
      for (const one of [all, acme]) one.cancel();
      own.close();
    }
    for (const name of ['acme', 'crow']) {
      await settle(actor(name), hub().ingresses[0]?.port ?? 0);
      await reach(actor(name), actor('bolt'));
    }
  });

  it('a mistake is rolled back, and history and export tell the same story', async () => {
    const exported = () => asked<ExportMembershipResponse>((done) => api.membership.exportMembership({ version: 0n }, done));
    const before = await exported();
    await setStatus('acme', 'suspended', { reason: 'a slip' });
    const order = { why: 'it was a slip', dryRun: false };
    await asked((done) => api.membership.rollBack({ version: before.version, order }, done));
    const after = await exported();
    expect(after.yaml.split('\n').slice(1)).toEqual(before.yaml.split('\n').slice(1));
    const { revisions } = await asked<ListHistoryResponse>((done) =>
      api.membership.listHistory({ key: 'member.acme', before: 0n, limit: 2 }, done),
    );
    expect(revisions.map(({ why, lines }) => [why, lines])).toEqual([
      ['it was a slip', ['status: suspended -> active', 'statusReason: "a slip" -> nothing']],
      ['acme suspended', ['status: active -> suspended', 'statusReason: nothing -> "a slip"']],
    ]);
  });
});
