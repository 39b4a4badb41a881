import { describe, expect, it } from 'vitest';
import type { CommunityPart } from '../stage/community.js';
import { becomes, exchange, settle } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('the community changes under way, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    cast: { acme: {}, bolt: {}, crow: {}, newcomer: { entry: { status: 'pending' }, dials: false } },
    settings: { policy: { reload: '50ms' } },
  });

  it('a member is suspended: its connections close, others’ stay; then it is back', async () => {
    const acme = actor('acme');
    const crow = actor('crow');
    const lines = [acme.line(), actor('bolt').line()];
    await exchange(acme, crow);
    const port = crow.line().remotePort;
    rewrite((member) => (member.id === 'crow' ? { ...member, status: 'suspended', statusReason: 'dues not paid' } : member));
    await crow.line().over;
    await becomes(acme, crow, '403 target-not-active');
    const refused = await crow.dial(port);
    await refused.over;
    await exchange(acme, actor('bolt'));
    expect([acme.line(), actor('bolt').line()]).toEqual(lines);

    rewrite((member) => member);
    await settle(crow, port);
    await exchange(crow, acme);
  });

  it('a rule is made: it holds for what is said next', async () => {
    const acme = actor('acme');
    await exchange(acme, actor('bolt'));
    hub().rewrite({ ...play().community, rules: [{ id: 'quiet', from: { member: 'acme' }, to: { member: 'bolt' }, action: 'deny' }] });
    await becomes(acme, actor('bolt'), '403 denied-by-rule');
    await exchange(actor('crow'), actor('bolt'));
    hub().rewrite(play().community);
    await becomes(acme, actor('bolt'), 'passed on');
  });

  it('a broken file changes nothing', async () => {
    const acme = actor('acme');
    rewrite((member) => ({ ...member, id: 'acme' }));
    await exchange(acme, actor('bolt'));
    hub().rewrite(play().community);
  });

  it('a member is admitted: it is known and reached', async () => {
    const newcomer = actor('newcomer');
    rewrite((member) => ({ ...member, status: 'active' }));
    await settle(newcomer, hub().ingresses[0]?.port ?? 0);
    await exchange(newcomer, actor('acme'));
    await exchange(actor('acme'), newcomer);
  });

  function rewrite(change: (member: CommunityPart['members'][number]) => CommunityPart['members'][number]): void {
    hub().rewrite({ ...play().community, members: play().community.members.map(change) });
  }
});
